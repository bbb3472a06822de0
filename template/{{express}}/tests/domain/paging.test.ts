import { describe, expect, test } from "vitest";
import { InvalidField } from "../../src/domain/errors.ts";
import { type Cursor, decodeCursor, encodeCursor, pageOf } from "../../src/domain/paging.ts";

const CURSOR: Cursor = { createdAt: new Date("2026-02-03T12:00:00.123Z"), id: "some id, ⟨é⟩" };

function encoded(position: unknown): string {
  return Buffer.from(typeof position === "string" ? position : JSON.stringify(position)).toString("base64url");
}

test("a cursor comes back as what it was", () => {
  const text = encodeCursor(CURSOR);

  expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(decodeCursor(text)).toEqual(CURSOR);
});

test.for([
  "",
  "!",
  "a=",
  "é",
  encoded("not JSON"),
  encoded("[[["),
  encoded([]),
  encoded([1]),
  encoded([1, "a", "b"]),
  encoded(["2026-01-01", "a"]),
  encoded([true, "a"]),
  encoded([null, "a"]),
  encoded([1, 2]),
  encoded([1, "a\0b"]),
  encoded("[1e400, 1]"),
  encoded([1e18, "a"]),
  encoded([-1e18, "a"]),
  encoded({ createdAt: 1, id: "a" }),
])("what no page has answered is refused: %j", (text) => {
  expect(() => decodeCursor(text)).toThrow(InvalidField);
});

describe("a page", () => {
  const positionOf = (id: string): Cursor => ({ ...CURSOR, id });

  test("says where the next one begins", () => {
    const page = pageOf(["a", "b", "c"], 2, positionOf);

    expect(page.items).toEqual(["a", "b"]);
    expect(decodeCursor(page.nextCursor ?? "")).toEqual(positionOf("b"));
  });

  test.for([[[]], [["a"]], [["a", "b"]]])("is the last one when there is no more: %j", ([items]) => {
    expect(pageOf(items ?? [], 2, positionOf)).toEqual({ items, nextCursor: null });
  });
});
