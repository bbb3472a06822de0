import { expect, test } from "vitest";
import { type Event, InvalidEvent } from "../../src/domain/events.ts";
import { decode, encode } from "../../src/platform/cloudevents.ts";
import { NOON, newEvent, TRACE } from "../events.ts";

const ENVELOPE: Readonly<Record<string, unknown>> = {
  specversion: "1.0",
  id: "1",
  source: "/elsewhere",
  type: "user.created",
  time: "2026-02-03T12:00:00.123Z",
  data: { user_id: "ann" },
};

function encoded(attributes: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(JSON.stringify({ ...ENVELOPE, ...attributes }));
}

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

/** What is wrong with a message. */
function complaint(body: Uint8Array): string {
  try {
    decode(body);
  } catch (error) {
    if (error instanceof InvalidEvent) return error.message;
  }
  return "";
}

test("an event becomes a cloud event", () => {
  const event: Event = { ...newEvent("ann"), id: "1", trace: TRACE };

  expect(JSON.parse(encode(event).toString())).toEqual({
    specversion: "1.0",
    id: "1",
    source: "/tests",
    type: "session.started",
    subject: "ann",
    time: "2026-02-03T12:00:00.123Z",
    datacontenttype: "application/json",
    traceparent: TRACE,
    data: { user_id: "ann", by: "ann" },
  });
});

test("what an event does not have is left out", () => {
  const names = Object.keys(JSON.parse(encode(newEvent("")).toString()));

  expect(names).not.toContain("subject");
  expect(names).not.toContain("traceparent");
});

test.each([newEvent("ann"), { ...newEvent(""), data: { é: [1.5, null] }, trace: TRACE }])(
  "an event comes back as it was",
  (event) => {
    expect(decode(encode(event))).toEqual(event);
  },
);

test("attributes that we do not know are allowed", () => {
  expect(decode(encoded({ dataschema: "urn:schema", custom: 1 }))).toEqual({
    source: "/elsewhere",
    id: "1",
    type: "user.created",
    subject: "",
    time: NOON,
    data: { user_id: "ann" },
    trace: null,
  });
});

test("times are to the millisecond, whichever zone they come from", () => {
  expect(decode(encoded({ time: "2026-02-03T14:00:00.123999+02:00" })).time).toEqual(NOON);
});

test("texts are counted in characters", () => {
  const id = "😀".repeat(1_000);

  expect(decode(encoded({ id })).id).toBe(id);
});

test.each([TRACE.toUpperCase(), "nonsense", "", 1, null, [TRACE], `${TRACE}\n`])(
  "a trace context that is none is left out: %j",
  (traceparent) => {
    expect(decode(encoded({ traceparent })).trace).toBeNull();
  },
);

test.each([
  { specversion: "0.3" },
  { specversion: null },
  { id: "" },
  { id: 1 },
  { id: "x".repeat(1_001) },
  { id: "a\0b" },
  { id: "\ud800" },
  { source: "" },
  { source: "\x85" },
  { type: "" },
  { type: "a\nb" },
  { subject: null },
  { subject: "x".repeat(1_001) },
  { subject: "\0" },
  { time: "yesterday" },
  { time: "2026-02-03T12:00:00" },
  { time: "2026-02-30T12:00:00Z" },
  { time: "0001-01-01T00:00:00+23:00" },
  { time: "9999-12-31T23:59:59-23:00" },
  { data: null },
  { data: [] },
  { data: "text" },
  { data: { a: ["\ud800"] } },
  { data: { "\udc00": 1 } },
])("wrong attributes are named: %j", (attributes) => {
  expect(complaint(encoded(attributes))).toMatch(`not a CloudEvent: ${Object.keys(attributes)[0]} `);
});

test.each(Object.keys(ENVELOPE))("no attribute may be missing: %s", (name) => {
  expect(complaint(encoded({ [name]: undefined }))).toContain(name);
});

test.each([
  "",
  "nonsense",
  "null",
  "[]",
  "1",
  '"text"',
  "{",
  "{}{}",
  "[".repeat(100_000),
  '{"id":"\\ud800"}',
  "\ufeff{}",
])("what is no JSON object is no event: %#", (text) => {
  expect(complaint(Buffer.from(text))).toContain("not a CloudEvent");
});

test("what is no UTF-8 is no event", () => {
  const inLatin1 = Buffer.from(encoded({ id: "é" }).toString(), "latin1");

  expect(complaint(inLatin1)).toContain("not a CloudEvent");
});

test("data may be deep, but not so deep that it cannot be written down again", () => {
  const deep = (depth: number) =>
    Buffer.from(JSON.stringify({ ...ENVELOPE, data: { a: "DEEP" } }).replace('"DEEP"', nested(depth)));

  expect(complaint(deep(50))).toBe("");
  expect(complaint(deep(10_000))).toContain("data is");
});

test("the complaint does not repeat what came", () => {
  expect(complaint(encoded({ time: "a secret", data: "a secret", specversion: "a secret" }))).not.toContain("secret");
});
