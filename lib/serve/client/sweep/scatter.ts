// One setting against the metric, a dot for each trial: as SVG, on the axes of the parallel coordinates.
import type { ParallelCoordinates } from "../../../run/mod.ts";
import { svg } from "../common/svg.ts";
import { shorten } from "./parallel.ts";

const HEIGHT = 260;
const [LEFT, RIGHT, TOP, BOTTOM] = [72, 24, 14, 44];

/** The figure. @param axis number of the setting's axis; `onPoint` gets the hovered trial */
export function scatterElement(
  { axes, lines }: ParallelCoordinates,
  axis: number,
  width: number,
  onPoint: (trial: number | undefined) => void,
): SVGElement {
  const total = Math.max(280, width);
  const x = (at: number) => LEFT + at * (total - LEFT - RIGHT);
  const y = (at: number) => TOP + (1 - at) * (HEIGHT - TOP - BOTTOM);
  const [across, up] = [axes[axis]!, axes.at(-1)!];
  const root = svg("svg", {
    class: "parallel scatter",
    viewBox: `0 0 ${total} ${HEIGHT}`,
    width: total,
    height: HEIGHT,
    role: "img",
    "aria-label": `${up.title} against ${across.title}, one dot per trial; the table below has the same data`,
  });
  for (const { at, text } of across.ticks) {
    root.append(svg("line", { class: "axis", x1: x(at), x2: x(at), y1: y(0), y2: y(1) }));
    root.append(svg("text", { x: x(at), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, shorten(text)));
  }
  for (const { at, text } of up.ticks) {
    root.append(svg("line", { class: "axis", x1: x(0), x2: x(1), y1: y(at), y2: y(at) }));
    root.append(svg("text", { x: x(0) - 8, y: y(at) + 4, "text-anchor": "end" }, shorten(text)));
  }
  root.append(
    svg("text", { class: "title", x: x(0.5), y: HEIGHT - 6, "text-anchor": "middle" }, shorten(across.title)),
  );
  for (const { at, trial, goodness, value } of lines) {
    const dot = svg("g", { class: "trial", "data-trial": trial });
    dot.style.setProperty("--goodness", goodness.toFixed(3));
    dot.append(
      svg("title", {}, `Trial ${trial}: ${value}`),
      svg("circle", { cx: x(at[axis]!), cy: y(at.at(-1)!), r: 5 }),
    );
    dot.addEventListener("pointerenter", () => onPoint(trial));
    dot.addEventListener("pointerleave", () => onPoint(undefined));
    root.append(dot);
  }
  return root;
}
