/** Asks whoever sits at the terminal. */

import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Asks twice for something that is not shown; undefined if the answers differ, or there are none. */
export async function askSecret(question: string): Promise<string | undefined> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: process.stdin.isTTY });
  const lines = terminal[Symbol.asyncIterator]();
  try {
    const answer = await ask(`${question}: `, lines);
    return answer === (await ask(`${question} again: `, lines)) ? answer : undefined;
  } finally {
    terminal.close();
  }
}

async function ask(words: string, lines: AsyncIterator<string, unknown>): Promise<string | undefined> {
  process.stderr.write(words);
  const { value, done } = await lines.next();
  process.stderr.write("\n");
  return done ? undefined : String(value);
}
