import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { expect } from "vitest";
import { WrongCredentials } from "../src/domain/errors.ts";
import type { DeadLetter } from "../src/domain/events.ts";
import * as cloudevents from "../src/platform/cloudevents.ts";
import type { Database } from "../src/ports.ts";
import { logActivity } from "../src/usecases/activity.ts";
import { NOON, newEvent } from "./events.ts";
import { configured } from "./fixtures.ts";
import { PASSWORD } from "./people.ts";
import { environmentOf, type Outcome, run, type Variables } from "./processes.ts";
import { test as base } from "./service.ts";
import { database as testDatabase } from "./wiring.ts";

const EMAIL = "Admin@example.org";
const OTHER_PASSWORD = "another horse, another battery";

type Command = (command: readonly string[], environment?: Variables, typed?: string) => Promise<Outcome>;

const test = base.extend("command", ({ settings }): Command => {
  const { inProduction: _, ...written } = settings;
  return (command, environment = {}, typed = "") => run(command, { ...environmentOf(written), ...environment }, typed);
});

test("the first admin can sign in", async ({ command, service: { sessions } }) => {
  const { status, output } = await command(["admin", EMAIL], { ADMIN_PASSWORD: PASSWORD });

  expect([status, output]).toEqual([0, "admin@example.org can sign in now, as an admin.\n"]);
  const { accessToken } = await sessions.signIn(EMAIL, PASSWORD);
  expect(await sessions.authenticate(accessToken)).toMatchObject({ name: "Admin", role: "admin" });
});

test("the password can be typed without being shown", async ({ command, service: { sessions } }) => {
  const { status, output, errors } = await command(["admin", EMAIL], {}, `${PASSWORD}\n${PASSWORD}\n`);

  expect(status).toBe(0);
  expect(errors).toBe("Password: \nPassword again: \n");
  expect(output).not.toContain(PASSWORD);
  expect(await sessions.signIn(EMAIL, PASSWORD)).toBeTruthy();
});

test.for([`${PASSWORD}\n${OTHER_PASSWORD}\n`, `${PASSWORD}\n`, ""])(
  "a password that is not typed twice is none: %j",
  async (typed, { command }) => {
    const { status, errors } = await command(["admin", EMAIL], {}, typed);

    expect(status).toBe(2);
    expect(errors).toContain("The two passwords differ; nothing has changed.\n");
  },
);

test("an admin is made once", async ({ command, service: { sessions } }) => {
  await command(["admin", EMAIL], { ADMIN_PASSWORD: PASSWORD });
  const { status, output } = await command(["admin", EMAIL.toLowerCase()], { ADMIN_PASSWORD: OTHER_PASSWORD });

  expect([status, output]).toEqual([0, "There is a user admin@example.org already; nothing has changed.\n"]);
  expect(await sessions.signIn(EMAIL, PASSWORD)).toBeTruthy();
  await expect(sessions.signIn(EMAIL, OTHER_PASSWORD)).rejects.toThrow(WrongCredentials);
});

test.for([
  ["admin", PASSWORD, "email: is not an e-mail address\n"],
  [EMAIL, "too short", "password: must have at least 12 characters\n"],
] as const)("an admin needs an address and a good password: %j", async ([email, password, told], { command }) => {
  const { status, errors } = await command(["admin", email], { ADMIN_PASSWORD: password });

  expect([status, errors]).toEqual([2, told]);
});

test("a database without migrations is refused with the remedy", async ({ command }) => {
  const blank = await testDatabase.own(configured);
  const environment = { DATABASE_URL: blank.settings.databaseUrl ?? "", ADMIN_PASSWORD: PASSWORD };
  try {
    for (const refused of [["serve"], ["admin", EMAIL]]) {
      const { status, errors } = await command(refused, environment);
      expect([status, errors]).toEqual([2, "The database lacks migrations. Run `make migrate`.\n"]);
    }
    expect(await command(["migrate"], environment)).toMatchObject({
      status: 0,
      output: "The database is at the newest revision.\n",
    });
    expect((await command(["admin", EMAIL], environment)).status).toBe(0);
  } finally {
    await blank.remove();
  }
});

test("a port that is taken is named", async ({ command }) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const { status, errors } = await command(["serve"], { PORT: String(port) });
  taken.close();

  expect(status).toBe(2);
  expect(errors).toMatch(new RegExp(`^It cannot listen: .*127\\.0\\.0\\.1:${port}\\.$`, "m"));
});

test("settings that are wrong are named", async ({ command }) => {
  for (const refused of [["serve"], ["migrate"], ["admin", EMAIL], ["rebuild"], ["events", "list"]]) {
    const { status, errors } = await command(refused, { SECRET_KEY: "short", PORT: "none" });
    expect(status).toBe(2);
    expect(errors).toMatch(/^PORT: .*\nSECRET_KEY: .*\nSee \.env\.example/);
  }
});

test.for([[], ["nonsense"], ["admin"], ["events", "list", "--limit", "none"], ["events", "show"]])(
  "what is no command is refused with how it is meant: %j",
  async (refused, { command }) => {
    const { status, errors } = await command(refused);

    expect(status).toBe(2);
    expect(errors).toMatch(/Usage|error/);
  },
);

test("help is no failure", async ({ command }) => {
  const { status, output } = await command(["--help"]);

  expect(status).toBe(0);
  for (const name of ["serve", "migrate", "admin", "rebuild", "events"]) expect(output).toContain(name);
});

async function park(database: Database, body: Uint8Array, error = "Error: no luck\nat all"): Promise<DeadLetter> {
  const letter = { id: crypto.randomUUID().replaceAll("-", ""), body, error, attempts: 5, parkedAt: NOON };
  await database.transaction((stores) => stores.deadLetters.add(letter));
  return letter;
}

test("messages that are parked can be looked at", async ({ command, database }) => {
  expect(await command(["events", "list"])).toEqual({ status: 0, output: "", errors: "Nothing is parked.\n" });
  const { id } = await park(database, Buffer.from("some garbage"));

  expect(await command(["events", "list", "--limit", "10"])).toEqual({
    status: 0,
    output: `${id}  2026-02-03 12:00:00  Error: no luck\n`,
    errors: "1 parked\n",
  });
  const { output } = await command(["events", "show", id]);
  expect(output.split("\n")).toEqual([
    "parked    2026-02-03T12:00:00.123Z",
    "attempts  5",
    "error     Error: no luck",
    "at all",
    "some garbage",
    "",
  ]);
  expect(await command(["events", "show", "unknown"])).toMatchObject({
    status: 2,
    errors: "There is no parked message unknown.\n",
  });
});

test("messages that are parked can be replayed", async ({ command, database }) => {
  const event = newEvent();
  const { id } = await park(database, cloudevents.encode(event));
  await park(database, Buffer.from("garbage"));

  for (const named of [[], [id, "--all"]]) {
    const { status, errors } = await command(["events", "replay", ...named]);
    expect([status, errors]).toEqual([2, "Name the messages to replay, or say --all.\n"]);
  }
  expect(await command(["events", "replay", id])).toMatchObject({ status: 0, output: "1 replayed\n" });
  const entries = await database.read((stores) => stores.activity.page(null, null, 10));
  expect(entries.map((entry) => entry.id)).toEqual([event.id]);
  expect((await command(["events", "replay", "--all"])).output).toBe("1 replayed\n");
  expect((await command(["events", "list"])).errors).toBe("1 parked\n");
});

test("what is promised about events can be read", async ({ command }) => {
  const contract = readFileSync(new URL("../contract/asyncapi.yaml", import.meta.url), "utf8");

  expect(await command(["events", "describe"])).toEqual({ status: 0, output: contract, errors: "" });
});

test("the activity log can be made anew", async ({ command, database }) => {
  await database.handleOnce(newEvent(), logActivity);

  expect(await command(["rebuild"])).toMatchObject({
    status: 0,
    output: "The activity log was made anew from 1 events.\n",
  });
});
