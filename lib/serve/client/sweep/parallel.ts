// A sweep's parallel coordinates as SVG: one line per trial, highlighted when it or its row is hovered.
import type { ParallelCoordinates, TrialLine } from "../../../run/mod.ts";

const NAMESPACE = "http://www.w3.org/2000/svg";
const HEIGHT = 300;
const TOP = 34;
const BOTTOM = 14;
const LEFT = 24;
/** Room for the labels of the last axis. */
const RIGHT = 76;
const LEAST_STEP = 110;

/** The figure; `onPoint` gets the hovered trial. */
export function parallelElement(
  { axes, lines }: ParallelCoordinates,
  width: number,
  onPoint: (trial: number | undefined) => void,
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
    role: "img",
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
  return root;
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

/** Marks the line of a trial, or none. */
export function pointAt(root: Element, trial: number | undefined): void {
  root.classList.toggle("pointing", trial !== undefined);
  for (const line of root.querySelectorAll<SVGElement>(".trial")) {
    line.classList.toggle("pointed", line.dataset.trial === String(trial));
  }
}

function svg(tag: string, attributes: Readonly<Record<string, string | number>>, text?: string): SVGElement {
  const element = document.createElementNS(NAMESPACE, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

function shorten(text: string): string {
  return text.length > 22 ? `…${text.slice(-21)}` : text;
}
