// A cell's progress in one line: bar, step, loss, tokens per second, time left. Pure: the browser loads this file.
import { cutToWidth, padEnd } from "./format-table.ts";
import { printable } from "./printable.ts";
import { secondsLeft, shareDone } from "./time-left.ts";
import type { CellView } from "../events/views.ts";

/** `41 s`, `3 min 20 s`, `2 h 05 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** `950`, `12.3k`, `1.2M`. */
function formatCount(count: number): string {
  if (count < 1_000) return String(Math.round(count));
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

/** Whether a cell counts training steps. One without a loss counts something else, such as scored texts. */
export function countsSteps({ metrics }: CellView): boolean {
  return metrics.some(({ values }) => values["loss"] !== undefined);
}

/** A cell's progress as one line of at most `width` columns. */
export function progressLine(cell: CellView, now: number, width: number): string {
  const parts: string[] = [];
  const last = cell.metrics.at(-1);
  const value = (name: string) => cell.metrics.findLast(({ values }) => typeof values[name] === "number")?.values[name];
  if (last !== undefined && cell.steps !== null) {
    const share = shareDone(cell);
    parts.push(`${bar(share, 16)} ${String(Math.floor(share * 100)).padStart(3)} %`);
    if (countsSteps(cell)) parts.push(`step ${last.step}/${cell.steps}`);
  }
  for (const name of ["loss", "validation"]) {
    const number = value(name);
    if (typeof number === "number") parts.push(`${name} ${number.toFixed(3)}`);
  }
  const speed = value("tokensPerSecond");
  if (typeof speed === "number") parts.push(`${formatCount(speed)} tokens/s`);
  const rate = value("megabytesPerSecond");
  if (typeof rate === "number") parts.push(`${rate.toFixed(1)} MB/s`);
  const left = secondsLeft(cell);
  const elapsed = cell.startedAt === null ? 0 : Math.max(0, now - Date.parse(cell.startedAt)) / 1000;
  parts.push(left === undefined ? formatSeconds(elapsed) : `${formatSeconds(left)} left`);
  const line = `${padEnd(printable(cell.name), 20)} ${parts.join(" · ")}`;
  return cutToWidth(line, width);
}

function bar(share: number, width: number): string {
  const full = Math.round(share * width);
  return "█".repeat(full) + "░".repeat(width - full);
}
