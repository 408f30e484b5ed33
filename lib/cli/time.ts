// Times as people write and read them on the command line. Without a time zone, both mean local time.
import { UserError } from "../errors.ts";

const UNITS: Readonly<Record<string, number>> = { m: 60e3, h: 3600e3, d: 24 * 3600e3, w: 7 * 24 * 3600e3 };
const DATE = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * The moment that `--since` means: `2026-11-22` (its first minute), `2026-11-22T05:00`, both in local time;
 * `2026-11-22T05:00Z` or `…+13:00`; or how long before `now`: `90m`, `36h`, `7d`, `2w`.
 *
 * @throws UserError `list.since`
 */
export function readSince(text: string, now: Date): Date {
  const [, count, unit] = text.match(/^(\d{1,6})([mhdw])$/) ?? [];
  if (unit !== undefined) return new Date(now.getTime() - Number(count) * UNITS[unit]!);
  const [, day, time = "00:00", zone = ""] = text.match(DATE) ?? [];
  const date = new Date(`${day}T${time}${zone}`);
  // JavaScript takes 2026-02-30 for 2 March.
  const exists = day !== undefined && new Date(`${day}T00:00Z`).toJSON()?.slice(0, 10) === day;
  if (exists && !Number.isNaN(date.getTime())) return date;
  throw new UserError(
    "list.since",
    `Cannot read --since ${
      text.trim() === text && text !== "" ? text : JSON.stringify(text)
    }: expected a date such as 2026-11-22 or 2026-11-22T05:00 (local time, or with a time ` +
      "zone such as Z or +01:00), or how long ago, such as 90m, 36h, 7d or 2w",
  );
}

/** A time of the log, ISO 8601 in UTC, as local time: `2026-11-22 06:00`. */
export function localMinute(time: string): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${
    two(date.getMinutes())
  }`;
}
