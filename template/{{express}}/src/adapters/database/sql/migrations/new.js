/** Begins a migration: `make migration MESSAGE="add orders"`. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const FOLDER = new URL("./", import.meta.url);
const INDEX = new URL("index.ts", FOLDER);

const [message = ""] = process.argv.slice(2);
const words = message.toLowerCase().match(/[a-z0-9]+/g);
if (!words) throw new Error('Say what it does: MESSAGE="add orders"');

const numbers = readdirSync(FOLDER).map((name) => Number.parseInt(name, 10) || 0);
const name = `${String(Math.max(...numbers) + 1).padStart(4, "0")}-${words.join("-")}`;
const camelCase = words.map((word, index) => (index > 0 ? word[0].toUpperCase() + word.slice(1) : word)).join("");
const binding = /^[0-9]/.test(camelCase) ? `migration${camelCase}` : camelCase;

writeFileSync(
  new URL(`${name}.ts`, FOLDER),
  `/** ${message.trim()}. */

import type { Kysely } from "kysely";
import type { ColumnTypes } from "./index.ts";

export const up = (_types: ColumnTypes) => async (_database: Kysely<unknown>) => {
  throw new Error("This migration is still to be written.");
};

export async function down(_database: Kysely<unknown>): Promise<void> {
  throw new Error("This migration is still to be written.");
}
`,
);
const index = readFileSync(INDEX, "utf8");
const lastImport = index.lastIndexOf("\nimport ") + 1;
const endOfImports = index.indexOf("\n", lastImport) + 1;
const listed = `${index.slice(0, endOfImports)}import * as ${binding} from "./${name}.ts";\n${index.slice(endOfImports)}`;
writeFileSync(INDEX, listed.replace(/^};$/m, `  "${name}": ${binding},\n};`));
process.stdout.write(`src/adapters/database/sql/migrations/${name}.ts\n`);
