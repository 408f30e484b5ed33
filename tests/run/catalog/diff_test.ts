// Comparing two runs.
import assert from "node:assert/strict";
import { diffCommand } from "../../../lib/cli/diff.ts";
import { beginRun, type RunResults } from "../../../lib/run/mod.ts";
import { resultsOf } from "../results.ts";
import { trainCell } from "../cells/cells.ts";
import { options, withFolder } from "../fixtures.ts";

const results = (mean: number, math?: number): RunResults => {
  const tasks = math === undefined ? {} : { math: { value: math, low: 0, high: 1, samples: 9 } };
  const made = resultsOf([], { bts: { bpb: { mean }, tasks } });
  const speed = { name: "speed", group: "", value: 10 * mean, interval: null, samples: null, better: "lower" as const };
  return {
    ...made,
    measures: [...made.measures.filter(({ name }) => name !== "parameters"), {
      ...made.measures[0]!,
      name: "parameters",
      format: "count",
    }, { ...made.measures[0]!, name: "speed", machineDependent: true }],
    methods: {
      bts: [
        ...made.methods["bts"]!.filter(({ name }) => name !== "parameters"),
        { ...speed, device: "CPU" },
        { ...speed, name: "parameters", group: "total", value: 37_024 * mean },
      ],
    },
  };
};

async function twoRuns(folder: string): Promise<[string, string]> {
  const made = [];
  for (
    const [seed, config, losses, outcome] of [
      [1, { train: { steps: 5, rates: [1, 2] }, same: { x: null }, only: {} }, [1], results(2, 0.25)],
      [2, { train: { steps: 7, rates: [1, 3] }, same: { x: null } }, [2], results(1.5)],
    ] as const
  ) {
    const run = await beginRun(options(folder, { seed, config, command: ["bts", "--seed", String(seed)] }));
    await trainCell(run, "shared", [0]);
    await trainCell(run, "own", losses);
    run.finish(outcome);
    made.push(run.id);
  }
  return made as [string, string];
}

const printed = async (folder: string, ...args: string[]) => {
  let text = "";
  await diffCommand([...args, "--runs", folder], (piece) => text += piece);
  return text;
};

Deno.test("`diffCommand()` prints differing settings, versions and cells, and all results", () =>
  withFolder(async (folder) => {
    const [a, b] = await twoRuns(folder);
    const diff = JSON.parse(await printed(folder, a, b, "--json"));
    assert.deepEqual(diff.config, [
      { key: "train.steps", a: 5, b: 7 },
      { key: "train.rates", a: [1, 2], b: [1, 3] },
      { key: "only", a: {} },
    ]);
    assert.deepEqual(diff.made, [{ key: "seed", a: 1, b: 2 }, {
      key: "command",
      a: "bts --seed 1",
      b: "bts --seed 2",
    }]);
    assert.deepEqual(diff.cells.map(({ key }: { key: string }) => key), ["own"]);
    assert.deepEqual(diff.results, [
      { key: "bts/bpb/mean", a: 2, b: 1.5, format: "number", machineDependent: false },
      { key: "bts/math", a: 0.25, b: null, format: "proportion", machineDependent: false },
      { key: "bts/speed", a: 20, b: 15, format: "number", machineDependent: true },
      { key: "bts/parameters/total", a: 74_048, b: 55_536, format: "count", machineDependent: false },
    ]);
    const text = await printed(folder, a, b);
    assert.match(text, /train\.steps +5 +7\n/);
    assert.match(text, /bts\/bpb\/mean +2\.0000 +1\.5000 +-0\.5000/);
    assert.match(text, /bts\/speed +20\.0000 +15\.0000 +-5\.0000 +depends on the machine/);
    assert.match(text, /bts\/parameters\/total +74048 +55536 +-18512$/m);
  }));

Deno.test("`diffCommand()` of a run with itself finds no difference", () =>
  withFolder(async (folder) => {
    const [a] = await twoRuns(folder);
    const diff = JSON.parse(await printed(folder, a, a, "--json"));
    assert.deepEqual([diff.config, diff.made, diff.cells], [[], [], []]);
    assert.match(await printed(folder, a, a), /Configuration: no difference/);
    await assert.rejects(printed(folder, a), /missing required argument/i);
    await assert.rejects(printed(folder, a, "none"), /There is no run "none"/);
  }));
