// Numbers and durations for readers.
import { type MeasureInfo, shownValue } from "../run/mod.ts";

/** `value` with a fixed number of decimals and a true minus sign; an en dash if it is missing or not finite. */
export function fixed(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A count with three significant digits: 950, 12.3k, 264M, 2.7B, 15T. */
export function compact(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const units = ["", "k", "M", "B", "T"];
  let scaled = value, unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) [scaled, unit] = [scaled / 1000, unit + 1];
  return `${unit === 0 ? Math.round(scaled * 100) / 100 : Number(scaled.toPrecision(3))}${units[unit]}`;
}

/** A size in bytes, in powers of 1000: `336 B`, `353 kB`, `8.3 MB`. */
export function byteSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let scaled = bytes, unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) [scaled, unit] = [scaled / 1000, unit + 1];
  return `${unit === 0 || scaled >= 99.5 ? Math.round(scaled) : scaled.toFixed(1)} ${units[unit]}`;
}

/** Seconds as `8.4 s`, `3 min 12 s`, `2 h 05 min`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** A measured value with its measure's digits; an en dash if it is missing. */
export function measured(value: number | undefined, info: Pick<MeasureInfo, "format" | "digits">): string {
  if (value === undefined) return "–";
  return info.format === "count" ? compact(value) : fixed(shownValue(value, info), info.digits);
}

/** `[1.23, 1.31]` */
export function range(low: number, high: number, digits: number): string {
  return `[${fixed(low, digits)}, ${fixed(high, digits)}]`;
}
