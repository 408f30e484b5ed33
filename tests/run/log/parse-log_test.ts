// The log's format is a public contract: logs of every version are read, damage is found, and clocks may jump.
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  followEvents,
  formatTable,
  queryRuns,
  readEvents,
  readRun,
  repositoryRoot,
  resultsTable,
} from "../../../lib/run/mod.ts";
import { EVENT_SCHEMA_VERSION } from "../../../lib/run/events/events.ts";
import { valuesOf } from "../../../lib/run/view/mod.ts";
import { reportMarkdown } from "../../../lib/report/markdown.ts";
import { decodeLine, encodeLine } from "../../../lib/run/log/log-line.ts";
import { openLog } from "../../../lib/run/log/log.ts";
import { LOG_START, readWhole } from "../../../lib/run/log/parse-log.ts";
import { secondsSpent } from "../../../lib/run/log/cell-history.ts";
import { withFolder } from "../fixtures.ts";

const LOGS = join(repositoryRoot, "tests", "fixtures", "logs");
const ID = "20260101-120000-bts-smoke-aaaa";

/** Puts a committed log into a runs folder. */
async function withLog(version: number, body: (runs: string, log: string) => Promise<void>): Promise<void> {
  await withFolder(async (runs) => {
    await Deno.mkdir(join(runs, ID));
    const log = join(runs, ID, "events.jsonl");
    await Deno.copyFile(join(LOGS, `version-${version}.jsonl`), log);
    await body(runs, log);
  });
}

/** What the logs of each version contain. */
const versions = [
  { version: 1, events: 19, steps: 3, config: { a: 1 }, statuses: ["done", "cached"] },
  { version: 2, events: 29, steps: 4, config: { a: 2 }, statuses: ["done", "cached"] },
  { version: 3, events: 29, steps: 4, config: { a: 2 }, statuses: ["done", "cached"] },
];
Deno.test("There is a log of every version", () => {
  assert.deepEqual(
    versions.map(({ version }) => version),
    Array.from({ length: EVENT_SCHEMA_VERSION }, (_, i) => i + 1),
  );
});
for (const { version, events, steps, config, statuses } of versions) {
  Deno.test(`A log of version ${version} is read completely: events, view, stream and index`, () =>
    withLog(version, async (runs) => {
      const read = (await readEvents(runs, ID))!;
      assert.deepEqual(read.damage, []);
      assert.deepEqual(read.events.map(({ seq }) => seq), Array.from({ length: events }, (_, i) => i));
      assert.deepEqual(await Array.fromAsync(followEvents(runs, ID)), read.events);
      const view = (await readRun(runs, ID))!;
      assert.deepEqual([view.status, view.device, view.config], ["done", "CPU, 2 threads", config]);
      assert.deepEqual(view.cells.map(({ status }) => status), statuses);
      for (const { metrics, tables, notes, artifacts, summary } of view.cells) {
        assert.deepEqual(metrics.map(({ step }) => step), Array.from({ length: steps }, (_, i) => i + 1));
        assert.deepEqual(metrics.at(-1)!.values, { loss: 1, lr: 0.001 });
        assert.equal(metrics[1]!.values["lr"], null);
        assert.deepEqual(notes.map(({ level, text }) => [level, text]), [["warning", "a note — é"]]);
        assert.deepEqual([tables.length, artifacts.length, summary], [1, 1, "loss 1.00"]);
      }
      const { measures, methods } = view.results!;
      assert.deepEqual(measures.slice(0, 3).map(({ name, format }) => [name, format]), [
        ["bpb", "number"],
        ["arithmetic", "proportion"],
        ["parameters", "count"],
      ]);
      const none = { interval: null, samples: null };
      assert.deepEqual(methods["seed"]!.slice(0, 7), [
        { name: "bpb", group: "english", value: 2.5, interval: [0.4, 0.6], samples: 20, better: "lower" },
        { ...none, name: "bpb", group: "code", value: 1.5, better: "lower" },
        { ...none, name: "bpb", group: "mean", value: 2, better: "lower" },
        { name: "arithmetic", group: "", value: 0.5, interval: [0.4, 0.6], samples: 20, better: "higher" },
        { ...none, name: "parameters", group: "trained", value: 10, better: null },
        { ...none, name: "parameters", group: "total", value: 10, better: null },
        { ...none, name: "parameters", group: "active", value: 10, better: null },
      ]);
      assert.equal((await queryRuns(runs, "select value from results where measure = 'arithmetic'")).rows.length, 1);
      assert.match(formatTable(resultsTable(view.results!)), /arithmetic, %[\s\S]*seed +2\.500 +1\.500 +2\.000 +50\.0/);
      assert.match(reportMarkdown(view), /Tasks, percent correct[\s\S]*50\.0 \[40, 60\]/);
      assert.equal(valuesOf(view)["seed/arithmetic"], 0.5);
      const sql = "select cell, name, points, last, max, max_step from metrics where name = 'loss' order by cell";
      const row = (cell: string) => ({ cell, name: "loss", points: steps, last: 1, max: steps, max_step: 1 });
      assert.deepEqual((await queryRuns(runs, sql)).rows, [row("one"), row("two")]);
    }));
}

Deno.test("A line of a later format version is reported as such", () =>
  withLog(2, async (runs, log) => {
    const text = await Deno.readTextFile(log);
    const first = JSON.parse(text.slice(0, text.indexOf("\n")));
    delete first.crc;
    await Deno.writeFile(log, encodeLine({ ...first, schemaVersion: 99, new: 1 }));
    const { events, damage } = (await readEvents(runs, ID))!;
    assert.deepEqual(events, []);
    assert.match(damage[0]!.reason, /its format version is 99; this version of Stitchbook reads versions up to 3/);
  }));

Deno.test("A flipped bit is found anywhere in a line", () => {
  const line = encodeLine({ seq: 7, kind: "note", text: "é", level: "info" }).slice(0, -1);
  const whole = decodeLine(line);
  assert.deepEqual(whole, { kind: "value", value: { seq: 7, kind: "note", text: "é", level: "info" } });
  for (let bit = 0; bit < 8 * line.length; bit++) {
    const flipped = line.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const opened = decodeLine(flipped);
    // In the checksum's own name a flip leaves a member that no event has.
    const refused = opened.kind === "damaged" || Object.keys(opened.value as object).length === 5;
    assert.ok(refused, `bit ${bit}: ${new TextDecoder().decode(flipped)}`);
  }
});

Deno.test("Fault 13: a resumed log continues after its whole lines; a half-written line is cut off", () =>
  withLog(2, async (_, log) => {
    const bytes = await Deno.readFile(log);
    await Deno.writeFile(log, bytes.subarray(0, bytes.length - 40));
    const before = await readWhole(log, LOG_START);
    assert.ok(before.unfinished > 0);
    const more = openLog(join(log, ".."), { after: before.position });
    assert.equal(more.append({ kind: "note", level: "info", text: "on" }).seq, 28);
    more.close();
    const after = await readWhole(log, LOG_START);
    assert.deepEqual([after.damage, after.unfinished, after.events.length], [[], 0, 29]);
  }));

Deno.test("Fault 14: a clock that jumps back makes no duration negative", () =>
  withFolder((folder) => {
    const times = ["12:00:10", "12:00:20", "11:00:00", "11:00:05", "10:00:00", "09:00:00"];
    const log = openLog(folder, { now: () => new Date(`2026-01-01T${times.shift()}Z`) });
    const common = { title: "", device: "", config: null, plan: [], command: [], versions: {}, pid: 1 };
    const events = [
      log.append({
        ...common,
        kind: "run.start",
        schemaVersion: 2,
        run: ID,
        experiment: "bts",
        preset: "smoke",
        seed: 1,
      }),
      log.append({ kind: "note", level: "info", text: "ten seconds later" }),
      log.append({ ...common, kind: "run.resume", schemaVersion: 2 }),
      log.append({ kind: "note", level: "info", text: "five seconds later" }),
      log.append({ ...common, kind: "run.resume", schemaVersion: 2 }),
      log.append({ kind: "note", level: "info", text: "an hour earlier" }),
    ];
    log.close();
    assert.deepEqual(events.map((_, i) => secondsSpent(events.slice(0, i + 1))), [0, 10, 10, 15, 15, 15]);
    const end = { ...events[5]!, kind: "run.end", status: "failed", seconds: 7 } as const;
    assert.equal(secondsSpent([...events, end]), 7);
  }));
