// The page that compares: its curves, which follow runs and can be explored. Everything else is there without a script.
import { createChart } from "../chart/chart.tsx";
import { byId } from "../common/dom.ts";
import type { ComparedCurves } from "./curves.ts";
import { compareAddress, readCompare } from "./view.ts";

/** Time between requests for new points while a run is under way. */
const REFRESH_MS = 2_500;

const place = document.getElementById("curves");
if (place !== null) showCurves(place, JSON.parse(place.dataset.curves!));

function showCurves(place: HTMLElement, { runs, cells, settings, live }: ComparedCurves): void {
  const chart = createChart({
    title: "Curves",
    runs,
    ...(cells.length === 0 ? {} : { cells }),
    settings,
    height: 320,
    onSettings(chart) {
      const { view } = readCompare(new URLSearchParams(location.search));
      history.replaceState(null, "", compareAddress({ ...view, chart }));
    },
  });
  place.replaceChildren(chart.element);
  if (live) setInterval(() => document.hidden || chart.refresh(), REFRESH_MS);
  for (const heading of byId("main").querySelectorAll<HTMLElement>("th[data-run]")) {
    heading.addEventListener("pointerenter", () => chart.point(heading.dataset.run));
    heading.addEventListener("pointerleave", () => chart.point(undefined));
  }
}
