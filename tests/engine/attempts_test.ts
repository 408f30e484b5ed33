// Attempts at cells: their order, their folders, and what is read of damaged files.
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  attemptsOf,
  FAILURES_FILE,
  listAttempts,
  makeAttempt,
  readEnd,
  readTask,
  writeEnd,
  writeTask,
} from "../../lib/engine/attempts.ts";
import { withFolder } from "../run/fixtures.ts";

Deno.test("attempts are in the order in which they began, by number and then by restart", () =>
  withFolder(async (folder) => {
    for (const name of ["12.0", "9.10", "9.2", "100.0"]) await makeAttempt(folder, "expert:code", name);
    await Deno.mkdir(join(attemptsOf(folder, "expert:code"), "other"));
    const names = async () => (await listAttempts(folder, "expert:code")).map(({ name }) => name);
    assert.deepEqual(await names(), ["9.2", "9.10", "12.0", "100.0"]);
    assert.equal((await makeAttempt(folder, "expert:code")).name, "101.0");
    assert.deepEqual(await listAttempts(folder, "expert:math"), []);
    const made = await Promise.all(Array.from({ length: 5 }, () => makeAttempt(folder, "expert:math")));
    assert.equal(new Set(made.map(({ name }) => name)).size, 5);
  }));

Deno.test("cells with different names have different folders, with names that Slurm leaves alone", () => {
  const folders = ["a:b", "a_b", "a/b", "a~3Ab", "a%b"].map((cell) => attemptsOf("run", cell));
  assert.equal(new Set(folders).size, folders.length);
  for (const folder of folders) assert.match(folder, /^run[/\\]attempts[/\\][\w~.-]+$/);
});

Deno.test("how an attempt ended and what it was to build are read, and damaged files count as missing", () =>
  withFolder(async (folder) => {
    const attempt = await makeAttempt(folder, "seed");
    assert.equal(await readEnd(attempt.folder), undefined);
    const end = { status: "failed" as const, message: "why", node: "n1", time: new Date(0).toISOString() };
    await writeEnd(attempt.folder, end);
    assert.deepEqual(await readEnd(attempt.folder), end);
    await Deno.writeTextFile(join(attempt.folder, "end.json"), "{");
    assert.equal(await readEnd(attempt.folder), undefined);
    assert.equal(await readTask(folder, "seed"), undefined);
    await Deno.writeTextFile(join(attemptsOf(folder, "seed"), FAILURES_FILE), "1.0 1\n");
    await writeTask(folder, "seed", { code: "abc", numerics: null });
    assert.deepEqual(await readTask(folder, "seed"), { code: "abc", numerics: null });
    await assert.rejects(Deno.stat(join(attemptsOf(folder, "seed"), FAILURES_FILE)), Deno.errors.NotFound);
  }));
