/** The document that is served promises what `contract/openapi.yaml` does, in the places where the two are compared. */

import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { parse } from "yaml";
import type { Caller } from "../../people.ts";
import { test } from "../../service.ts";

type Node = Record<string, unknown>;

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Node[];
  readonly requestBody?: { readonly content: Node };
  readonly responses: Node;
  readonly security?: readonly Node[];
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { properties?: Node; required?: string[] }>> };
}

const contract = parse(readFileSync(new URL("../../../contract/openapi.yaml", import.meta.url), "utf8")) as Document;

async function served(anyone: Caller): Promise<Document> {
  return (await (await anyone.get("/openapi.json")).json()) as Document;
}

/** Of each operation: its id, its answers, its parameters, and the media types of its body. */
function operations(document: Document): Node {
  const found = Object.entries(document.paths).flatMap(([path, { parameters: shared, ...item }]) =>
    Object.entries(item).map(([method, operation]) => {
      const parameters = [...((shared as unknown as Node[] | undefined) ?? []), ...(operation.parameters ?? [])];
      return [
        `${method} ${path}`,
        {
          id: operation.operationId,
          answers: Object.keys(operation.responses).sort(),
          parameters: parameters.map((each) => nameOf(resolve(document, each))).sort(),
          body: Object.keys(operation.requestBody?.content ?? {}),
          isSignedIn: operation.security !== undefined,
        },
      ] as const;
    }),
  );
  return Object.fromEntries(found);
}

function nameOf(parameter: Node): string {
  return `${parameter["in"]} ${parameter["name"]}`;
}

function resolve(document: Document, node: Node): Node {
  if (typeof node["$ref"] !== "string") return node;
  const path = node["$ref"].replace("#/", "").split("/");
  return path.reduce<Node>((found, name) => found[name] as Node, document as unknown as Node);
}

/** Of each object: its fields, and those of them that are required. */
function fields({ components }: Document): Node {
  const objects = Object.entries(components.schemas).filter(([, { properties }]) => properties);
  return Object.fromEntries(
    objects.map(([name, { properties = {}, required = [] }]) => [
      name,
      { properties: Object.keys(properties).sort(), required: [...required].sort() },
    ]),
  );
}

test("it is OpenAPI 3.1", async ({ anyone }) => {
  expect((await served(anyone)).openapi).toMatch(/^3\.1\./);
});

test("operations are those of the contract", async ({ anyone }) => {
  expect(operations(await served(anyone))).toEqual(operations(contract));
});

test("objects have the fields of the contract", async ({ anyone }) => {
  const { TokenPair, ...others } = fields(contract);

  expect(fields(await served(anyone))).toEqual({ ...others, TokenPairResponse: TokenPair });
});

test("it can be read as a page", async ({ anyone }) => {
  const page = await anyone.get("/docs");

  expect([page.status, page.headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(await page.text()).toContain("/openapi.json");
});
