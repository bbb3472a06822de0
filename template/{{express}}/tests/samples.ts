import type { Metrics } from "../src/platform/metrics.ts";

/** The value of one time series; undefined if there is none. */
export async function sample(
  metrics: Metrics,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const all = await metrics.registry.getMetricsAsJSON();
  const values: { value: number; labels: Partial<Record<string, string | number>>; metricName?: string }[] =
    all.flatMap((metric) => metric.values.map((value) => ({ metricName: metric.name, ...value })));
  const isWanted = (found: (typeof values)[number]) =>
    found.metricName === name && Object.entries(labels).every(([label, value]) => found.labels[label] === value);
  return values.find(isWanted)?.value;
}
