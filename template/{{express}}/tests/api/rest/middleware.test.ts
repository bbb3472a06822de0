import { expect, vi } from "vitest";
import { log } from "../../../src/platform/logs.ts";
import { sample } from "../../samples.ts";
import { test } from "../../service.ts";
import { until } from "../../until.ts";

test.for(["a", "x".repeat(128), "9f.1_b-C"])("a request id of the caller comes back: %s", async (given, { anyone }) => {
  const answer = await anyone.get("/livez", { headers: { "X-Request-ID": given } });

  expect(answer.headers.get("X-Request-ID")).toBe(given);
});

test.for(["", "x".repeat(129), "a b", "a\tb", "\xe9", "<script>"])(
  "another one is made where there is none to trust: %j",
  async (given, { anyone }) => {
    const ids = [];
    for (let time = 0; time < 2; time += 1) {
      ids.push((await anyone.get("/livez", { headers: { "X-Request-ID": given } })).headers.get("X-Request-ID"));
    }

    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  },
);

test("each request is logged with its id and without its query", async ({ ann }) => {
  const [info, debug] = [vi.spyOn(log, "info"), vi.spyOn(log, "debug")];
  const { headers } = await ann.http.get(`${ann.path}?token=secret`);
  await ann.http.get("/livez");
  await until(() => debug.mock.calls.length > 0);

  const fields = { method: "GET", status: 200, duration_ms: expect.any(Number) };
  expect(info.mock.calls).toEqual([
    [{ ...fields, path: ann.path, request_id: headers.get("X-Request-ID") }, "request"],
  ]);
  expect(debug.mock.calls).toEqual([[{ ...fields, path: "/livez", request_id: expect.any(String) }, "request"]]);
});

test("requests are counted by their routes, of which there is an end", async ({ anyone, ann, service }) => {
  await ann.http.get(ann.path);
  await anyone.get("/nowhere");
  await anyone.send("PROPFIND", ann.path);
  const count = (labels: Record<string, string>) => sample(service.metrics, "http_requests_total", labels);
  await until(async () => (await count({ method: "other" })) === 1);

  expect(await count({ method: "GET", route: "/v1/users/{user_id}", status: "200" })).toBe(1);
  expect(await count({ method: "GET", route: "unknown", status: "404" })).toBe(1);
  expect(await service.metrics.render()).not.toContain(ann.user.id);
});
