// The report of a sweep: the best first, one line per trial in the figure, and no markup from its names.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { sweepFigure, sweepHtml, sweepMarkdown, writeSweepReport } from "../../lib/report/sweep.ts";
import { rankTrials, type SweepView, type TrialView } from "../../lib/run/mod.ts";

const MARKUP = "<img src=x onerror=alert(1)>";

/** A sweep over `x` and a key that is markup; `values` are the trials' bits per byte, null for one that failed. */
function sweep(values: readonly (number | null)[], more: Partial<SweepView["start"]> = {}): SweepView {
  const settings = values.map((_, i) => ({ x: String(i), [MARKUP]: i % 2 === 0 ? "a" : MARKUP }));
  return {
    start: {
      time: "2026-11-22T10:10:10.000Z",
      kind: "sweep.start",
      schemaVersion: 1,
      sweep: "20261122-101010-fake-sweep-aaaa",
      name: MARKUP,
      experiment: "fake",
      script: "experiments/bts.ts",
      shared: [],
      configFile: null,
      metric: "bpb",
      keys: ["x", MARKUP],
      random: null,
      trials: settings.map((settings) => ({ settings, seed: 1 })),
      command: ["deno", "task", "sweep", MARKUP],
      ...more,
    },
    status: "done",
    closed: "done",
    updatedAt: "2026-11-22T10:10:20.000Z",
    damage: [],
    trials: values.map((bpb, i): TrialView => ({
      trial: i + 1,
      settings: settings[i]!,
      seed: 1,
      status: bpb === null ? "failed" : "done",
      run: `20261122-101010-fake-trial-${i + 1}-aaaa`,
      attempts: 1,
      open: false,
      process: null,
      startedAt: null,
      seconds: 2,
      error: bpb === null ? MARKUP : null,
      cells: { total: 2, cached: 1 },
      values: bpb === null ? {} : { bpb },
      higher: undefined,
      progress: null,
    })),
  };
}

Deno.test("`sweepHtml()` lists the trials best first, marks the best, reports failures, and keeps markup inert", () => {
  const { document } = parseHTML(sweepHtml(sweep([3, 1, null, 2])));
  assert.equal(document.querySelectorAll("img, script").length, 0);
  assert.equal(document.querySelector("h1")!.textContent, MARKUP);
  const rows = [...document.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent!.trim())
  );
  assert.deepEqual(rows.map(([trial, , , , status, value]) => [trial, status, value]), [
    ["2", "done", "1.0000"],
    ["4", "done", "2.0000"],
    ["1", "done", "3.0000"],
    ["3", "failed", "–"],
  ]);
  assert.equal(document.querySelector("tbody strong")!.textContent, "1.0000");
  assert.match(document.querySelector(".notes .error")!.textContent!, /^Trial 3, failed: <img/);
  // The command stands in a fenced block, where it is code.
  assert.ok(!sweepMarkdown(sweep([1, 2])).replace(/^```sh\n.*\n```$/m, "").includes("<img"));
});

Deno.test("ties for the best are all marked, but not if all trials tie; ids are not cut off", () => {
  const marked = (values: readonly number[]) => {
    const { document } = parseHTML(sweepHtml(sweep(values)));
    assert.ok([...document.querySelectorAll("tbody tr td:last-child")].every(({ className }) => className === "id"));
    return document.querySelectorAll("tbody strong").length;
  };
  assert.equal(marked([2, 1, 1.00001, 3]), 2);
  assert.equal(marked([1, 1, 1]), 0);
  assert.deepEqual(rankTrials(sweep([2, 1, 1.00001, 3])).best, [2, 3]);
  assert.deepEqual(rankTrials(sweep([1, 1, null])).best, [1, 2]);
  assert.deepEqual(rankTrials(sweep([null, null])).best, []);
});

Deno.test("`sweepHtml()` shows means over seeds for settings that ran with several", () => {
  const seeds = sweep([1, 4, 3, 2]);
  const trials = seeds.trials.map((trial, i) => ({ ...trial, seed: 1 + (i >> 1), settings: { x: String(i % 2) } }));
  const { document } = parseHTML(sweepHtml({ ...seeds, start: { ...seeds.start, keys: ["x"] }, trials }));
  const [, means] = [...document.querySelectorAll("table")];
  assert.match(means!.querySelector("caption")!.textContent!, /^Means over seeds of bpb, lower is better/);
  const rows = [...means!.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent!.trim())
  );
  assert.deepEqual(rows, [["0", "2.0000", "1.0000", "3.0000", "2"], ["1", "3.0000", "2.0000", "4.0000", "2"]]);
});

Deno.test("`sweepFigure()` draws a line for each trial with a value, and is left out if there are fewer than two", () => {
  const figure = sweepFigure(sweep([3, 1, null, 2]))!;
  const { document } = parseHTML(figure.panels[0]!);
  const lines = [...document.querySelectorAll("g[data-mark=line] path")];
  assert.equal(lines.length, 3);
  // The best one is drawn last, in the strongest color.
  const opacity = lines.map((line) => Number(line.getAttribute("stroke-opacity")));
  assert.ok(opacity[0]! < opacity[1]! && opacity[1]! < opacity[2]!, opacity.join(" "));
  assert.equal(lines[2]!.getAttribute("stroke"), "#e04f3f");
  // Labels stand over the lines, on paper that is wider than they are.
  const label = [...document.querySelectorAll("g[data-mark=text]")].find((group) => group.getAttribute("stroke"))!;
  assert.match(label.getAttribute("stroke")!, /--paper/);
  assert.ok(Number(label.getAttribute("stroke-width")) >= 8);
  const groups = [...document.querySelectorAll("svg g")];
  assert.ok(groups.indexOf(label) > groups.indexOf(lines[2]!.closest("g")!), "drawn after the lines");
  assert.ok(!figure.panels[0]!.includes("<img"));
  assert.equal(sweepFigure(sweep([1, null])), undefined);
});

Deno.test("`writeSweepReport()` writes both formats, even for a sweep without results", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = await writeSweepReport(folder, sweep([null, null]));
    assert.match(await Deno.readTextFile(path), /0 of 2 done, 2 failed/);
    assert.match(await Deno.readTextFile(`${folder}/report.md`), /0 of 2 done, 2 failed/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
