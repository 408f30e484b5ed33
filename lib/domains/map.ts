// The map of a clustering: documents in two dimensions.
import * as Plot from "@observablehq/plot";
import { draw, type Figure } from "../report/mod.ts";
import { expertColors } from "./colors.ts";
import type { FitFacts } from "./fit.ts";

/** Sampled documents in the plane of the first two principal components, in the color of their cluster. */
export function mapFigure(names: readonly string[], map: FitFacts["map"]): Figure {
  const colors = expertColors(names);
  const dots = map.map(([x, y, cluster]) => ({ x, y, color: colors[cluster]! }));
  const middles = names.flatMap((name, cluster) => {
    const own = map.filter(([, , of]) => of === cluster);
    if (own.length === 0) return [];
    const mean = (axis: 0 | 1) => own.reduce((sum, point) => sum + point[axis], 0) / own.length;
    return [{ name, x: mean(0), y: mean(1), color: colors[cluster]! }];
  });
  const axis = { ticks: 0, label: null, inset: 12 };
  return {
    name: "map",
    title: "Map",
    caption: `${dots.length.toLocaleString("en-US")} sampled documents in the plane of the first two principal ` +
      "components of their features; each cluster's name is at the mean of its documents. Clusters that overlap here may " +
      "be apart in other dimensions.",
    legend: names.map((label, cluster) => ({ label, color: colors[cluster]! })),
    panels: [
      draw(`Map of ${dots.length} documents in ${names.length} clusters`, {
        width: 640,
        height: 460,
        margin: 12,
        x: axis,
        y: axis,
        color: { type: "identity" },
        marks: [
          Plot.frame({ strokeOpacity: 0.2 }),
          Plot.dot(dots, { x: "x", y: "y", fill: "color", r: 2, fillOpacity: 0.6 }),
          Plot.text(middles, {
            x: "x",
            y: "y",
            text: "name",
            fontSize: 12,
            fontWeight: 600,
            fill: "currentColor",
            stroke: "var(--paper, white)",
            strokeWidth: 4,
          }),
        ],
      }),
    ],
  };
}
