// The entries of the package, by which scripts elsewhere import it.
import assert from "node:assert/strict";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { repositoryRoot } from "../../lib/run/files/repository.ts";

/** Rooms of the command line, servers, builds and this machine, and what only rooms use; the face of `library` is the root. */
const INTERNAL = [
  "cli",
  "cluster",
  "doctor",
  "engine",
  "host",
  "http",
  "inferred-types",
  "jinja",
  "jupyter",
  "library",
];

Deno.test("every room that experiments and notebooks use is an entry", () => {
  const rooms = [...Deno.readDirSync(join(repositoryRoot, "lib"))].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name).filter((name) => !INTERNAL.includes(name)).sort();
  assert.deepEqual(project.exports, {
    ".": "./mod.ts",
    ...Object.fromEntries(rooms.map((room) => [`./${room}`, `./lib/${room}/mod.ts`])),
  });
});

Deno.test("what the root exports, the entries of the rooms export, too", async () => {
  const root: Record<string, unknown> = await import("@stitchbook/stitchbook");
  const own = ["inferenceModels", "listRuns", "openForInference", "openRun", "explainError", "UserError"];
  const entries = Object.keys(project.exports).slice(1).map((entry) => join(project.name, entry));
  const others: Record<string, unknown>[] = await Promise.all(entries.map((entry) => import(entry)));
  for (const [name, value] of Object.entries(root)) {
    assert.ok(own.includes(name) || others.some((room) => room[name] === value), name);
  }
});
