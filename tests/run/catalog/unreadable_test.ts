// What the system does not let us read is said in one sentence, and hides nothing else.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { diffCommand } from "../../../lib/cli/diff.ts";
import { listCommand } from "../../../lib/cli/ls.ts";
import { queryCommand } from "../../../lib/cli/query.ts";
import { reindexCommand } from "../../../lib/cli/reindex.ts";
import { removeCommand } from "../../../lib/cli/rm.ts";
import { resumeCommand } from "../../../lib/cli/resume.ts";
import { showCommand } from "../../../lib/cli/show.ts";
import { stopCommand } from "../../../lib/cli/stop.ts";
import { sweepCommand } from "../../../lib/cli/sweep.ts";
import { tagCommand } from "../../../lib/cli/tag.ts";
import { undoCommand } from "../../../lib/cli/undo.ts";
import { verifyCommand } from "../../../lib/cli/verify.ts";
import { beginRun, listRuns, readRun, resolveRun, withIndex } from "../../../lib/run/mod.ts";
import { createApp } from "../../../lib/serve/mod.ts";
import { errorSchema, runListResponseSchema } from "../../../lib/serve/schemas.ts";
import { emptyResults, options, spawnScript, withFolder } from "../fixtures.ts";

type Command = (args: readonly string[], print: (text: string) => void) => Promise<unknown>;

async function printed(command: Command, runs: string, ...args: string[]): Promise<string> {
  let text = "";
  await command([...args, "--runs", runs], (piece) => text += piece + "\n");
  return text;
}

async function finishedRun(runs: string, title: string): Promise<string> {
  const run = await beginRun(options(runs, { title, command: ["bts", "--name", title] }));
  run.finish(emptyResults);
  return run.id;
}

async function asked(runs: string, path: string): Promise<Response> {
  return await createApp({ runsFolder: runs }).fetch(
    new Request(`http://localhost:8420${path}`, { headers: { host: "localhost:8420" } }),
  );
}

const isUnreadable = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, `${error}`);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

const byId = (rows: readonly (readonly (string | undefined)[])[]) => rows.toSorted(([a], [b]) => a! < b! ? -1 : 1);

/** Ways to make a run unreadable for everybody, root too: paths that lead in a circle. */
const circles: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  "lock": async (folder) => await Deno.symlink("run.lock", join(folder, "run.lock")),
};

for (const [what, harm] of Object.entries(circles)) {
  Deno.test(`a run whose ${what} cannot be read is listed as such, and hides no other`, () =>
    withFolder(async (runs) => {
      const [first, bad, last] = [
        await finishedRun(runs, "one"),
        await finishedRun(runs, "two"),
        await finishedRun(runs, "three"),
      ];
      const before = JSON.parse(await printed(listCommand, runs, "--json"));
      await harm(join(runs, bad!));
      const statuses = byId([[first, "done"], [bad, "unreadable"], [last, "done"]]);
      const statusesOf = (runs: readonly { id: string; status: string }[]) =>
        byId(runs.map(({ id, status }) => [id, status]));
      assert.deepEqual(statusesOf(await listRuns(runs)), statuses);
      assert.deepEqual(statusesOf(JSON.parse(await printed(listCommand, runs, "--json"))), statuses);
      const text = await printed(listCommand, runs);
      assert.match(text, new RegExp(`\nunreadable: ${bad}: .*its symbolic links lead in a circle\n$`));
      const sql = "select id, status from runs order by id";
      assert.deepEqual(JSON.parse(await printed(queryCommand, runs, "--json", "--sql", sql)).length, 3);
      assert.equal(await resolveRun(runs, "last"), last);
      assert.equal(await resolveRun(runs, "one"), first);
      const refused = isUnreadable("run.unreadable", new RegExp(`^Cannot read the run ${bad}: its symbolic links`));
      await assert.rejects(readRun(runs, bad!), refused);
      await assert.rejects(printed(showCommand, runs, bad!), refused);
      await assert.rejects(printed(verifyCommand, runs, bad!), refused);
      const list = runListResponseSchema.parse(await (await asked(runs, "/api/runs")).json());
      assert.deepEqual(statusesOf(list.runs), statuses);
      const answer = await asked(runs, `/api/runs/${bad}`);
      assert.deepEqual([answer.status, errorSchema.parse(await answer.json()).error.code], [500, "run.unreadable"]);
      // Once it can be read again, all is as it was.
      await Deno.remove(join(runs, bad!, "run.lock"));
      assert.deepEqual(JSON.parse(await printed(listCommand, runs, "--json")), before);
    }));
}

const commands: Readonly<Record<string, (runs: string) => Promise<unknown>>> = {
  ls: (runs) => printed(listCommand, runs),
  show: (runs) => printed(showCommand, runs),
  "show of an id": (runs) => printed(showCommand, runs, "20261122-051207-bts-quick-k3f9"),
  verify: (runs) => printed(verifyCommand, runs),
  reindex: (runs) => printed(reindexCommand, runs),
  query: (runs) => printed(queryCommand, runs, "--sql", "select 1"),
  rm: (runs) => printed(removeCommand, runs, "last"),
  "rm --empty": (runs) => printed(removeCommand, runs, "--empty"),
  "rm --checkpoints": (runs) => printed(removeCommand, runs, "--checkpoints"),
  undo: (runs) => printed(undoCommand, runs),
  stop: (runs) => printed(stopCommand, runs, "last"),
  tag: (runs) => printed(tagCommand, runs, "last", "x"),
  diff: (runs) => printed(diffCommand, runs, "last", "last"),
  resume: (runs) => printed(resumeCommand, runs),
  "sweep ls": (runs) => sweepCommand(["ls", "--runs", runs], () => {}),
  "sweep show": (runs) => sweepCommand(["show", "last", "--runs", runs], () => {}),
};

for (const [name, command] of Object.entries(commands)) {
  Deno.test(`\`${name}\` of a runs folder that is a file, or that cannot be listed, says so`, () =>
    withFolder(async (folder) => {
      const file = join(folder, "file");
      await Deno.writeTextFile(file, "mine");
      await assert.rejects(command(file), isUnreadable("folder.unreadable", /it is a file, not a folder$/));
      const loop = join(folder, "loop");
      await Deno.symlink("loop", loop);
      await assert.rejects(command(loop), isUnreadable("folder.unreadable", /its symbolic links lead in a circle$/));
      assert.equal(await Deno.readTextFile(file), "mine");
    }));
}

Deno.test("an experiment with a runs folder that is a file says so before it begins", () =>
  withFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "mine");
    await assert.rejects(
      beginRun(options(file)),
      (error) => error instanceof UserError && error.code === "run.folder",
    );
  }));

// Permissions mean nothing to root, so another user tries.
Deno.test({
  name: "another user's run of mode 700 hides no other, and a runs folder that may not be read is one sentence",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (runs) => {
      const [first, secret] = [await finishedRun(runs, "one"), await finishedRun(runs, "two")];
      await withIndex(runs, () => {});
      await Deno.chmod(runs, 0o755);
      for (const { name } of Deno.readDirSync(runs)) {
        if (name.startsWith(".index")) await Deno.chmod(join(runs, name), 0o644);
      }
      const become = Deno.uid() === 0 ? "process.setgid(65534); process.setuid(65534);" : "";
      const script = (body: string) => `
        import process from "node:process";
        import { listCommand } from "./lib/cli/ls.ts";
        import { queryCommand } from "./lib/cli/query.ts";
        import { showCommand } from "./lib/cli/show.ts";
        import { endingOf } from "./lib/run/command-line/main-function.ts";
        import { listRuns } from "./lib/run/mod.ts";
        const runs = ${JSON.stringify(runs)};
        const out = [];
        const tried = async (command, ...args) => {
          let text = "";
          try { await command([...args, "--runs", runs], (piece) => text += piece); return text; }
          catch (error) { return endingOf(error); }
        };
        // Modules are loaded lazily, and another user may not read them.
        await listRuns(runs);
        await tried(queryCommand, "--sql", "select 1");
        ${become}
        ${body}
        console.log(JSON.stringify(out));`;
      const outcome = async (body: string) => {
        const { code, stdout, stderr } = await spawnScript(script(body)).output();
        assert.equal(code, 0, new TextDecoder().decode(stderr));
        return JSON.parse(new TextDecoder().decode(stdout));
      };
      await Deno.chmod(join(runs, secret!), 0o000);
      try {
        const [listed, api, last, shown] = await outcome(`
          out.push(JSON.parse(await tried(listCommand, "--json")).map(({ id, status }) => [id, status]));
          out.push((await listRuns(runs)).map(({ id, status }) => [id, status]));
          out.push(await tried(showCommand, "last"));
          out.push(await tried(showCommand, ${JSON.stringify(secret)}));`);
        assert.deepEqual(byId(listed), byId([[secret, "unreadable"], [first, "done"]]));
        assert.deepEqual(byId(api), byId(listed));
        assert.ok(last.startsWith(`one (${first})`), last);
        assert.equal(shown.exitCode, 2);
        assert.match(shown.message, new RegExp(`^error: Cannot read the run ${secret}: permission denied\n`));
        await Deno.chmod(runs, 0o000);
        const [list, show] = await outcome(`
          out.push(await tried(listCommand));
          out.push(await tried(showCommand, ${JSON.stringify(first)}));`);
        for (const { exitCode, message } of [list, show]) {
          assert.equal(exitCode, 2);
          assert.match(message, /^error: Cannot read the runs folder .*: permission denied\n {2}hint: /);
        }
      } finally {
        await Deno.chmod(runs, 0o755);
        await Deno.chmod(join(runs, secret!), 0o755);
      }
    }),
});
