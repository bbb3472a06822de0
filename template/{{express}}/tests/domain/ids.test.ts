import { expect, test } from "vitest";
import { NAMESPACE_OID, NAMESPACE_URL, nameBasedId } from "../../src/domain/ids.ts";

test("ids are those that every other language makes of the same names", () => {
  // By Python's uuid.uuid5.
  expect(nameBasedId(NAMESPACE_URL, "/order-desk#one")).toBe("0068c7ccf1f35a72a7906290800f6fcf");
  expect(nameBasedId(NAMESPACE_OID, "é")).toBe("4c9d89411dcb56d39fe5b5aef28ef637");
});
