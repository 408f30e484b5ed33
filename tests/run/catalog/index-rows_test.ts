// The index's rows are the folded view, however the log grew and however often the index was updated meanwhile.
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Random, random } from "../../../lib/random.ts";
import type { EventBody, RunEvent } from "../../../lib/run/events/events.ts";
import { foldEvents } from "../../../lib/run/view/view.ts";
import type { RunView } from "../../../lib/run/events/views.ts";
import { openForReading, withIndex } from "../../../lib/run/catalog/runs-index.ts";
import { openLog } from "../../../lib/run/log/log.ts";
import { valuesOf } from "../../../lib/run/view/metrics.ts";
import { resultsOf } from "../results.ts";
import { withFolder } from "../fixtures.ts";

const ID = "20261122-051207-bts-smoke-aaaa";
const CELLS = ["one", "two", "three"];

/** Any event that may follow a `run.start`. */
function anyEvent(any: Random): EventBody {
  const cell = any.pick(CELLS);
  const step = any.int(12);
  const request = {
    schemaVersion: 2 as const,
    title: `title ${any.int(3)}`,
    device: "cpu",
    config: { a: any.int(3) },
    plan: [{ cell: any.pick(CELLS), title: "Planned" }],
    command: ["bts"],
    versions: {},
    pid: 1,
  };
  const estimate = { value: any.float(), low: 0, high: 1, samples: any.int(9) };
  const results = resultsOf(["code"], {
    bts: {
      bpb: { code: any.float(), mean: any.float() },
      bpbInterval: { code: estimate },
      tasks: { math: estimate },
      parameters: { trained: 1, total: 2, active: 2 },
    },
  });
  const events: readonly (() => EventBody)[] = [
    () => ({ kind: "run.resume", ...request }),
    () => ({ kind: "cell.start", cell, title: cell, description: "", cellKey: "a".repeat(64) }),
    () => ({ kind: "cell.resume", cell, step }),
    () => ({ kind: "cell.rewind", cell, step }),
    () => ({ kind: "note", level: any.pick(["info", "warning"] as const), text: `note ${any.int(9)}` }),
    () => ({ kind: "note", cell, level: "error", text: "of a cell" }),
    () => ({
      kind: "note",
      level: "warning",
      text: "stalled",
      alert: { detector: "stall", action: "alert", values: {} },
    }),
    () => ({ kind: "artifact", cell, name: `file ${any.int(3)}`, path: `.cells/x/${step}`, bytes: step, sha256: "b" }),
    () => ({ kind: "table", cell, table: { name: "t", title: "T", columns: [], rows: [] } }),
    () => ({ kind: "cell.end", cell, status: any.pick(["done", "failed"] as const), seconds: 1, summary: "fine" }),
    () => ({ kind: "run.end", status: any.pick(["done", "failed"] as const), seconds: 1, results, error: "no" }),
  ];
  // Most events of a log are points.
  if (any.int(3) > 0) {
    const loss = any.int(6) === 0 ? null : any.int(5) / 2;
    return { kind: "metrics", cell, step, steps: 12, values: any.int(2) === 0 ? { loss } : { loss, lr: 1 } };
  }
  return any.pick(events)();
}

/** The rows as the view has them: what the index must hold. */
function expectedRows(view: RunView) {
  const values = valuesOf({ ...view, results: null });
  const curves = view.cells.flatMap((cell) =>
    [...new Set(cell.metrics.flatMap(({ values }) => Object.keys(values)))].sort().map((name) => {
      const points = cell.metrics.flatMap(({ step, values }) => name in values ? [{ step, value: values[name]! }] : []);
      const finite = points.filter(({ value }) => value !== null);
      const first = (value: number | undefined) => finite.find((point) => point.value === value)?.step ?? null;
      const [last, min, max] = ["last", "min", "max"].map((how) => values[`${cell.name}/${name}:${how}`]);
      return {
        cell: cell.name,
        name,
        points: points.length,
        not_finite: points.length - finite.length,
        last: last ?? null,
        last_step: finite.at(-1)?.step ?? null,
        min: min ?? null,
        min_step: first(min),
        max: max ?? null,
        max_step: first(max),
      };
    })
  );
  return {
    runs: [{ id: view.id, status: view.status, title: view.title, updated: view.updatedAt, error: view.error }],
    cells: view.cells.map(({ name, title, status, steps, seconds, summary }) => ({
      name,
      title,
      status,
      steps,
      seconds,
      summary,
    })),
    curves: curves.sort((a, b) => a.cell < b.cell ? -1 : a.cell > b.cell ? 1 : 0),
    notes: [
      ...view.notes.map(({ text, time }) => ({ cell: null, text, time })),
      ...view.cells.flatMap(({ name, notes }) => notes.map(({ text, time }) => ({ cell: name, text, time }))),
    ],
    artifacts: view.cells.flatMap(({ name, artifacts }) => // A file that is logged again replaces the one before.
    [...new Map(artifacts.map((file) => [file.name, { cell: name, name: file.name, path: file.path }])).values()]).sort(
      (a, b) => a.cell < b.cell ? -1 : a.cell > b.cell ? 1 : a.name < b.name ? -1 : 1,
    ),
    scores: Object.entries(view.results?.methods ?? {}).flatMap(([method, list]) =>
      list.map(({ name, group, value, better, samples }) => ({
        method,
        measure: name,
        group_name: group,
        value,
        better,
        samples,
      }))
    ).sort((a, b) => a.measure < b.measure || (a.measure === b.measure && a.group_name < b.group_name) ? -1 : 1),
  };
}

async function indexedRows(runs: string): Promise<ReturnType<typeof expectedRows>> {
  return await withIndex(runs, ({ path }) => {
    const db = openForReading(path);
    const rows = (sql: string) => db.prepare(sql).all().map((row) => ({ ...row }));
    try {
      return {
        runs: rows("select id, status, title, updated, error from runs"),
        cells: rows("select name, title, status, steps, seconds, summary from cells order by position"),
        curves: rows(`select cell, name, points, not_finite, last, last_step, min, min_step, max, max_step
          from metrics order by cell, name`),
        notes: rows("select cell, text, time from notes order by rowid"),
        artifacts: rows("select cell, name, path from artifacts order by cell, name"),
        scores: rows(
          "select method, measure, group_name, value, better, samples from results order by method, measure, group_name",
        ),
      } as ReturnType<typeof expectedRows>;
    } finally {
      db.close();
    }
  });
}

Deno.test("the rows equal the folded view after every update, for random logs that resume, rewind and start over", () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  console.log(`seed ${seed}`);
  return withFolder(async (runs) => {
    for (let attempt = 0; attempt < 12; attempt++) {
      const any = random(seed, "log", attempt);
      const folder = join(runs, `runs-${attempt}`, ID);
      await Deno.mkdir(folder, { recursive: true });
      // Its writer is on another machine, so the status is the logged one.
      await Deno.writeTextFile(join(folder, "run.lock"), '{"host":"elsewhere","pid":1,"started":null}');
      const log = openLog(folder);
      const events: RunEvent[] = [];
      const append = (body: EventBody) => void events.push(log.append(body));
      append({
        kind: "run.start",
        run: ID,
        experiment: "bts",
        preset: "smoke",
        seed: 1,
        schemaVersion: 2,
        title: "A run",
        device: "cpu",
        config: null,
        plan: [{ cell: "one", title: "One" }],
        command: [],
        versions: {},
        pid: 1,
      });
      for (let update = 0; update < 6; update++) {
        for (let count = any.int(25); count > 0; count--) append(anyEvent(any));
        assert.deepEqual(await indexedRows(join(folder, "..")), expectedRows(foldEvents(events)!));
      }
      log.close();
    }
  });
});
