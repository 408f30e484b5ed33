// Series of a run: what a client has after any number of updates is what it would get at once.
import assert from "node:assert/strict";
import { random } from "../../../lib/random.ts";
import type { AxisName, CellSeries, RunEvent, SeriesQuery } from "../../../lib/run/mod.ts";
import { applyToPoints, noPoints, type RunPoints } from "../../../lib/run/series/points.ts";
import { seriesNames, seriesOf } from "../../../lib/run/series/series.ts";
import { foldEvents, smoothed } from "../../../lib/run/view/mod.ts";
import { takeSeries } from "../../../lib/run/view/take-series.ts";
import { demoBodies, stamp } from "../demo-log.ts";
import { randomEvents } from "./random-events.ts";

const SEED = Date.now() % 100_000;
console.log(`random logs with seed ${SEED}`);

function fold(events: readonly RunEvent[], points = noPoints()): RunPoints {
  for (const event of events) applyToPoints(points, event);
  return points;
}

Deno.test("points are those of the view, in every cell and after every rewind", () => {
  for (let trial = 0; trial < 10; trial++) {
    const events = randomEvents(SEED, trial, 1500);
    const all = seriesOf(fold(events), { x: "step", buckets: 1e6 });
    for (const { name, metrics } of foldEvents(events)!.cells) {
      const cell = all.find((one) => one.cell === name);
      for (const metric of new Set(metrics.flatMap(({ values }) => Object.keys(values)))) {
        const wanted = metrics.filter(({ values }) => metric in values);
        const got = cell!.series.find((one) => one.metric === metric)!;
        assert.deepEqual(got.step, wanted.map(({ step }) => step));
        assert.deepEqual(
          got.value,
          wanted.map(({ values }) => values[metric] === null ? null : Number(values[metric]!.toPrecision(6))),
        );
      }
      if (metrics.length === 0) assert.equal(cell, undefined);
    }
  }
});

Deno.test("updates add up to what a whole answer has, whatever happened in between", () => {
  for (let trial = 0; trial < 10; trial++) {
    const from = random(SEED, "updates", trial);
    const events = randomEvents(SEED, 100 + trial, 3000);
    const x = from.pick<AxisName>(["step", "tokens", "time"]);
    const part = from.float() < 0.4 && x === "step" ? { from: 100, to: 600 } : {};
    const query: SeriesQuery = { x, buckets: from.between(20, 100), ...part, smooth: 0.9 };
    const points = noPoints();
    let known: readonly CellSeries[] = [];
    let after = -1;
    for (let done = 0; done < events.length;) {
      const next = Math.min(events.length, done + from.between(1, 300));
      fold(events.slice(done, next), points);
      done = next;
      known = takeSeries(known, seriesOf(points, { ...query, after }));
      after = points.lastSeq;
    }
    const byName = (list: readonly CellSeries[]) =>
      Object.fromEntries(list.map(({ cell, steps, series }) => [cell, {
        steps,
        series: Object.fromEntries(series.map(({ replaces: _, ...one }) => [one.metric, one])),
      }]));
    assert.deepEqual(byName(known), byName(seriesOf(points, query)), `trial ${trial}`);
  }
});

Deno.test("an update has only what is new", () => {
  const events = randomEvents(SEED, 7, 200).filter(({ kind }) => kind === "run.start" || kind === "metrics");
  const points = fold(events);
  assert.deepEqual(seriesOf(points, { x: "step", buckets: 1000, after: points.lastSeq }), []);
  const last = points.cells.get("a")!.step;
  const step = last.at(last.length - 1) + 1;
  const seq = points.lastSeq;
  const time = new Date().toISOString();
  applyToPoints(points, { kind: "metrics", seq: seq + 1, time, cell: "a", step, steps: 9999, values: { loss: 1 } });
  const [cell, ...others] = seriesOf(points, { x: "step", buckets: 1000, after: seq });
  assert.deepEqual([cell?.cell, others, cell?.series.length], ["a", [], 1]);
  assert.deepEqual(cell!.series[0]!.step.slice(-1), [step]);
  assert.ok(cell!.series[0]!.step.length <= 2);
});

Deno.test("places on the axes: tokens as logged, seconds since the cell's start, unknown where nothing says", () => {
  const [start] = demoBodies({ id: "20261122-101010-bts-demo-aaaa" });
  const events = stamp(
    [
      start!,
      { kind: "cell.start", cell: "a", title: "A", description: "", cellKey: "" },
      { kind: "metrics", cell: "a", step: 0, steps: 4, values: { validation: 3 } },
      { kind: "metrics", cell: "a", step: 1, steps: 4, values: { loss: 0, tokens: 100 } },
      { kind: "metrics", cell: "a", step: 2, steps: 4, values: { loss: -1, tokens: 200 } },
      { kind: "metrics", cell: "a", step: 2, steps: 4, values: { validation: null } },
    ],
    new Date("2026-11-22T10:00:00Z"),
    500,
  );
  const at = (x: AxisName) => seriesOf(fold(events), { x, buckets: 10, metrics: ["validation"] })[0]!.series[0]!;
  assert.deepEqual(at("tokens").x, [0, 200]);
  assert.deepEqual(at("time").x, [0.5, 2]);
  assert.deepEqual(at("flops").x, [null, null]);
  const [first, ...rest] = events;
  assert.ok(first?.kind === "run.start");
  const plan = [{ cell: "a", title: "A", work: { tokens: 400, flops: 1200, layers: 1 } }];
  const planned = fold([{ ...first, plan }, ...rest]);
  assert.deepEqual(seriesOf(planned, { x: "flops", buckets: 10, metrics: ["validation"] })[0]!.series[0]!.x, [0, 600]);
  assert.deepEqual([at("step").x, at("step").step, at("step").value, at("step").notFinite], [undefined, [0, 2], [
    3,
    null,
  ], 1]);
  const [loss] = seriesOf(fold(events), { x: "step", buckets: 10, metrics: ["loss"] })[0]!.series;
  assert.equal(loss!.notPositive, 2);
  assert.deepEqual(seriesNames(fold(events)), [{
    cell: "a",
    title: "A",
    steps: 4,
    metrics: [
      { name: "validation", points: 2, step: 2, last: null },
      { name: "loss", points: 2, step: 2, last: -1 },
      { name: "tokens", points: 2, step: 2, last: 200 },
    ],
  }]);
});

Deno.test("the moving average is over all points, whatever is left out", () => {
  // A log that goes back near its end has too few points.
  const lengthOf = (events: readonly RunEvent[]) => fold(events).cells.get("a")?.step.length ?? 0;
  const trial = Array.from({ length: 100 }, (_, i) => i).find((i) => lengthOf(randomEvents(SEED, i, 2000)) > 200)!;
  const events = randomEvents(SEED, trial, 2000);
  const [whole, thinned] = [1e6, 30].map((buckets) =>
    seriesOf(fold(events), { x: "step", buckets, metrics: ["loss"], smooth: 0.95 })[0]!.series[0]!
  );
  const averages = smoothed(whole!.value, 0.95);
  assert.ok(thinned!.step.length < whole!.step.length);
  for (const [i, step] of thinned!.step.entries()) {
    const wanted = averages[whole!.step.indexOf(step)]!;
    if (wanted === null) assert.equal(thinned!.smooth![i], null);
    else assert.ok(Math.abs(thinned!.smooth![i]! - wanted) < 1e-4, `step ${step}`);
  }
});

Deno.test("a part of an axis comes with the next point on either side", () => {
  const [start] = demoBodies({ id: "20261122-101010-bts-demo-aaaa" });
  const steps = Array.from({ length: 40 }, (_, i) => 10 * i);
  const events = stamp(
    [
      start!,
      ...steps.map((step) =>
        ({ kind: "metrics", cell: "a", step, steps: 400, values: { loss: step, tokens: 7 * step } }) as const
      ),
    ],
    new Date(),
    10,
  );
  const part = (x: AxisName, from: number, to: number) =>
    seriesOf(fold(events), { x, from, to, buckets: 100, metrics: ["loss"] })[0]!.series[0]!.step;
  assert.deepEqual(part("step", 95, 125), [90, 100, 110, 120, 130]);
  assert.deepEqual(part("tokens", 7 * 95, 7 * 125), [90, 100, 110, 120, 130]);
  assert.deepEqual(part("step", 100, 120), [90, 100, 110, 120, 130]);
});
