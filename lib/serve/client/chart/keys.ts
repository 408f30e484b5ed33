// What keys do on a chart. Pure.
import type { Range } from "./source.ts";

/** What the key help says. */
export const KEYS = "Drag to zoom in, double-click to zoom out. Keys: arrows move along the curve (with Shift: pan), " +
  "+ and − zoom, 0 shows all, L switches the logarithmic axis, F full screen";

/** What a key asks for. */
export type KeyAction =
  | { readonly kind: "zoom"; readonly range: Range | undefined }
  | { readonly kind: "move"; readonly place: number }
  | { readonly kind: "log" | "full" };

/** What a chart shows. */
export interface Shown {
  /** Places of points, in order. */
  readonly x: readonly number[];
  /** The place of the cursor; undefined when there is none. */
  readonly place: number | undefined;
  readonly range: Range;
  readonly zoomed: boolean;
}

/** How much `+` zooms. */
const FACTOR = 2;

/** What a key does; undefined if nothing, so that it stays the browser's. */
export function keyAction(
  { key, shiftKey, ctrlKey, altKey, metaKey }: Pick<
    KeyboardEvent,
    "key" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey"
  >,
  { x, place, range: [from, to], zoomed }: Shown,
): KeyAction | undefined {
  if (ctrlKey || altKey || metaKey) return undefined;
  const width = to - from;
  const forward = key === "ArrowRight";
  if (forward || key === "ArrowLeft") {
    const sign = forward ? 1 : -1;
    if (shiftKey) return zoomed ? { kind: "zoom", range: [from + sign * width / 4, to + sign * width / 4] } : undefined;
    const shown = x.filter((one) => one >= from && one <= to);
    const next = place === undefined
      ? shown.at(forward ? 0 : -1)
      : forward
      ? shown.find((one) => one > place)
      : shown.findLast((one) => one < place);
    return next === undefined ? undefined : { kind: "move", place: next };
  }
  if (key === "Home" || key === "End") {
    const end = key === "Home" ? x.find((one) => one >= from) : x.findLast((one) => one <= to);
    return end === undefined ? undefined : { kind: "move", place: end };
  }
  if (key === "+" || key === "=") {
    const center = Math.min(to, Math.max(from, place ?? (from + to) / 2));
    return { kind: "zoom", range: [center - (center - from) / FACTOR, center + (to - center) / FACTOR] };
  }
  if (key === "-" || key === "−") {
    if (!zoomed) return undefined;
    return { kind: "zoom", range: [from - width * (FACTOR - 1) / 2, to + width * (FACTOR - 1) / 2] };
  }
  if (key === "0" || (key === "Escape" && zoomed)) return { kind: "zoom", range: undefined };
  if (key === "l" || key === "L") return { kind: "log" };
  if (key === "f" || key === "F") return { kind: "full" };
  return undefined;
}
