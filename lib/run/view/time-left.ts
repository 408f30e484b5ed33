// How long cells and runs take: estimates from what they compute, corrected by what has passed. Pure: the browser loads
// this file.
import type { Speed, Work } from "../events/events.ts";
import type { CellView, RunView } from "../events/views.ts";
import { isUnderWay } from "./view.ts";

/** Share of the device's measured speed in matrix products that training is assumed to reach. */
export const ASSUMED_EFFICIENCY = 0.7;

/** Passes through layers that take about as long as the rest of a cell: reading, checking and writing. */
export const LAYERS_PER_CELL = 600;

/** Estimated seconds of all cells together on a device of this speed. */
export function estimatedSeconds(cells: readonly Pick<Work, "flops" | "layers">[], speed: Speed): number {
  const sum = (key: "flops" | "layers") => cells.reduce((total, cell) => total + cell[key], 0);
  const layers = sum("layers") + cells.length * LAYERS_PER_CELL;
  return sum("flops") / (speed.flopsPerSecond * ASSUMED_EFFICIENCY) + layers * speed.secondsPerLayer;
}

/**
 * Tokens per second that a cell would train on if it consisted of large matrix products alone, at the device's measured
 * speed; undefined if the log says too little.
 */
export function fastestTokensPerSecond({ work }: CellView, speed: Speed | null): number | undefined {
  if (work === null || speed === null || work.tokens === 0 || work.flops === 0) return undefined;
  return speed.flopsPerSecond * work.tokens / work.flops;
}

/** How many of a cell's last points determine its pace. */
const RECENT = 50;

/**
 * Seconds until the cell's last step at the pace of its last points; undefined while there is no pace.
 *
 * @param now milliseconds; the time since the last point counts, up to the time that a step takes. @default then
 */
export function secondsLeft({ metrics, steps, startedAt }: CellView, now?: number): number | undefined {
  const last = metrics.at(-1);
  if (last === undefined || steps === null || startedAt === null) return undefined;
  const recent = metrics.slice(-RECENT);
  // The first point is left out when there are others: it includes compiling and warming up.
  const points = recent.length > 1 ? recent : [{ step: 0, time: startedAt }, last];
  const paces = points.slice(1).map(({ step, time }, i) => {
    const before = points[i]!;
    return (Date.parse(time) - Date.parse(before.time)) / 1000 / (step - before.step);
  }).filter((pace) => Number.isFinite(pace) && pace >= 0);
  // Replayed points come all at once, and the first point after an interruption comes late: neither is the pace.
  const usual = paces.toSorted((a, b) => a - b)[Math.floor(0.75 * (paces.length - 1))];
  if (usual === undefined) return undefined;
  const counted = paces.filter((pace) => pace >= usual / 10 && pace <= 10 * usual);
  const pace = counted.reduce((a, b) => a + b, 0) / counted.length;
  const between = pace * (last.step - points.at(-2)!.step);
  const since = now === undefined ? 0 : Math.min(between, Math.max(0, (now - Date.parse(last.time)) / 1000));
  return Math.max(0, pace * Math.max(0, steps - last.step) - since);
}

/** While less than this has passed, an estimate counts more than the pace. */
const TRUSTED_AFTER_SECONDS = 20;

/**
 * Seconds until the run's end; undefined if it is over, or if too little is known. Cells to come take as long as their
 * work suggests at the pace of the cells that have run; until some have, at the device's measured speed. Cells that will
 * turn out to be cached are counted.
 *
 * @param now milliseconds
 */
export function runSecondsLeft(view: RunView, now: number): number | undefined {
  if (!isUnderWay(view) || view.cells.every(({ work }) => work === null)) return undefined;
  const { speed } = view;
  const unit = view.cells.some(({ work }) => work !== null && work.flops > 0) ? "flops" : "tokens";
  /** In seconds if the speed is known, else in operations or tokens: their ratio to seconds is the pace. */
  const size = (work: Work) => speed === null ? work[unit] : estimatedSeconds([work], speed);
  let [spent, passed, ahead, current] = [0, 0, 0, 0];
  for (const cell of view.cells) {
    const { work, status, seconds, startedAt } = cell;
    if (status === "cached" || work === null || size(work) === 0) continue;
    if (status === "done") {
      spent += seconds ?? 0;
      passed += size(work);
      continue;
    }
    const part = size(work) * shareDone(cell);
    const left = status === "running" ? secondsLeft(cell, now) : undefined;
    if (left === undefined) ahead += size(work) - part;
    else current += left;
    if (status !== "running") continue;
    spent += startedAt === null ? 0 : Math.max(0, now - Date.parse(startedAt)) / 1000;
    passed += part;
  }
  const trusted = speed === null ? 0 : TRUSTED_AFTER_SECONDS;
  if (ahead === 0) return current;
  if (passed + trusted === 0) return undefined;
  return current + ahead * (spent + trusted) / (passed + trusted);
}

/** The share of a cell's steps that are done, 0 to 1; 0 if it does not count any. */
export function shareDone({ metrics, steps }: CellView): number {
  const step = metrics.at(-1)?.step;
  return step === undefined || steps === null ? 0 : Math.min(1, step / steps);
}
