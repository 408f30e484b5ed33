// A chart of any logged metrics of runs and cells: smoothed, zoomed, followed live, saved as a picture or as numbers.
import type uPlot from "uplot";
import type { SeriesNames } from "../../../run/view/mod.ts";
import { h, oncePerFrame, setAttribute, setText } from "../common/dom.ts";
import { mounted } from "../common/mounted.tsx";
import { rangeFor } from "./axis.ts";
import { cellsWith, choicesOf, metricNames } from "./choices.ts";
import { type Curve, curvesOfRuns, type RunSeries } from "./curves.ts";
import { savePicture } from "./download.ts";
import { watchDrags } from "./drags.ts";
import { keyAction, KEYS } from "./keys.ts";
import { Legend, legendItems } from "./legend.tsx";
import { type Drawing, drawingOf, extentOf, wholeRange } from "./lines.ts";
import { namesOf } from "./names.ts";
import type { Chart, ChartOptions } from "./options.ts";
import { createPlot, dataOf, lookOf, pageTheme } from "./plot.ts";
import { type ChartSettings, DEFAULT_SETTINGS, keptSettings, withNames } from "./settings.ts";
import { createSource, csvAddress, type Range } from "./source.ts";
import { chartSvg } from "./svg.ts";
import { autoWeight, axisText, describe, notesText, spokenText } from "./texts.ts";
import { Toolbar } from "./toolbar.tsx";

/** What a place may lose when it becomes pixels and a place again. */
const ROUNDING = 1e-9;

/** A chart; it appears once there is something to draw. */
export function createChart(options: ChartOptions): Chart {
  const { title, runs, cells, onSettings, folded = false, height = 240 } = options;
  const tools = h("div");
  const canvas = h("div", { class: "chart-plot", role: "img", tabindex: 0, title: KEYS });
  const legend = h("div");
  const notes = h("p", { class: "chart-notes", role: "status" });
  const spoken = h("p", { class: "visually-hidden", "aria-live": "polite" });
  const head = folded ? h("details", { class: "chart-options" }, h("summary", {}, "Chart options"), tools) : tools;
  const element = h("section", { class: "chart", "aria-label": title, hidden: true });
  element.append(head, canvas, legend, notes, spoken);
  const [showTools, showLegend] = [mounted(Toolbar, tools), mounted(Legend, legend)];

  /** What was not left to the chart. */
  let given: Partial<ChartSettings> = options.settings ?? {};
  let settings: ChartSettings = { ...DEFAULT_SETTINGS, ...given };
  /** What `smooth: null` stands for. */
  let auto = 0;
  let names: readonly SeriesNames[] = [];
  let data: readonly RunSeries[] = [];
  let curves: readonly Curve[] = [];
  let drawing: Drawing = { x: [], lines: [], masked: 0, broken: 0 };
  /** What the plot shows: during a drag not the latest. */
  let plotted = drawing;
  let hidden: ReadonlySet<string> = new Set();
  let zoom = options.zoom;
  let place: number | undefined;
  /** The place if keys have chosen it. */
  let chosen: number | undefined;
  let trouble: string | undefined;
  let plot: uPlot | undefined;
  let drawn = "";
  let pausing: ReturnType<typeof setTimeout> | undefined;

  const source = createSource({
    runs: runs.map(({ id }) => id),
    onData(now) {
      data = now;
      redraw();
    },
    onTrouble(text) {
      trouble = text;
      redraw();
    },
  });

  const shownCells = () => settings.cell === "" ? cells : [settings.cell];
  const ask = () => {
    const { metrics, x, smooth } = settings;
    auto = autoWeight(names.filter(({ cell }) => shownCells()?.includes(cell) ?? true), metrics);
    source.show({ cells: shownCells(), metrics, x, smooth: smooth ?? auto, range: zoom });
  };
  const change = (part: Partial<ChartSettings>) => {
    if (part.x !== undefined && part.x !== settings.x) zoom = chosen = undefined;
    [given, settings] = [{ ...given, ...part }, { ...settings, ...part }];
    onSettings?.(settings);
    if (part.log === undefined) ask();
    redraw();
  };
  const zoomTo = (range: Range | undefined) => {
    zoom = range;
    redraw();
    // Dragging and keys come in bursts.
    clearTimeout(pausing);
    pausing = setTimeout(ask, 150);
  };

  const life = new AbortController();
  const isDragged = watchDrags(() => redraw(), life);
  const learnNames = namesOf(runs.map(({ id }) => id), cells, (now) => {
    if (life.signal.aborted) return;
    names = now;
    const before = settings;
    settings = withNames(settings, names, given, runs.length);
    if (settings !== before || (before.metrics.length > 0 && data.length === 0)) ask();
    redraw();
  });

  const range = (): Range => zoom ?? wholeRange(drawing, curves, settings.x);

  const full = () => document.fullscreenElement === element;
  const switchFull = () => full() ? document.exitFullscreen() : element.requestFullscreen();
  const size = () => ({
    width: canvas.clientWidth,
    height: full() ? Math.max(height, innerHeight - tools.offsetHeight - legend.offsetHeight - 90) : height,
  });

  const draw = () => {
    element.hidden = data.length === 0 && trouble === undefined;
    if (!element.isConnected || element.hidden) return;
    curves = curvesOfRuns(data, runs);
    drawing = drawingOf(curves, { log: settings.log, hidden });
    drawTools();
    drawLegend();
    setText(notes, notesText(drawing, data, curves, settings, trouble));
    notes.hidden = notes.textContent === "";
    setAttribute(canvas, "aria-label", describe(title, curves, drawing, settings, zoom));
    // A new plot would know nothing of the drag, and a new range would move what is selected.
    if (size().width === 0 || isDragged()) return;
    plotted = drawing;
    const now = lookOf(drawing, settings);
    if (now !== drawn || plot === undefined) {
      const before = chosen;
      plot?.destroy();
      drawn = now;
      plot = createPlot(canvas, () => plotted, {
        ...size(),
        x: settings.x,
        log: settings.log,
        sync: "stitchbook",
        range,
        onZoom: zoomTo,
        onCursor(now) {
          const isChosen = chosen !== undefined && now !== undefined &&
            Math.abs(now - chosen) <= ROUNDING * Math.abs(now);
          if (!isChosen) [place, chosen] = [now, undefined];
          drawLegend();
        },
      });
      // It draws itself in a microtask, without a cursor.
      if (before !== undefined) queueMicrotask(() => moveTo(before));
    } else plot.setData(dataOf(drawing));
  };
  const redraw = oncePerFrame(draw);

  /** Puts the cursor on a place, if that is in sight. */
  const moveTo = (now: number) => {
    const [from, to] = range();
    if (plot === undefined || now < from || now > to) return;
    plot.setCursor({ left: plot.valToPos(now, "x"), top: plot.over.clientHeight / 2 });
    place = chosen = now;
    drawLegend();
  };

  const drawTools = () =>
    showTools({
      title,
      settings,
      cells: cellsWith(names, settings.metrics),
      choices: choicesOf(metricNames(names)),
      autoSmooth: auto,
      zoomed: zoom !== undefined,
      full: full(),
      csv: csvAddress(runs.map(({ id }) => id), shownCells(), settings.metrics),
      onChange: change,
      onReset: () => zoomTo(undefined),
      onFull: switchFull,
      onSave: save,
    });

  const drawLegend = () => {
    const last = drawing.x.at(-1);
    const at = place ?? last;
    const items = legendItems(curves, drawing, hidden, at);
    const text = at === undefined ? "" : `${place === undefined ? "latest, " : ""}${axisText(settings.x, at)}`;
    showLegend({ items, place: text, onToggle: toggle, onPoint: pointKey });
  };

  const toggle = (key: string) => {
    const now = new Set(hidden);
    if (!now.delete(key)) now.add(key);
    hidden = now;
    redraw();
  };
  const pointKey = (key: string | undefined) => pointAt((curve) => curve.key === key, key !== undefined);
  const pointAt = (matches: (curve: Curve) => boolean, any: boolean) => {
    if (plot === undefined) return;
    for (const [i, { curve }] of plotted.lines.entries()) {
      // Not `setSeries()`: it knows one series, and a curve may have two lines.
      (plot.series[i + 1] as { alpha?: number }).alpha = !any || matches(curve) ? 1 : 0.15;
    }
    plot.redraw(false);
  };

  const save = (format: "svg" | "png") => {
    const xRange = range();
    const yRange = rangeFor(...(extentOf(drawing, ...xRange) ?? [1, 1]), settings.log);
    const picture = { title, drawing, x: settings.x, log: settings.log, xRange, yRange };
    savePicture(chartSvg({ ...picture, theme: pageTheme() }), title, format).catch((error) => {
      trouble = `Cannot save the picture: ${error.message}`;
      redraw();
    });
  };

  canvas.addEventListener("keydown", (event) => {
    const action = keyAction(event, { x: drawing.x, place, range: range(), zoomed: zoom !== undefined });
    if (action === undefined || plot === undefined) return;
    event.preventDefault();
    if (action.kind === "zoom") zoomTo(action.range);
    if (action.kind === "log") change({ log: !settings.log });
    if (action.kind === "full") switchFull();
    if (action.kind === "move") {
      moveTo(action.place);
      setText(spoken, spokenText(drawing, settings.x, action.place));
    }
  });

  const resize = new ResizeObserver(() => plot === undefined ? redraw() : size().width > 0 && plot.setSize(size()));
  resize.observe(canvas);
  element.addEventListener("fullscreenchange", () => {
    plot?.setSize(size());
    redraw();
  }, life);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    drawn = "";
    redraw();
  }, life);
  learnNames();

  return {
    element,
    refresh() {
      learnNames();
      if (settings.metrics.length > 0) source.refresh();
      redraw();
    },
    kept: () => ({ settings: keptSettings(settings, given), ...(zoom === undefined ? {} : { zoom }) }),
    point: (run) => pointAt((curve) => curve.run === run, run !== undefined),
    close() {
      source.close();
      resize.disconnect();
      life.abort();
      clearTimeout(pausing);
      plot?.destroy();
      element.remove();
    },
  };
}
