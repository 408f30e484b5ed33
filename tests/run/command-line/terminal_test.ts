// What a person sees: progress lines, tables, the ls and show commands, exit codes.
import assert from "node:assert/strict";
import { z } from "zod";
import { UserError } from "../../../lib/errors.ts";
import { listCommand } from "../../../lib/cli/ls.ts";
import { showCommand } from "../../../lib/cli/show.ts";
import {
  beginRun,
  formatSeconds,
  formatTable,
  resultsTable,
  type Run,
  type RunEvent,
  terminalView,
} from "../../../lib/run/mod.ts";
import { endingOf } from "../../../lib/run/command-line/main-function.ts";
import { progressLine } from "../../../lib/run/view/mod.ts";
import { StopError } from "../../../lib/run/process/stop.ts";
import { applyEvent, type CellView, type RunView } from "../../../lib/run/mod.ts";
import { heedsHangUp } from "../../../lib/run/process/stop.ts";
import { resultsOf } from "../results.ts";
import { options, spawnScript, withFolder } from "../fixtures.ts";

const estimate = { value: 0.5, low: 0.4, high: 0.6, samples: 100 };
const results = resultsOf(["english", "code"], {
  seed: { bpb: { english: 2, code: 3, mean: 2.5 }, tasks: { math: estimate } },
  bts: { bpb: { english: 2.1, code: 2, mean: 2.05 } },
});

const trainCell = (run: Run, name: string) =>
  run.cell(
    { name, title: `Train ${name}`, description: "", inputs: {}, code: import.meta, output: z.number() },
    (context) => {
      for (let step = 1; step <= 5; step++) context.metrics(step, 5, { loss: 4 - step / 5, tokensPerSecond: 12_345 });
      context.note("a \x1b[31mred\x1b[0m note", "warning");
      context.summary("loss 3.00");
      return Promise.resolve(3);
    },
  );

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

Deno.test("`progressLine()` tells share, step, loss, speed and the time left at the pace so far", () => {
  const at = (seconds: number) => new Date(1e12 + seconds * 1000).toISOString();
  let view: RunView | undefined;
  const apply = (event: object, seconds: number) =>
    view = applyEvent(view, { seq: 0, time: at(seconds), ...event } as RunEvent);
  apply({ kind: "run.start", run: "r", plan: [{ cell: "seed", title: "Seed" }] }, 0);
  apply({ kind: "cell.start", cell: "seed", title: "Seed", description: "", cellKey: "k" }, 0);
  apply({ kind: "metrics", cell: "seed", step: 10, steps: 100, values: { loss: 5 } }, 20);
  apply({ kind: "metrics", cell: "seed", step: 50, steps: 100, values: { loss: 4, tokensPerSecond: 9_900 } }, 40);
  // 40 steps took 20 s after the first point, so 50 more take 25 s.
  const line = progressLine(view!.cells[0]!, 1e12 + 40_000, 200);
  assert.equal(
    line,
    "seed                 ████████░░░░░░░░  50 % · step 50/100 · loss 4.000 · 9.9k tokens/s · 25 s left",
  );
  assert.equal(progressLine(view!.cells[0]!, 1e12, 10).length, 10);
});

Deno.test("`progressLine()` tells the share alone of a cell that does not train", () => {
  const cell = { name: "evaluate", metrics: [{ step: 1017, time: "", values: {} }], steps: 2034, startedAt: null };
  assert.equal(
    progressLine(cell as unknown as CellView, 0, 200),
    "evaluate             ████████░░░░░░░░  50 % · 0.0 s",
  );
});

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

Deno.test("`showCommand()` shows results once, names the folders of files, and long tables only with --tables", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const spec = { name: "seed", title: "", description: "", inputs: {}, code: import.meta, output: z.number() };
    const { key } = await run.cell(spec, async (context) => {
      await Deno.mkdir(`${context.folder}/sub`);
      await Deno.writeTextFile(`${context.folder}/sub/model.safetensors`, "x");
      context.summary(`word ${"long ".repeat(40)}end`);
      context.note("mind this", "warning");
      context.table(resultsTable(results));
      const columns = [{ key: "g", title: "g", kind: "text" as const }];
      for (const name of ["gates", "cost"]) context.table({ name, title: `About ${name}`, columns, rows: [] });
      return 1;
    });
    run.finish(results);
    const shown = async (...args: string[]) => {
      let text = "";
      await showCommand(["last", ...args, "--runs", folder], (piece) => text += piece);
      return text;
    };
    const brief = await shown();
    assert.equal(brief.match(/Held-out bits per byte/g)!.length, 1);
    assert.ok(brief.indexOf("Held-out") < brief.indexOf("About cost"));
    assert.doesNotMatch(brief, /About gates|long end/);
    assert.match(brief, /--tables .*: gates$/);
    assert.match(brief, /\nwarning: mind this\n/);
    assert.ok(brief.includes(`seed  ${folder}/.cells/${key}\n`), brief);
    const all = await shown("--tables");
    assert.match(all, /About gates/);
    assert.match(all, /long end/);
    assert.doesNotMatch(all, /--tables/);
  }));

Deno.test("`showCommand()` says of a run that was stopped that its cells stay, and of no error", () =>
  withFolder(async (folder) => {
    const abort = new AbortController();
    const run = await beginRun(options(folder, { signal: abort.signal }));
    abort.abort(new StopError("SIGINT"));
    run.fail(new Error("the work was cut off"));
    let text = "";
    await showCommand(["last", "--runs", folder], (piece) => text += piece);
    assert.match(text, /\nstopped by Ctrl-C; re-run the same command to resume/);
    assert.doesNotMatch(text, /error/i);
  }));

Deno.test("`formatSeconds()` rounds without sixty seconds", () => {
  const seconds = [0, 9.94, 10, 59.4, 59.6, 3599.6, 3600, 7500];
  assert.deepEqual(seconds.map(formatSeconds), [
    "0.0 s",
    "9.9 s",
    "10 s",
    "59 s",
    "1 min 00 s",
    "1 h 00 min",
    "1 h 00 min",
    "2 h 05 min",
  ]);
});

Deno.test("`formatTable()` aligns columns and marks the best value in each direction", () => {
  const lines = formatTable(resultsTable(results)).split("\n").slice(1);
  assert.deepEqual(lines, [
    "method  english    code    mean   math, %",
    "──────  ────────  ──────  ──────  ───────",
    "seed      2.000*  3.000   2.500      50.0",
    "bts       2.100   2.000*  2.050*        –",
    "* best",
  ]);
});

Deno.test("`formatTable()` marks nothing where all values read the same, and all that read as the best does", () => {
  const column = { key: "x", title: "x", kind: "number", digits: 1, better: "higher" } as const;
  const marks = (...values: number[]) =>
    formatTable({ name: "t", title: "t", columns: [column], rows: values.map((x) => ({ x })) }).split("\n").slice(3)
      .map((line) => line.trim());
  assert.deepEqual(marks(0, 0, 0), ["0.0", "0.0", "0.0"]);
  assert.deepEqual(marks(0.31, 0.32), ["0.3", "0.3"]);
  assert.deepEqual(marks(0.31, 0.32, 0.1), ["0.3*", "0.3*", "0.1", "* best"]);
});

Deno.test("`formatTable()` keeps control characters and wide letters from breaking the lines", () => {
  const columns = [{ key: "a", title: "a", kind: "text" as const }, { key: "b", title: "b", kind: "text" as const }];
  const text = formatTable({
    name: "t",
    title: "t",
    columns,
    rows: [{ a: "翻訳", b: "x" }, { a: "\x1b[2Jab\n", b: "y" }],
  });
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /\x1b/);
  assert.equal(text.split("\n").length, 5);
});

Deno.test("`formatTable()` continues a table that is too wide below, beside its first column again", () => {
  const columns = ["method", "one", "two", "three"].map((title, i) => ({
    key: title,
    title,
    kind: i === 0 ? "text" as const : "number" as const,
    ...(i === 3 ? { better: "lower" as const } : {}),
  }));
  const rows = [{ method: "seed", one: 1, two: 2, three: 3 }, { method: "法律", one: 4, two: 5, three: 6 }];
  const table = { name: "t", title: "A title of any length", columns, rows };
  assert.equal(
    formatTable(table, 16),
    [
      "A title of any length",
      "method  one  two",
      "──────  ───  ───",
      "seed      1    2",
      "法律      4    5",
      "",
      "method  three",
      "──────  ──────",
      "seed        3*",
      "法律        6",
      "* best",
    ].join("\n"),
  );
  assert.equal(formatTable(table, 24), formatTable(table));
  // A block has at least one column, even where nothing fits.
  assert.equal(formatTable(table, 1).split("\n\n").length, 3);
});

Deno.test("`progressLine()` counts wide letters by their width", () => {
  const cell = { metrics: [{ step: 1, time: "", values: {} }], steps: 2, startedAt: null };
  const line = (name: string, columns: number) =>
    progressLine({ ...cell, name } as unknown as CellView, 30_000, columns);
  assert.equal(line("法律", 200).indexOf("█"), line("law", 200).indexOf("█") - 2);
  for (let columns = 8; columns < 40; columns++) {
    const wide = [...line("expert:法律", columns)].filter((character) => "法律".includes(character)).length;
    assert(line("expert:法律", columns).length + wide <= columns);
  }
});

Deno.test("`listCommand()` and `showCommand()` print a run, as text and as JSON", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    await trainCell(run, "one");
    run.finish(results);
    await Deno.writeTextFile(`${run.folder}/report.html`, "");
    const printed = async (command: typeof listCommand, ...args: string[]) => {
      let text = "";
      await command([...args, "--runs", folder], (piece) => text += piece);
      return text;
    };
    assert.match(await printed(listCommand), new RegExp(`${run.id} +done +1/2 .* 2\\.050 +bts`));
    assert.equal(JSON.parse(await printed(listCommand, "--json"))[0].meanBpb.bts, 2.05);
    const shown = await printed(showCommand, "last");
    assert.match(shown, /one +done +.*loss 3\.00/);
    assert.match(shown, /bts +2\.100/);
    assert.match(shown, /report: .*report\.html/);
    assert.equal(JSON.parse(await printed(showCommand, run.id, "--json")).id, run.id);
    await assert.rejects(printed(showCommand, "x", "y"), UserError);
    await assert.rejects(printed(listCommand, "--jsno"), /--jsno/);
    assert.match(await printed(listCommand, "--help"), /Usage: ls/);
  }));

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

Deno.test("`endingOf()` gives 2 for a mistake, 1 for a bug, 130 and 143 for stops", () => {
  const mistake = endingOf(new UserError("a.b", "Cannot do it", "do that"));
  assert.deepEqual(mistake, { exitCode: 2, message: "error: Cannot do it\n  hint: do that" });
  const bug = endingOf(new TypeError("x"));
  assert.equal(bug.exitCode, 1);
  assert.match(bug.message, /TypeError: x\n +at /);
  assert.equal(endingOf(new Error("aborted"), new StopError("SIGINT")).exitCode, 130);
  assert.equal(endingOf(new StopError("SIGTERM")).exitCode, 143);
  assert.equal(endingOf(new Deno.errors.BrokenPipe("x")).exitCode, 0);
  const full = endingOf(Object.assign(new Error("No space left on device: writefile 'a'"), { code: "ENOSPC" }));
  assert.equal(full.exitCode, 2);
  assert.match(full.message, /^error: The disk is full: .*hint: /s);
});

Deno.test("`endingOf()` makes one sentence of whatever the system refuses", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.symlink("loop", `${folder}/loop`);
    const attempts = [
      [() => Deno.stat(`${folder}/file/x`), `Cannot access ${folder}/file/x: part of the path is a file, not a folder`],
      [() => Deno.stat(`${folder}/loop`), `Cannot access ${folder}/loop: its symbolic links lead in a circle`],
      [() => Deno.readTextFile(folder), `Cannot access ${folder}: it is a folder, not a file`],
      [() => Deno.stat(`${folder}/missing`), `Cannot access ${folder}/missing: it does not exist`],
      [
        () => Deno.stat(`${folder}/${"n".repeat(300)}`),
        `Cannot access ${folder}/${"n".repeat(300)}: the name is too long`,
      ],
    ] as const;
    for (const [attempt, message] of attempts) {
      const error = await attempt().then(() => assert.fail("it should fail"), (error: unknown) => error);
      assert.deepEqual(endingOf(error), { exitCode: 2, message: `error: ${message}` });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  const ignore = name === "SIGHUP" && !heedsHangUp();
  Deno.test({
    name: `${name} stops a run cleanly with exit code ${code}`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        const script = `
        import { runMain, stopSignal, withRun } from "./lib/run/mod.ts";
        import { options } from "./tests/run/fixtures.ts";
        await runMain(async () => {
          await withRun(options(${JSON.stringify(folder)}, { signal: stopSignal() }), async (run) => {
            console.log(run.id);
            await new Promise((_, reject) => {
              const timer = setInterval(() => {}, 1000);
              run.signal.addEventListener("abort", () => { clearInterval(timer); reject(run.signal.reason); });
            });
          });
        });`;
        const child = spawnScript(script);
        const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
        await reader.read();
        child.kill(name);
        // A terminal that closes and its shell both send one.
        if (name === "SIGHUP") child.kill(name);
        assert.equal((await child.status).code, code);
        await reader.cancel();
        await child.stderr.cancel();
        let shown = "";
        await listCommand(["--runs", folder, "--json"], (text) => shown = text);
        assert.equal(JSON.parse(shown)[0].status, "stopped");
      }),
  });
}

Deno.test("A second Ctrl-C exits at once, whatever the process is computing", async () => {
  const child = spawnScript(`
    import { stopSignal } from "./lib/run/mod.ts";
    stopSignal().addEventListener("abort", () => {
      console.log("asked");
      for (;;);
    });
    setInterval(() => {}, 1000);
    console.log("ready");`);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  child.kill("SIGINT");
  assert.match((await reader.read()).value!, /asked/);
  child.kill("SIGINT");
  assert.equal((await child.status).code, 130);
  await reader.cancel();
  await child.stderr.cancel();
});

Deno.test("Listening for signals keeps no program alive", async () => {
  const child = spawnScript('import { stopSignal } from "./lib/run/mod.ts"; stopSignal();');
  assert.equal((await child.output()).code, 0);
});
