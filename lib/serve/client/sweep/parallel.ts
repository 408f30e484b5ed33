// A sweep's parallel coordinates as SVG: one line per trial, highlighted when it or its row is hovered; a part of each
// axis can be selected.
import type { ParallelCoordinates, TrialLine } from "../../../run/mod.ts";
import { svg } from "../common/svg.ts";
import { brushAfterKey } from "./brush.ts";
import type { Share } from "./view.ts";

const HEIGHT = 300;
const TOP = 34;
const BOTTOM = 14;
const LEFT = 24;
/** Room for the labels of the last axis. */
const RIGHT = 76;
const LEAST_STEP = 110;

/** What happens on the figure. */
export interface ParallelEvents {
  /** The hovered trial, or none. */
  readonly onPoint: (trial: number | undefined) => void;
  /** A part of an axis was selected, or none of it. */
  readonly onBrush: (title: string, share: Share | undefined) => void;
}

/** The figure. @param brushes selected parts of axes, by title */
export function parallelElement(
  { axes, lines }: ParallelCoordinates,
  width: number,
  brushes: ReadonlyMap<string, Share>,
  { onPoint, onBrush }: ParallelEvents,
): SVGElement {
  const step = Math.max(LEAST_STEP, (width - LEFT - RIGHT) / (axes.length - 1));
  const total = LEFT + step * (axes.length - 1) + RIGHT;
  const x = (axis: number) => LEFT + step * axis;
  const y = (at: number) => TOP + (1 - at) * (HEIGHT - TOP - BOTTOM);
  const root = svg("svg", {
    class: "parallel",
    viewBox: `0 0 ${total} ${HEIGHT}`,
    width: total,
    height: HEIGHT,
    role: "group",
    "aria-label": "Settings and results of all trials, one line per trial; the table below has the same data",
  });
  for (const i of axes.keys()) root.append(svg("line", { class: "axis", x1: x(i), x2: x(i), y1: y(0), y2: y(1) }));
  for (const line of lines) root.append(lineElement(line, x, y, onPoint));
  for (const [i, { title, ticks }] of axes.entries()) {
    const anchor = i === 0 ? "start" : i === axes.length - 1 ? "end" : "middle";
    const at = i === 0 ? x(i) - LEFT / 2 : i === axes.length - 1 ? total - 4 : x(i);
    root.append(svg("text", { class: "title", x: at, y: 14, "text-anchor": anchor }, shorten(title)));
    for (const tick of ticks) {
      root.append(svg("text", { class: "tick", x: x(i) + 9, y: y(tick.at) + 4 }, shorten(tick.text)));
    }
  }
  for (const [i, { title }] of axes.entries()) {
    root.append(brushElement(title, x(i), y, brushes.get(title), (share) => onBrush(title, share)));
  }
  return root;
}

/** Half the width of the strip along an axis that takes drags. */
const GRIP = 9;
/** A shorter drag is a click, which clears. */
const LEAST_SHARE = 0.015;

/** The strip along an axis: dragging selects a part, a click clears it, and keys do the same. */
function brushElement(
  title: string,
  x: number,
  y: (at: number) => number,
  first: Share | undefined,
  onBrush: (share: Share | undefined) => void,
): SVGElement {
  const strip = svg("rect", { class: "strip", x: x - GRIP, width: 2 * GRIP, y: y(1), height: y(0) - y(1) });
  const range = svg("rect", { class: "range", x: x - GRIP, width: 2 * GRIP });
  const group = svg("g", {
    class: "brush",
    role: "slider",
    tabindex: 0,
    "aria-orientation": "vertical",
    "aria-label": `Select trials by ${title}`,
    "aria-valuemin": 0,
    "aria-valuemax": 100,
  });
  group.append(svg("title", {}, `Drag to select trials by ${title}; click to clear. Keys: arrows, Shift, Alt, Escape`));
  group.append(strip, range);
  let share = first;
  let from: number | undefined;
  const show = () => {
    group.setAttribute("aria-valuenow", String(Math.round(100 * (share?.[1] ?? 1))));
    const percent = (one: number) => `${Math.round(100 * one)} %`;
    group.setAttribute("aria-valuetext", share === undefined ? "all" : `${percent(share[0])} to ${percent(share[1])}`);
    range.setAttribute("y", String(y(share?.[1] ?? 0)));
    range.setAttribute("height", String(share === undefined ? 0 : y(share[0]) - y(share[1])));
  };
  const take = (now: Share | undefined) => {
    share = now;
    show();
    onBrush(share);
  };
  const shareAt = (event: PointerEvent) => {
    const { top, height } = strip.getBoundingClientRect();
    return Math.min(1, Math.max(0, 1 - (event.clientY - top) / height));
  };
  group.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    group.setPointerCapture(event.pointerId);
    group.classList.add("dragged");
    from = shareAt(event);
  });
  group.addEventListener("pointermove", (event) => {
    if (from === undefined) return;
    const to = shareAt(event);
    if (Math.abs(to - from) >= LEAST_SHARE) take(from < to ? [from, to] : [to, from]);
  });
  const end = (now: Share | undefined) => {
    from = undefined;
    group.classList.remove("dragged");
    take(now);
  };
  group.addEventListener("pointerup", (event) => {
    if (from !== undefined) end(Math.abs(shareAt(event) - from) < LEAST_SHARE ? undefined : share);
  });
  group.addEventListener("pointercancel", () => from !== undefined && end(share));
  group.addEventListener("keydown", (event) => {
    const after = brushAfterKey(event, share);
    if (after === undefined) return;
    event.preventDefault();
    take(after ?? undefined);
  });
  show();
  return group;
}

function lineElement(
  { at, trial, goodness, value }: TrialLine,
  x: (axis: number) => number,
  y: (at: number) => number,
  onPoint: (trial: number | undefined) => void,
): SVGElement {
  const points = at.map((place, i) => [x(i), y(place)] as const);
  const path = points.map(([px, py], i) => {
    if (i === 0) return `M${px},${py}`;
    const [bx, by] = points[i - 1]!;
    const middle = (bx + px) / 2;
    return `C${middle},${by} ${middle},${py} ${px},${py}`;
  }).join("");
  const group = svg("g", { class: "trial", "data-trial": trial });
  group.style.setProperty("--goodness", goodness.toFixed(3));
  group.append(
    svg("title", {}, `Trial ${trial}: ${value}`),
    svg("path", { class: "hit", d: path }),
    svg("path", { class: "line", d: path }),
    ...points.map(([cx, cy]) => svg("circle", { cx, cy, r: 2.5 })),
  );
  group.addEventListener("pointerenter", () => onPoint(trial));
  group.addEventListener("pointerleave", () => onPoint(undefined));
  return group;
}

/** Whether somebody is dragging along an axis of the figure. */
export function isDragged(root: Element): boolean {
  return root.querySelector(".brush.dragged") !== null;
}

/** Marks the line of a trial, or none. */
export function pointAt(root: Element, trial: number | undefined): void {
  root.classList.toggle("pointing", trial !== undefined);
  for (const line of root.querySelectorAll<SVGElement>(".trial")) {
    line.classList.toggle("pointed", line.dataset.trial === String(trial));
  }
}

/** Fades the trials that are not selected; undefined: none are. */
export function selectIn(root: Element, selected: ReadonlySet<number> | undefined): void {
  for (const line of root.querySelectorAll<SVGElement>(".trial")) {
    line.classList.toggle("left-out", selected !== undefined && !selected.has(Number(line.dataset.trial)));
  }
}

/** A text that fits beside an axis. */
export function shorten(text: string): string {
  return text.length > 22 ? `…${text.slice(-21)}` : text;
}
