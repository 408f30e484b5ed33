// The trials of a sweep, in order, from what it varies. Pure and reproducible.
import { UserError } from "../../errors.ts";
import { random } from "../../random.ts";
import type { RangeKey, SweepSpace } from "./spec.ts";

/** One trial: its settings, as `--set` takes them, and its seed. */
export interface PlannedTrial {
  readonly settings: Readonly<Record<string, string>>;
  readonly seed: number;
}

/** How often a repeated point is drawn again before the space counts as exhausted. */
const REDRAWS = 200;
/** Significant digits of drawn numbers: enough to distinguish them, few enough to read. */
const DIGITS = 4;

/** Number of trials in a space. */
export function countTrials({ grid, seeds, draws }: SweepSpace): number {
  return seeds.length * (draws ?? grid.reduce((count, { values }) => count * values.length, 1));
}

/**
 * The trials: seeds outermost, so that all points of the first seed are done early, then the grid's keys in order, the
 * last one varying fastest. With draws, each point takes a random value from every range and every list; draw `i`
 * depends only on the random seed and `i`, so that more draws keep the first ones.
 *
 * @throws UserError `sweep.few-points` when there are fewer different points than draws
 */
export function planTrials(space: SweepSpace): PlannedTrial[] {
  const points = space.draws === undefined ? gridPoints(space) : drawPoints(space, space.draws);
  return space.seeds.flatMap((seed) => points.map((settings) => ({ settings, seed })));
}

type Point = Readonly<Record<string, string>>;

function gridPoints({ grid }: SweepSpace): Point[] {
  return grid.reduce<Point[]>(
    (points, { key, values }) => points.flatMap((point) => values.map((value) => ({ ...point, [key]: value }))),
    [{}],
  );
}

function drawPoints(space: SweepSpace, draws: number): Point[] {
  const points = new Map<string, Point>();
  for (let i = 0; i < draws; i++) {
    let again = 0;
    let point = drawPoint(space, i, again);
    while (points.has(JSON.stringify(point))) {
      if (++again > REDRAWS) {
        throw new UserError(
          "sweep.few-points",
          `Cannot draw ${draws} different points: after ${points.size}, all draws were repetitions`,
          `ask for fewer with --random ${points.size}, or widen the ranges`,
        );
      }
      point = drawPoint(space, i, again);
    }
    points.set(JSON.stringify(point), point);
  }
  return [...points.values()];
}

function drawPoint({ ranges, grid, randomSeed }: SweepSpace, i: number, again: number): Point {
  // A stream per key: adding a range does not change the draws of the others.
  const stream = (key: string) => random(randomSeed, "sweep", key, i, again);
  return Object.fromEntries([
    ...grid.map(({ key, values }) => [key, stream(key).pick(values)]),
    ...ranges.map((range) => [range.key, String(drawNumber(range, stream(range.key).float()))]),
  ]);
}

function drawNumber({ scale, low, high }: RangeKey, share: number): number {
  const whole = scale.endsWith("int");
  // Whole numbers stand for the interval around them, so that both ends are as likely as the rest.
  const [from, to] = whole ? [low - 0.5, high + 0.5] : [low, high];
  const value = scale.startsWith("log")
    ? Math.exp(Math.log(from) + share * (Math.log(to) - Math.log(from)))
    : from + share * (to - from);
  return Math.min(high, Math.max(low, whole ? Math.round(value) : Number(value.toPrecision(DIGITS))));
}
