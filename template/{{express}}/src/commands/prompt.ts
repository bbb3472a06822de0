/** Asks whoever sits at the terminal. */

import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asks twice for something that is not shown; undefined if the answers differ, or there is nobody to ask. */
export async function askSecret(question: string): Promise<string | undefined> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: process.stdin.isTTY });
  const ask = async (words: string): Promise<string | undefined> => {
    process.stderr.write(words);
    const answer = await Promise.race([terminal.question(""), closed]);
    process.stderr.write("\n");
    return answer;
  };
  const closed = new Promise<undefined>((resolve) => terminal.once("close", () => resolve(undefined)));
  try {
    const answer = await ask(`${question}: `);
    return answer === (await ask(`${question} again: `)) ? answer : undefined;
  } finally {
    terminal.close();
  }
}
