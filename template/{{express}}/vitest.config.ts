import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    unstubEnvs: true,
    include: ["tests/**/*.test.ts"],
    restoreMocks: true,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    coverage: {
      include: ["src/**/*.ts"],
      // The commands are tried in processes of their own, which nobody measures.
      exclude: ["src/main.ts", "src/commands/**"],
      reporter: [["text", { skipFull: true }]],
      thresholds: { statements: 95, branches: 95, functions: 95, lines: 95 },
    },
  },
});
