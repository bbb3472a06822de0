import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Environment, load, readFile, SettingsError, written } from "../src/settings.ts";

const SECRET = "not-to-be-shown-0123456789-0123456789";

function complaints(environment: Environment): Record<string, string> {
  try {
    load(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    const { message } = error as Error;
    expect(message).not.toContain(SECRET);
    return Object.fromEntries(message.split("\n").map((line) => line.split(": ", 2)));
  }
  return {};
}

function envFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tests-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, ".env");
  writeFileSync(path, text);
  return path;
}

test("a secret is all it takes", () => {
  expect(load({ SECRET_KEY: SECRET })).toMatchObject({
    secretKey: SECRET,
    environment: "development",
    inProduction: false,
    host: "127.0.0.1",
    port: 8000,
    accessTokenSeconds: 900,
    bcryptCost: 12,
    userCacheSeconds: 60,
  });
});

test("without a secret nothing works", () => {
  expect(complaints({})).toEqual({ SECRET_KEY: "is missing" });
});

test.for(["development", "production"])("a short secret is as good as none: %s", (environment) => {
  const told = complaints({ SECRET_KEY: "x".repeat(31), ENVIRONMENT: environment });

  expect(told).toEqual({ SECRET_KEY: "must have at least 32 characters" });
});

test("every setting that is wrong is named", () => {
  const wrong = {
    SECRET_KEY: "short",
    ENVIRONMENT: "prod",
    PORT: "65536",
    LOG_LEVEL: "loud",
    ACCESS_TOKEN_SECONDS: "0.5",
    REFRESH_TOKEN_SECONDS: "0",
    BCRYPT_COST: "3",
    USER_CACHE_SECONDS: "Infinity",
    SHUTDOWN_SECONDS: "-1",
    DATABASE_URL: `another://${SECRET}`,
    SLOW_QUERY_MILLISECONDS: "soon",
  };

  expect(Object.keys(complaints(wrong)).sort()).toEqual(Object.keys(wrong).sort());
});

test.for(["", " 1", "1 ", "0x1", "1e1", "+1", "1.0", "99999999999999"])("a port is no %j", (port) => {
  expect(complaints({ SECRET_KEY: SECRET, PORT: port })).toEqual({ PORT: "must be a whole number from 0 to 65535" });
});

test("production asks for more", () => {
  const environment = { SECRET_KEY: SECRET, ENVIRONMENT: "production" };

  expect(complaints({ ...environment, BCRYPT_COST: "9" })).toEqual({
    BCRYPT_COST: "must be at least 10 in production",
  });
  expect(load({ ...environment, BCRYPT_COST: "10" }).inProduction).toBe(true);
});

test("seconds may have a fraction", () => {
  expect(load({ SECRET_KEY: SECRET, USER_CACHE_SECONDS: "0.25" }).userCacheSeconds).toBe(0.25);
});

test("an .env file is read in development", () => {
  const path = envFile(`# A comment\nSECRET_KEY=${SECRET}\nPORT=1\nHOST="0.0.0.0"\nANOTHER=1\n`);
  vi.stubEnv("ENVIRONMENT", "development");

  expect(load({ ...readFile(path), PORT: "2" })).toMatchObject({ secretKey: SECRET, host: "0.0.0.0", port: 2 });
  expect(readFile("/nowhere/.env")).toEqual({});
});

test("an .env file is not read in production", () => {
  vi.stubEnv("ENVIRONMENT", "production");

  expect(readFile(envFile(`SECRET_KEY=${SECRET}`))).toEqual({});
});

test("the environment wins", () => {
  vi.stubEnv("SECRET_KEY", SECRET);
  vi.stubEnv("HOST", "192.0.2.1");

  expect(load().host).toBe("192.0.2.1");
});

test("the example lists every setting", () => {
  const example = readFileSync(new URL("../.env.example", import.meta.url), "utf8");
  const listed = Array.from(example.matchAll(/^#?([A-Z_]+)=/gm), ([, name]) => name);
  const { inProduction: _, ...settings } = load({ SECRET_KEY: SECRET });

  expect(Object.keys(settings).map(written)).toEqual(listed);
});
