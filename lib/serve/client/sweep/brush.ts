// Selecting trials on the axes of the figure: by dragging along an axis, or with keys on it. Pure.
import type { ParallelCoordinates } from "../../../run/mod.ts";
import type { Share } from "./view.ts";

/** The trials within all selected parts; undefined when nothing is selected. */
export function selectedTrials(
  { axes, lines }: ParallelCoordinates,
  brushes: ReadonlyMap<string, Share>,
): ReadonlySet<number> | undefined {
  const parts = axes.flatMap(({ title }, axis) => {
    const share = brushes.get(title);
    return share === undefined ? [] : [{ axis, share }];
  });
  if (parts.length === 0) return undefined;
  const within = (place: number, [from, to]: Share) => place >= from - 1e-9 && place <= to + 1e-9;
  return new Set(
    lines.filter(({ at }) => parts.every(({ axis, share }) => within(at[axis]!, share))).map(({ trial }) => trial),
  );
}

const STEP = 0.05;
/** The part that the first key selects. */
const FIRST: Readonly<Record<string, Share>> = { ArrowUp: [0.75, 1], ArrowDown: [0, 0.25] };

/**
 * The selected part of an axis after a key: arrows move it, with Shift its upper end, with Alt its lower end; Escape and
 * Delete clear it (null). Undefined if the key does nothing.
 */
export function brushAfterKey(
  { key, shiftKey, altKey }: Pick<KeyboardEvent, "key" | "shiftKey" | "altKey">,
  share: Share | undefined,
): Share | null | undefined {
  if (key === "Escape" || key === "Delete" || key === "Backspace") return share === undefined ? undefined : null;
  if (key !== "ArrowUp" && key !== "ArrowDown") return undefined;
  if (share === undefined) return FIRST[key]!;
  const by = key === "ArrowUp" ? STEP : -STEP;
  const [from, to] = share;
  if (shiftKey) return [from, Math.min(1, Math.max(from + STEP, to + by))];
  if (altKey) return [Math.max(0, Math.min(to - STEP, from + by)), to];
  const moved = Math.min(1 - to, Math.max(-from, by));
  return [from + moved, to + moved];
}
