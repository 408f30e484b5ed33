// Positions of a sweep's trials on the axes of its figure.
import assert from "node:assert/strict";
import { parallelCoordinates } from "../../../lib/run/view/sweep-axes.ts";
import type { RankedTrial } from "../../../lib/run/sweep/view.ts";

const lower = { text: "bpb", better: "lower" } as const;
const trial = (number: number, settings: Record<string, string>, value: number | null, seed = 1): RankedTrial => ({
  trial: number,
  settings,
  seed,
  value,
  status: "done",
  run: null,
  attempts: 1,
  startedAt: null,
  seconds: null,
  error: null,
  cells: null,
  progress: null,
});
const close = (actual: readonly number[], expected: readonly number[]) => {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-9, `${actual} is not ${expected}`));
};

Deno.test("`parallelCoordinates()` places numbers by size, words in order of appearance, and large ranges by logarithm", () => {
  const trials = [
    trial(1, { n: "1", lr: "1e-4", kind: "b" }, 2),
    trial(2, { n: "2", lr: "1e-3", kind: "a" }, 1),
    trial(3, { n: "5", lr: "1e-2", kind: "c" }, 3),
    trial(4, { n: "9", lr: "1e-2", kind: "c" }, null),
  ];
  const { axes, lines } = parallelCoordinates({ keys: ["n", "lr", "kind"], ranges: [] }, trials, lower)!;
  assert.deepEqual(axes.map(({ title }) => title), ["n", "lr", "kind", "bpb"]);
  assert.deepEqual(axes[1]!.ticks.map(({ text }) => text), ["1e-4", "1e-3", "1e-2"]);
  assert.deepEqual(axes[2]!.ticks.map(({ text }) => text), ["b", "a", "c"]);
  // Without the trial that has no value; best last; 1 is best.
  assert.deepEqual(lines.map(({ trial, goodness }) => [trial, goodness]), [[3, 0], [1, 0.5], [2, 1]]);
  close(lines.find(({ trial }) => trial === 2)!.at, [0.25, 0.5, 0.5, 0]);
});

Deno.test("`parallelCoordinates()` uses a logarithmic axis for a logarithmic range, and never for a linear one", () => {
  const trials = [["1", "1"], ["10", "10"], ["100", "100"]].map(([a, b], i) => trial(i + 1, { a: a!, b: b! }, i));
  const ranges = [{ key: "a", scale: "log-int" }, { key: "b", scale: "lin" }];
  const { lines } = parallelCoordinates({ keys: ["a", "b"], ranges }, trials, { ...lower, better: "higher" })!;
  close(lines[1]!.at, [0.5, 9 / 99, 0.5]);
  assert.deepEqual(lines.map(({ trial }) => trial), [1, 2, 3], "the highest is best");
});

Deno.test("`parallelCoordinates()` shows seeds when there are several, and nothing for a single value", () => {
  const two = [trial(1, { a: "1" }, 1, 1), trial(2, { a: "1" }, 1, 2)];
  const { axes, lines } = parallelCoordinates({ keys: ["a"], ranges: [] }, two, lower)!;
  assert.deepEqual(axes.map(({ title }) => title), ["a", "seed", "bpb"]);
  close(lines[0]!.at, [0.5, 1, 0.5]);
  assert.deepEqual(lines.map(({ goodness }) => goodness), [1, 1]);
  assert.equal(parallelCoordinates({ keys: ["a"], ranges: [] }, two.slice(1), lower), undefined);
  assert.equal(parallelCoordinates({ keys: ["a"], ranges: [] }, [], lower), undefined);
});

Deno.test("`parallelCoordinates()` omits labels that would overlap, but never those at the ends", () => {
  const values = [0, 0.01, 0.5, 0.52, 0.98, 1];
  const { axes } = parallelCoordinates(
    { keys: ["a"], ranges: [] },
    values.map((value, i) => trial(i + 1, { a: String(value) }, value)),
    lower,
  )!;
  assert.deepEqual(axes[0]!.ticks.map(({ text }) => text), ["0", "0.5", "1"]);
  const many = Array.from({ length: 30 }, (_, i) => trial(i + 1, { a: String(i) }, i));
  const labels = parallelCoordinates({ keys: ["a"], ranges: [] }, many, lower)!.axes[0]!.ticks;
  assert.deepEqual(labels.map(({ text }) => text), ["0", "7.25", "14.5", "21.75", "29"]);
});
