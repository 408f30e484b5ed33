// The terminal's view of a run: progress, notes and how it ended.
import assert from "node:assert/strict";
import { beginRun } from "../../../lib/run/cells/run.ts";
import type { RunEvent } from "../../../lib/run/events/events.ts";
import { terminalView } from "../../../lib/run/command-line/terminal.ts";
import { options, withFolder } from "../fixtures.ts";
import { results, trainCell } from "../trained-run.ts";

Deno.test("`terminalView()` writes plain lines without escape codes when it is not a terminal", () =>
  withFolder(async (folder) => {
    let text = "";
    const view = terminalView({ write: (piece) => text += piece, live: false, columns: () => 80 });
    const run = await beginRun(options(folder, { onEvent: [view.onEvent] }));
    await trainCell(run, "seed");
    await trainCell(run, "again");
    run.finish(results);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /[\x1b\r]/);
    assert.match(text, /… seed: Train seed\n/);
    assert.match(text, /✓ seed +\d\.\d s {2}loss 3\.00\n/);
    assert.match(text, /✓ again +cached {2}loss 3\.00\n/);
    assert.match(text, /warning: a .*red/);
    assert.match(text, /Done in \d/);
    // Five points within the interval: no progress lines.
    assert.doesNotMatch(text, /step/);
  }));

Deno.test("`terminalView()` writes over its live line within the width, and leaves none behind", () =>
  withFolder(async (folder) => {
    const pieces: string[] = [];
    const view = terminalView({
      write: (piece) => pieces.push(piece),
      live: true,
      color: false,
      columns: () => 60,
      interval: 0,
    });
    const run = await beginRun(options(folder, { onEvent: [view.onEvent] }));
    await trainCell(run, "seed");
    run.fail(new Error("no"));
    const lines = pieces.filter((piece) => piece.startsWith("\r\x1b[2K") && piece.length > 5);
    assert(lines.some((line) => line.includes("step 5/5")));
    for (const line of lines) assert(line.length - 5 < 60);
    assert.match(pieces.at(-1)!, /^Failed after/);
    assert.equal(pieces.at(-2)!.endsWith("\n") || pieces.at(-2) === "\r\x1b[2K", true);
  }));

Deno.test("`terminalView()` says after 2 s how far a cell is when it writes into a log, then every 10 s", () => {
  const lines: string[] = [];
  const view = terminalView({ write: (text) => lines.push(text), live: false, columns: () => 120 });
  const apply = (event: object, seconds: number) =>
    view.onEvent({ seq: 0, time: new Date(1e12 + seconds * 1000).toISOString(), ...event } as RunEvent);
  apply({ kind: "run.start", run: "r", title: "R", preset: "p", seed: 1, device: "d", plan: [] }, 0);
  apply({ kind: "cell.start", cell: "seed", title: "Seed", description: "", cellKey: "k" }, 0);
  for (let step = 1; step <= 30; step++) {
    apply({ kind: "metrics", cell: "seed", step, steps: 30, values: { loss: 4 } }, step);
  }
  view.close();
  assert.deepEqual(lines.flatMap((line) => /step (\d+)/.exec(line)?.[1] ?? []), ["2", "12", "22"]);
});

Deno.test("`terminalView()` shows in a log that a cell without progress still runs", async () => {
  let text = "";
  const view = terminalView({ write: (piece) => text += piece, live: false, columns: () => 120, interval: 500 });
  const time = new Date().toISOString();
  const start = { kind: "run.start", run: "r", title: "R", preset: "p", seed: 1, device: "d", plan: [] };
  view.onEvent({ seq: 0, time, ...start } as unknown as RunEvent);
  const cell = { kind: "cell.start", cell: "data", title: "Data", description: "", cellKey: "k" };
  view.onEvent({ seq: 1, time, ...cell } as RunEvent);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  view.close();
  assert.match(text, /\n {2}data +\d\.\d s\n/);
});

Deno.test("`terminalView()` reports once that its reader has closed, and then writes nothing", () =>
  withFolder(async (folder) => {
    let tries = 0;
    const write = () => {
      tries++;
      throw new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
    };
    const said: unknown[][] = [];
    const print = console.error;
    console.error = (...values) => void said.push(values);
    try {
      const view = terminalView({ write, live: false });
      const run = await beginRun(options(folder, { onEvent: [view.onEvent] }));
      await trainCell(run, "seed");
      view.print("more");
      run.finish(results);
    } finally {
      console.error = print;
    }
    assert.equal(tries, 1);
    assert.deepEqual(said, [[
      "The progress display was closed (Broken pipe (os error 32)); the run continues without it",
    ]]);
  }));

Deno.test("`terminalView()` says where the job of a cell is when that changes, and not each reason to wait", () => {
  let text = "";
  const view = terminalView({ write: (piece) => text += piece, live: false, columns: () => 80 });
  const job = (state: string, node: string, reason: string) =>
    view.onEvent({
      ...{ seq: 1, time: new Date().toISOString(), kind: "cell.job", cell: "expert:code" },
      ...{ job: "12_0", state, node, reason },
    });
  job("pending", "", "Priority");
  job("pending", "", "Resources");
  job("running", "n1", "");
  view.close();
  assert.equal(text, "  expert:code: job 12_0 waits (Priority)\n  expert:code: job 12_0 runs on n1\n");
});
