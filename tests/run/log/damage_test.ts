// One damaged record hides nothing else: the run is listed, the rest is shown, and `verify` names the line.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { listCommand } from "../../../lib/cli/ls.ts";
import { noteCommand } from "../../../lib/cli/note.ts";
import { resumeCommand } from "../../../lib/cli/resume.ts";
import { removeCommand } from "../../../lib/cli/rm.ts";
import { showCommand } from "../../../lib/cli/show.ts";
import { verifyCommand } from "../../../lib/cli/verify.ts";
import { beginRun, foldEvents, followEvents, listRuns, queryRuns, readRun, resolveRun } from "../../../lib/run/mod.ts";
import { repositoryRoot, type RunView, runViewSchema } from "../../../lib/run/mod.ts";
import { restoreLast } from "../../../lib/run/catalog/trash.ts";
import { decodeLine } from "../../../lib/run/log/log-line.ts";
import { LOG_START, readWhole } from "../../../lib/run/log/parse-log.ts";
import { options, withFolder } from "../fixtures.ts";

const ID = "20260101-120000-bts-smoke-aaaa";
const FIXTURE = await Deno.readFile(join(repositoryRoot, "tests", "fixtures", "logs", "version-3.jsonl"));
/** Lines with their ends. */
const LINES = new TextDecoder().decode(FIXTURE).split(/(?<=\n)/).map((line) => new TextEncoder().encode(line));

/** Calls `body` with a runs folder that holds one run of these lines. */
async function withLines(lines: readonly Uint8Array[], body: (runs: string) => Promise<void>): Promise<void> {
  await withFolder(async (runs) => {
    await Deno.mkdir(join(runs, ID));
    await Deno.writeFile(join(runs, ID, "events.jsonl"), joined(lines));
    await body(runs);
  });
}

const joined = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const bytes = (text: string) => new TextEncoder().encode(text);

type Command = (args: readonly string[], print: (text: string) => void) => Promise<unknown>;

async function printed(command: Command, runs: string, ...args: string[]): Promise<string> {
  let text = "";
  await command([...args, "--runs", runs], (piece) => text += piece + "\n");
  return text;
}

/** Lines of the log that `verify` calls damaged. */
async function verifiedDamage(runs: string): Promise<string[]> {
  const found = JSON.parse(await printed(verifyCommand, runs, ID, "--json"));
  return found.damage.filter(({ path }: { path: string }) => path.endsWith("events.jsonl"))
    .map(({ problem }: { problem: string }) => problem);
}

const harms: Readonly<Record<string, (line: Uint8Array) => Uint8Array>> = {
  "a flipped bit": (line) => line.map((byte, i) => i === line.length >> 1 ? byte ^ 1 : byte),
  "a changed number": (line) => bytes(new TextDecoder().decode(line).replace(/"seq":\d+/, '"seq":77')),
  "a cut line": (line) => joined([line.subarray(0, line.length >> 1), bytes("\n")]),
  "an empty line": () => bytes("\n"),
  "zeros": (line) => joined([new Uint8Array(line.length - 1), bytes("\n")]),
  "bytes that are not UTF-8": () => new Uint8Array([0xff, 0xfe, 10]),
  "JSON that is no event": () => bytes("[1]\n"),
};

for (const [title, harm] of Object.entries(harms)) {
  Deno.test(`${title} in any one line of a log: the run is listed, the rest is shown, verify names the line`, async () => {
    for (const at of LINES.keys()) {
      const lines = LINES.map((line, i) => i === at ? harm(line) : line);
      await withLines(lines, async (runs) => {
        const events = LINES.flatMap((line, i) => {
          const decoded = i === at ? undefined : decodeLine(line.subarray(0, -1));
          return decoded?.kind === "value" ? [decoded.value as never] : [];
        });
        const view = (await readRun(runs, ID))!;
        runViewSchema.parse(view);
        const expected = foldEvents(events)!;
        for (const key of ["cells", "results", "lastSeq"] as const) assert.deepEqual(view[key], expected[key], key);
        assert.equal(view.status, at === 0 ? "damaged" : at === LINES.length - 1 ? "lost" : "done");
        const [listed, ...others] = await listRuns(runs);
        assert.deepEqual([others, listed!.id, listed!.status, listed!.damagedLines], [[], ID, view.status, 1]);
        const damage = await verifiedDamage(runs);
        assert.equal(damage.length, 1);
        assert.ok(damage[0]!.startsWith(`line ${at + 1}: `), damage[0]);
        assert.deepEqual(
          (await Array.fromAsync(followEvents(runs, ID))).map(({ seq }) => seq),
          events.map(({ seq }) => seq),
        );
        // Making an index takes long; these lines begin, resume and end the run.
        if (![0, 7, 8, LINES.length - 1].includes(at)) return;
        const [{ sortedBy: _, cores: __, memory: ___, ...indexed }] = JSON.parse(
          await printed(listCommand, runs, "--json"),
        );
        assert.deepEqual(indexed, listed);
      });
    }
  });
}

/** What a view says but when and where it was read. */
const content = ({ notes: _, ...rest }: RunView) => rest;

Deno.test("a run whose first line is damaged can be shown, found, annotated, removed and restored, but not resumed", () =>
  withLines(LINES.map((line, i) => i === 0 ? harms["a changed number"]!(line) : line), async (runs) => {
    assert.match(await printed(listCommand, runs), new RegExp(`\n${ID} +damaged `));
    const text = await printed(showCommand, runs, "last");
    assert.match(text, /^damaged .* · seed unknown · /m);
    assert.match(text, /^error: The start of the event log cannot be read \(line 1: its checksum does not match\)$/m);
    assert.match(text, /^one +done/m);
    // The request of the process that resumed the run is whole.
    assert.match(text, /CPU, 2 threads/);
    assert.match(text, /method +.*mean/);
    const sql = "select id, status, seed, damaged from runs";
    assert.deepEqual((await queryRuns(runs, sql)).rows, [{ id: ID, status: "damaged", seed: null, damaged: 1 }]);
    await printed(noteCommand, runs, ID, "the disk was bad");
    const refused = (error: unknown) => error instanceof UserError && error.code === "run.damaged";
    await assert.rejects(resumeCommand([ID, "--runs", runs]), refused);
    await assert.rejects(beginRun(options(runs, { continues: ID })), refused);
    const before = await Deno.readFile(join(runs, ID, "events.jsonl"));
    await printed(removeCommand, runs, ID);
    assert.deepEqual(await listRuns(runs), []);
    assert.deepEqual(await restoreLast(runs), [ID]);
    assert.deepEqual(await Deno.readFile(join(runs, ID, "events.jsonl")), before);
    assert.equal(await resolveRun(runs, "20260101"), ID);
  }));

Deno.test("a log without a whole line is a damaged run, and one whose writer is about to begin is none", async () => {
  for (
    const [content, reason] of [["", "it is empty"], ["x\ny\n", "line 1: it is not JSON"], [
      "{",
      "line 1: it is half written",
    ]]
  ) {
    await withLines([bytes(content!)], async (runs) => {
      const view = (await readRun(runs, ID))!;
      runViewSchema.parse(view);
      assert.deepEqual([view.id, view.status, view.startedAt], [ID, "damaged", "2026-01-01T12:00:00.000Z"]);
      assert.equal(view.error, `The start of the event log cannot be read (${reason})`);
      assert.equal((await listRuns(runs))[0]!.status, "damaged");
      assert.match(await printed(listCommand, runs), new RegExp(`\n${ID} +damaged `));
    });
  }
  await withFolder(async (runs) => {
    const run = await beginRun(options(runs));
    const log = join(run.folder, "events.jsonl");
    for (const length of [0, 20]) {
      await Deno.truncate(log, length);
      assert.equal(await readRun(runs, run.id), undefined);
      assert.deepEqual(await listRuns(runs), []);
      assert.deepEqual((await queryRuns(runs, "select * from runs")).rows, []);
    }
    run.fail(new Error("no"));
  });
});

const rewritten: Readonly<Record<string, (text: string) => string>> = {
  "line ends of Windows": (text) => text.replaceAll("\n", "\r\n"),
  "line ends of Windows in part": (text) => text.replace("\n", "\r\n"),
  "a byte order mark": (text) => `\ufeff${text}`,
  "both": (text) => `\ufeff${text.replaceAll("\n", "\r\n")}`,
};

for (const [title, rewrite] of Object.entries(rewritten)) {
  Deno.test(`a log that an editor gave ${title} reads as before, and can be continued`, () =>
    withLines([FIXTURE], async (runs) => {
      const before = (await readRun(runs, ID))!;
      const path = join(runs, ID, "events.jsonl");
      await Deno.writeFile(path, bytes(rewrite(new TextDecoder().decode(FIXTURE))));
      const view = (await readRun(runs, ID))!;
      assert.deepEqual(view, before);
      assert.deepEqual(await verifiedDamage(runs), []);
      assert.equal((await listRuns(runs))[0]!.status, "done");
      const run = await beginRun(options(runs, {
        continues: ID,
        config: { a: 3 },
        mayChange: { a: "freely" },
        experiment: view.experiment,
        seed: view.seed!,
      }));
      run.fail(new Error("enough"));
      const after = await readWhole(path, LOG_START);
      assert.deepEqual([after.damage, after.events.map(({ seq }) => seq)], [
        [],
        Array.from({ length: 31 }, (_, i) => i),
      ]);
      assert.deepEqual(content((await readRun(runs, ID))!).cells, before.cells);
    }));
}
