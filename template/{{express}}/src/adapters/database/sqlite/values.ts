/** Values as SQLite keeps them, which has neither dates nor JSON of its own: by the type that a column was given. */

export type Row = Record<string, unknown>;

interface Column {
  readonly name: string;
  /** As the table was created with; null for what was computed. */
  readonly type: string | null;
}

type Decoder = (value: unknown) => unknown;

/** A value for a placeholder. */
export function encode(value: unknown): unknown {
  if (value instanceof Date) return writtenDate(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return value;
}

/** What makes the values of a row what they were before `encode`, in place. */
export function decoderOf(columns: readonly Column[]): (row: Row) => Row {
  const decoders = columns.flatMap(({ name, type }) => {
    const decode = DECODERS[type?.toLowerCase() ?? ""];
    return decode ? [{ name, decode }] : [];
  });
  return (row) => {
    for (const { name, decode } of decoders) if (row[name] !== null) row[name] = decode(row[name]);
    return row;
  };
}

const DECODERS: Readonly<Record<string, Decoder>> = {
  datetime: (value) => readDate(String(value)),
  json: (value) => JSON.parse(String(value)) as unknown,
  blob: (value) => Buffer.from(value as ArrayBuffer),
};

/** In UTC, to the microsecond, so that their order as texts is their order in time. */
function writtenDate(date: Date): string {
  return date.toISOString().replace("T", " ").replace("Z", "000");
}

function readDate(written: string): Date {
  return new Date(`${written.slice(0, 23).replace(" ", "T")}Z`);
}
