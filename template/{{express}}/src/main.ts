/** The service's commands: `node dist/main.js --help`. */

import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { inWords } from "./api/rest/routes.ts";
import { UserCreate } from "./api/rest/schemas.ts";
import { CommandFailed, explanationOf } from "./commands/failing.ts";
import { askSecret } from "./commands/prompt.ts";
import { requireMigrations, serve } from "./commands/serve.ts";
import { EmailTaken } from "./domain/errors.ts";
import type { NewUser } from "./domain/users.ts";
import { configure } from "./platform/logs.ts";
import { Metrics } from "./platform/metrics.ts";
import { load, type Settings } from "./settings.ts";
import { build, migrate, type Service } from "./wiring.ts";

const CONTRACT = new URL("../contract/asyncapi.yaml", import.meta.url);
const FAILED = 2;

const program = new Command("service").exitOverride();

program
  .command("serve")
  .description("Serve requests until told to stop, by SIGTERM or Ctrl-C")
  .action(() => serve(prepared({ logsInBackground: true })));

program
  .command("migrate")
  .description("Bring the database to the newest migration")
  .action(async () => {
    await migrate(prepared());
    print("The database is at the newest revision.");
  });

program
  .command("admin")
  .description("Make an admin, such as the first one; the password comes from ADMIN_PASSWORD, or a prompt")
  .argument("<email>", "with which to sign in")
  .option("--name <name>", "what to call them", "Admin")
  .action(async (email: string, { name }: { name: string }) => {
    const settings = prepared();
    const newUser = checked({ email, name, role: "admin", password: await password() });
    await requireMigrations(settings);
    try {
      const user = await withService(settings, ({ users }) => users.add(newUser));
      print(`${user.email} can sign in now, as an admin.`);
    } catch (error) {
      if (!(error instanceof EmailTaken)) throw error;
      print(`There is a user ${newUser.email} already; nothing has changed.`);
    }
  });

program
  .command("rebuild")
  .description("Make the activity log anew from all events, while the service runs")
  .action(async () => {
    const count = await withService(prepared(), ({ activity }) => activity.rebuild());
    print(`The activity log was made anew from ${count} events.`);
  });

const events = program
  .command("events")
  .description("Describe the events; look at those that could not be handled, and handle them again");

events
  .command("describe")
  .description("Print what is promised about the events, as an AsyncAPI document")
  .action(() => {
    process.stdout.write(readFileSync(CONTRACT));
  });

events
  .command("list")
  .description("List what could not be handled, oldest first")
  .option("--limit <count>", "how many at most", wholeNumber, 100)
  .action(async ({ limit }: { limit: number }) => {
    const letters = await withService(prepared(), ({ deadLetters }) => deadLetters.list(limit));
    for (const { id, parkedAt, error } of letters) {
      const time = parkedAt.toISOString().slice(0, 19).replace("T", " ");
      print(`${id}  ${time}  ${error.split("\n", 1)[0]?.slice(0, 100)}`);
    }
    process.stderr.write(letters.length > 0 ? `${letters.length} parked\n` : "Nothing is parked.\n");
  });

events
  .command("show")
  .description("Show one: its error, and the message as it came")
  .argument("<id>")
  .action(async (id: string) => {
    const letter = await withService(prepared(), ({ deadLetters }) => deadLetters.get(id));
    print(`parked    ${letter.parkedAt.toISOString()}`);
    print(`attempts  ${letter.attempts}`);
    print(`error     ${letter.error}`);
    print(Buffer.from(letter.body).toString());
  });

events
  .command("replay")
  .description("Handle parked messages again; what fails once more is parked anew")
  .argument("[id...]")
  .option("--all", "all that are parked", false)
  .action(async (ids: string[], { all }: { all: boolean }) => {
    if (all === ids.length > 0) throw new CommandFailed("Name the messages to replay, or say --all.");
    const count = await withService(prepared(), ({ deadLetters }) => deadLetters.replay(all ? null : ids));
    print(`${count} replayed`);
  });

try {
  await program.parseAsync();
  process.exit(0);
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : FAILED);
  const explanation = explanationOf(error);
  if (explanation === undefined) throw error;
  process.stderr.write(`${explanation}\n`);
  process.exit(FAILED);
}

function prepared({ logsInBackground = false } = {}): Settings {
  const settings = load();
  configure(settings, { inBackground: logsInBackground });
  return settings;
}

async function withService<Result>(settings: Settings, work: (service: Service) => Promise<Result>): Promise<Result> {
  const service = build(settings, new Metrics());
  try {
    return await work(service);
  } finally {
    await service.close();
  }
}

async function password(): Promise<string> {
  const given = process.env["ADMIN_PASSWORD"] ?? (await askSecret("Password"));
  if (given === undefined) throw new CommandFailed("The two passwords differ; nothing has changed.");
  return given;
}

function checked(fields: NewUser): NewUser {
  const { data, error } = UserCreate.safeParse(fields);
  if (error) {
    throw new CommandFailed(error.issues.map((issue) => `${issue.path.join(".")}: ${inWords(issue)}`).join("\n"));
  }
  return data;
}

function wholeNumber(written: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(written)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(written);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
