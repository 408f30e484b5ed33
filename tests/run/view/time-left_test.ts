// How long cells and runs still take.
import assert from "node:assert/strict";
import {
  estimatedSeconds,
  fastestTokensPerSecond,
  LAYERS_PER_CELL,
  runSecondsLeft,
  secondsLeft,
} from "../../../lib/run/view/time-left.ts";
import type { CellView, RunView } from "../../../lib/run/events/views.ts";
import { foldEvents } from "../../../lib/run/view/view.ts";
import type { RunEvent } from "../../../lib/run/events/events.ts";
import { demoBodies, stamp } from "../demo-log.ts";

const cell = (flops: number, layers = 0) => ({ flops, layers });
const SPEED = { flopsPerSecond: 1e9, secondsPerLayer: 0.001 };

Deno.test("`estimatedSeconds()` counts operations, passes through layers, and what every cell takes beside them", () => {
  const beyond = (flops: number, layers: number) =>
    estimatedSeconds([cell(flops, layers)], SPEED) - estimatedSeconds([cell(0)], SPEED);
  assert.ok(Math.abs(beyond(2e9, 0) - 2 * beyond(1e9, 0)) < 1e-9 && beyond(1e9, 0) > 1);
  // Generating tokens one by one has next to no operations, and takes seconds all the same.
  assert.ok(Math.abs(beyond(0, 5_000) - 5) < 1e-9);
  const twenty = estimatedSeconds(Array.from({ length: 20 }, () => cell(0)), SPEED);
  assert.ok(Math.abs(twenty - 20 * LAYERS_PER_CELL * SPEED.secondsPerLayer) < 1e-9 && twenty > 5);
});

const START = Date.UTC(2026, 0, 1);
const SECONDS = { a: 100, b: 200, c: 300, d: 100 };
const LAYERS = 2e5 - LAYERS_PER_CELL; // 200 s each at SPEED

/** A run of four cells of equal work, of which those in `done` have taken their seconds. */
function runUpTo(
  done: readonly (keyof typeof SECONDS)[],
  more: readonly object[] = [],
  speed: object | null = SPEED,
): RunView {
  const [start] = demoBodies({ id: "r", plain: true });
  const plan = Object.keys(SECONDS).map((cell) => ({
    cell,
    title: cell,
    work: { tokens: 1e6, flops: 1e9, layers: LAYERS },
  }));
  let seconds = 0;
  const bodies: [number, object][] = [[0, { ...start, plan, ...(speed === null ? {} : { speed }) }]];
  for (const cell of done) {
    bodies.push([seconds, { kind: "cell.start", cell, title: cell, description: "", cellKey: "k" }]);
    seconds += SECONDS[cell];
    bodies.push([seconds, { kind: "cell.end", cell, status: "done", seconds: SECONDS[cell], summary: "" }]);
  }
  for (const body of more) bodies.push([seconds, body]);
  return foldEvents(
    bodies.map(([second, body], seq) =>
      ({ seq, time: new Date(START + 1000 * second).toISOString(), ...body }) as RunEvent
    ),
  )!;
}

Deno.test("`runSecondsLeft()` is the plan's estimate at first, and later follows what cells have taken", () => {
  const estimate = estimatedSeconds([{ flops: 1e9, layers: LAYERS }], SPEED);
  assert.ok(Math.abs(runSecondsLeft(runUpTo([]), START)! - 4 * estimate) < 1e-6);
  const left = (done: readonly (keyof typeof SECONDS)[]) => runSecondsLeft(runUpTo(done), START)!;
  // One cell took 100 s, so three more take about 300 s, whatever was estimated.
  assert.ok(Math.abs(left(["a"]) - 300) < 40, `${left(["a"])}`);
  assert.ok(Math.abs(left(["a", "b", "c"]) - 200) < 10, `${left(["a", "b", "c"])}`);
  assert.equal(left(["a", "b", "c", "d"]), 0);
});

Deno.test("`runSecondsLeft()` counts the running cell at its own pace, and needs no speed once a cell is done", () => {
  const started = { kind: "cell.start", cell: "b", title: "b", description: "", cellKey: "k" };
  const view = runUpTo(["a"], [started], null);
  const before = runSecondsLeft(view, START + 100_000)!;
  assert.ok(Math.abs(before - 300) < 1, `${before}`);
  for (const step of [1, 2, 3, 4, 5]) {
    view.cells[1]!.metrics.push({ step, time: new Date(START + 100_000 + 4_000 * step).toISOString(), values: {} });
  }
  view.cells[1]!.steps = 100;
  // 95 steps of 4 s, and two cells that take as long as 1.05 cells in 120 s suggest.
  const left = runSecondsLeft(view, START + 120_000)!;
  assert.ok(Math.abs(left - (95 * 4 + 2 * 120 / 1.05)) < 1, `${left}`);
});

Deno.test("`runSecondsLeft()` follows tokens where operations are not counted, as of a model behind an endpoint", () => {
  const view = runUpTo(["a"], [], null);
  for (const cell of view.cells) cell.work = { tokens: 1000, flops: 0, layers: 0 };
  assert.equal(runSecondsLeft(view, START + 100_000), 300);
  for (const cell of view.cells) cell.status = "planned";
  assert.equal(runSecondsLeft(view, START), undefined);
});

Deno.test("`runSecondsLeft()` says nothing of a run that is over, or whose log does not say what it takes", () => {
  assert.equal(runSecondsLeft(runUpTo([], [], null), START), undefined);
  assert.equal(runSecondsLeft({ ...runUpTo([]), status: "stopped" }, START), undefined);
  const old = foldEvents(stamp(demoBodies({ id: "r", plain: true }).slice(0, 3), new Date(), 1))!;
  assert.equal(runSecondsLeft(old, Date.now()), undefined);
});

Deno.test("`secondsLeft()` runs down between two points, and stays where it is if the next is late", () => {
  const at = (seconds: number) => new Date(START + 1000 * seconds).toISOString();
  const metrics = [1, 2, 3].map((step) => ({ step, time: at(2 * step), values: {} }));
  const cell = { metrics, steps: 10, startedAt: at(0) } as unknown as CellView;
  assert.equal(secondsLeft(cell), 14);
  assert.equal(secondsLeft(cell, START + 7_000), 13);
  assert.equal(secondsLeft(cell, START + 60_000), 12);
});

Deno.test("`fastestTokensPerSecond()` is the measured speed in tokens", () => {
  const [one] = runUpTo([]).cells;
  assert.equal(fastestTokensPerSecond(one!, SPEED), 1e6);
  assert.equal(fastestTokensPerSecond(one!, null), undefined);
  assert.equal(fastestTokensPerSecond({ ...one!, work: null }, SPEED), undefined);
});
