// Exploring a sweep's trials: parallel coordinates, a scatter plot, importance, curves and the table, which share what is
// selected and pointed at.
import { importanceOf, parallelCoordinates } from "../../../run/view/mod.ts";
import type { ParallelCoordinates } from "../../../run/view/mod.ts";
import type { ShownSweep } from "../../schemas.ts";
import { createChart } from "../chart/chart.tsx";
import { watchDrags } from "../chart/drags.ts";
import type { Chart } from "../chart/options.ts";
import { h, oncePerFrame } from "../common/dom.ts";
import { mounted } from "../common/mounted.tsx";
import { selectedTrials } from "./brush.ts";
import { ImportanceTable } from "./importance.tsx";
import { isDragged, parallelElement, pointAt, selectIn } from "./parallel.ts";
import { scatterElement } from "./scatter.ts";
import { TrialsTable } from "./trials.tsx";
import type { SweepPageView } from "./view.ts";
import { type Trial, trialLabel } from "./words.ts";

/** The curves of the best trials among those selected; more would be a tangle. */
const MOST_CURVES = 10;

/** The part of the page below the head. */
export interface Explorer {
  readonly element: HTMLElement;
  show(sweep: ShownSweep, view: SweepPageView): void;
  /** There may be new points of curves. */
  refresh(): void;
}

/** An explorer. @param onView called with what people change of the view */
export function createExplorer(onView: (part: Partial<SweepPageView>) => void): Explorer {
  const [lines, dots] = [h("div", { class: "figure-box" }), h("div", { class: "figure-box" })];
  const reading = h("p", { class: "muted" });
  const clear = h("button", { type: "button", class: "button quiet", hidden: true }, "Clear selection");
  const by = h("select", { id: "scatter-by" });
  const all = h("section", { class: "card figure", "aria-label": "All trials", hidden: true });
  all.append(
    h("div", { class: "title-row" }, h("h2", {}, "All trials"), h("span", { class: "push" }), clear),
    reading,
    lines,
  );
  const scatter = h("section", { class: "card figure", "aria-label": "One setting", hidden: true });
  scatter.append(
    h("h2", {}, "One setting"),
    h("p", { class: "field" }, h("label", { for: by.id }, "Setting"), by),
    dots,
  );
  const importance = h("div");
  const curves = h("section", { class: "card figure", "aria-label": "Curves of trials", hidden: true });
  const curvesText = h("p", { class: "muted" });
  curves.append(h("h2", {}, "Curves"), curvesText);
  const table = h("section", { class: "card trials", id: "trials", "aria-label": "Trials" });
  const element = h("div", {}, all, scatter, importance, curves, table);
  const [showImportance, showTable] = [mounted(ImportanceTable, importance), mounted(TrialsTable, table)];
  let chart: Chart | undefined;
  let charted = "";
  let drawn = "";
  let sweep: ShownSweep | undefined;
  /** Shows again what was shown last. */
  let again = () => {};
  const isChartDragged = watchDrags(oncePerFrame(() => again()));

  clear.addEventListener("click", () => {
    drawn = "";
    onView({ brushes: new Map() });
  });
  by.addEventListener("change", () => onView({ by: by.value }));

  /** Marks a trial in every part. */
  const point = (trial: number | undefined) => {
    for (const figure of element.querySelectorAll(".parallel")) pointAt(figure, trial);
    for (const row of table.querySelectorAll<HTMLElement>("tr[data-trial]")) {
      row.classList.toggle("pointed", row.dataset.trial === String(trial));
    }
    chart?.point(sweep?.trials.find((one) => one.trial === trial)?.run ?? undefined);
  };

  const drawFigures = (coordinates: ParallelCoordinates | undefined, now: ShownSweep, view: SweepPageView) => {
    all.hidden = scatter.hidden = coordinates === undefined;
    if (coordinates === undefined) return;
    reading.textContent =
      `One line per trial; the stronger the line, the better its ${now.metric} (${now.better} is better). ` +
      "Drag along an axis to select trials.";
    const brushes = new Map(view.brushes);
    const figure = parallelElement(coordinates, lines.clientWidth, brushes, {
      onPoint: point,
      onBrush(title, share) {
        if (share === undefined) brushes.delete(title);
        else brushes.set(title, share);
        onView({ brushes: new Map(brushes) });
      },
    });
    lines.replaceChildren(figure);
    const settings = coordinates.axes.slice(0, -1).map(({ title }) => title);
    const axis = Math.max(0, settings.indexOf(view.by));
    by.replaceChildren(...settings.map((title, i) => h("option", { value: title, selected: i === axis }, title)));
    dots.replaceChildren(scatterElement(coordinates, axis, dots.clientWidth, point));
  };

  const drawCurves = (now: ShownSweep, selected: ReadonlySet<number> | undefined) => {
    const trials = now.trials.filter(({ trial, run }) => run !== null && (selected?.has(trial) ?? true));
    const shown = trials.slice(0, MOST_CURVES);
    const seeds = new Set(now.trials.map(({ seed }) => seed)).size > 1;
    const runs = shown.map((trial: Trial) => ({ id: trial.run!, label: trialLabel(trial, seeds) }));
    const key = JSON.stringify(runs);
    if (key === charted || isChartDragged()) return;
    charted = key;
    const kept = chart?.kept();
    chart?.close();
    chart = undefined;
    curves.hidden = runs.length === 0;
    if (runs.length === 0) return;
    const which = selected === undefined ? "trials" : "selected trials";
    curvesText.textContent = shown.length < trials.length
      ? `The best ${shown.length} of ${trials.length} ${which}.`
      : "";
    chart = createChart({ title: "Curves of trials", runs, height: 300, ...kept });
    curves.append(chart.element);
  };

  const show = (now: ShownSweep, view: SweepPageView) => {
    again = () => show(now, view);
    sweep = now;
    const ranges = now.random?.ranges ?? [];
    const metric = { text: now.metric, better: now.better };
    const coordinates = parallelCoordinates({ keys: now.keys, ranges }, now.trials, metric);
    const selected = coordinates && selectedTrials(coordinates, view.brushes);
    // A figure that is being dragged on stays; the end of the drag draws it again.
    const state = JSON.stringify([now.trials, now.metric, view.by, element.clientWidth]);
    if (state !== drawn && !isDragged(lines)) {
      drawFigures(coordinates, now, view);
      drawn = state;
    }
    for (const figure of element.querySelectorAll(".parallel")) selectIn(figure, selected);
    clear.hidden = view.brushes.size === 0;
    const scored = now.trials.flatMap(({ settings, seed, value }) => value === null ? [] : [{ settings, seed, value }]);
    const found = importanceOf(now.keys, scored);
    showImportance({ found, trials: scored.length, metric: now.metric });
    drawCurves(now, selected);
    const { sort, descending } = view;
    const onSort = (sort: string, descending: boolean) => onView({ sort, descending });
    showTable({ sweep: now, sort, descending, selected, onSort, onPoint: point });
  };

  return { element, show, refresh: () => chart?.refresh() };
}
