// One cell of the notebook: built once, then updated.
import type { CellView } from "../../../run/mod.ts";
import { countsSteps } from "../../../run/view/mod.ts";
import { createChart } from "../chart/chart.ts";
import { badge, h, setAttribute, setBadge, setText } from "../common/dom.ts";
import { bytes, clock, compact, duration, measured, words } from "../common/format.ts";
import { createGroups, isGroupMetric } from "./groups.ts";
import { tableElement } from "../common/table.ts";

/** A cell on the page. */
export interface CellElement {
  readonly element: HTMLElement;
  /** Shows the current view; cheap if little has changed. */
  update(cell: CellView): void;
  /** Moves the clocks of a running cell. */
  tick(cell: CellView, now: number): void;
}

/** An empty cell, number `index` from 1. Its files lie below `runsFolder`. */
export function createCell(index: number, runsFolder: string): CellElement {
  const title = h("h2", { id: `title-${index}` });
  const name = h("code", { class: "chip" });
  const status = badge("planned");
  const time = h("span", { class: "elapsed" });
  const description = h("p", { class: "description" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress" });
  const readings = h("dl", { class: "readings" });
  const progress = h("div", { class: "progress", hidden: true }, bar, readings);
  const chart = createChart();
  const groups = createGroups();
  const notes = h("ul", { class: "notes", hidden: true });
  const tables = h("div", { class: "tables" });
  const summary = h("p", { class: "summary", hidden: true });
  const artifactList = h("ul", {});
  const artifactCount = h("summary", {});
  const artifactFolder = h("code");
  const artifactPlace = h("p", { class: "muted" }, "in ", artifactFolder);
  const artifacts = h("details", { class: "artifacts", hidden: true }, artifactCount, artifactPlace, artifactList);
  const body = h(
    "div",
    { class: "body" },
    description,
    progress,
    chart.element,
    groups.element,
    notes,
    tables,
    summary,
    artifacts,
  );
  const element = h(
    "article",
    { class: "cell", id: `cell-${index}`, "aria-labelledby": `title-${index}` },
    h("span", { class: "gutter", "aria-hidden": "true" }, `[${index}]`),
    h("div", { class: "card" }, h("header", {}, title, name, h("span", { class: "push" }), time, status), body),
  );
  const shown = { notes: 0, tables: 0, artifacts: 0 };
  const readingValues = new Map<string, HTMLElement>();

  const reading = (label: string, value: string) => {
    let target = readingValues.get(label);
    if (target === undefined) {
      readingValues.set(label, target = h("dd"));
      readings.append(h("div", {}, h("dt", {}, label), target));
    }
    setText(target, value);
  };

  const forget = (label: string) => {
    readingValues.get(label)?.parentElement?.remove();
    readingValues.delete(label);
  };

  const showProgress = (cell: CellView) => {
    const last = cell.metrics.at(-1);
    if (last === undefined || cell.steps === null) return;
    progress.hidden = false;
    bar.hidden = cell.status !== "running";
    bar.value = Math.min(1, last.step / cell.steps);
    if (countsSteps(cell)) {
      reading("step", `${last.step.toLocaleString("en")} / ${cell.steps.toLocaleString("en")}`);
    } else if (cell.status === "done" || cell.status === "cached") forget("progress");
    else reading("progress", share(cell)!);
    for (const [key, value] of latestValues(cell)) {
      const speed = key === "tokensPerSecond";
      reading(speed ? "tokens/s (last step)" : words(key), speed && value !== null ? compact(value) : measured(value));
    }
  };

  const tick = (cell: CellView, now: number) => {
    const running = cell.status === "running" && cell.startedAt !== null;
    const seconds = running ? Math.max(0, (now - Date.parse(cell.startedAt!)) / 1000) : cell.seconds;
    setText(time, seconds === null ? "" : running ? clock(seconds) : duration(seconds));
    const left = running ? secondsLeft(cell, now) : undefined;
    if (left !== undefined) reading("time left", clock(left));
    else forget("time left");
  };

  return {
    element,
    tick,
    update(cell) {
      setText(title, cell.title);
      setText(name, cell.name);
      setBadge(status, cell.status);
      setAttribute(element, "data-status", cell.status);
      setAttribute(element, "aria-current", cell.status === "running" ? "step" : null);
      setText(description, cell.description);
      showProgress(cell);
      chart.update(cell.metrics, cell.steps);
      groups.update(cell);
      for (; shown.notes < cell.notes.length; shown.notes++) notes.append(noteElement(cell.notes[shown.notes]!));
      notes.hidden = shown.notes === 0;
      for (; shown.tables < cell.tables.length; shown.tables++) tables.append(tableElement(cell.tables[shown.tables]!));
      setText(summary, cell.summary);
      summary.hidden = cell.summary === "";
      if (cell.artifacts.length > 0) setText(artifactFolder, folderOf(cell.artifacts[0]!, runsFolder));
      for (; shown.artifacts < cell.artifacts.length; shown.artifacts++) {
        artifactList.append(artifactElement(cell.artifacts[shown.artifacts]!));
      }
      setText(artifactCount, `${shown.artifacts} ${shown.artifacts === 1 ? "file" : "files"}`);
      artifacts.hidden = shown.artifacts === 0;
      tick(cell, Date.now());
    },
  };
}

/** A note as a list item, with its level in words for people who cannot see the color. */
export function noteElement({ level, text }: CellView["notes"][number]): HTMLElement {
  return h("li", { "data-level": level }, level !== "info" && h("strong", {}, `${level}: `), text);
}

function artifactElement({ name, bytes: size, sha256 }: CellView["artifacts"][number]): HTMLElement {
  return h("li", {}, h("code", { title: `sha256 ${sha256}` }, name), ` · ${bytes(size)}`);
}

/** The folder that a file lies in, which all files of a cell share: `runs/.cells/<key>/`. */
export function folderOf({ name, path }: { name: string; path: string }, runsFolder: string): string {
  const folder = path.endsWith(`/${name}`) ? path.slice(0, -name.length) : path.replace(/[^/]*$/, "");
  return `${runsFolder}/${folder}`;
}

/** A cell's progress in percent, `42 %`; undefined if unknown. */
export function share({ metrics, steps }: CellView): string | undefined {
  const step = metrics.at(-1)?.step;
  return step === undefined || steps === null ? undefined : `${Math.floor(100 * Math.min(1, step / steps))} %`;
}

/** The latest value of every metric, in order of first appearance; looks back a little, as some are rare. */
function latestValues({ metrics }: CellView): Map<string, number | null> {
  const latest = new Map<string, number | null>();
  for (const { values } of metrics.slice(-200)) {
    for (const [name, value] of Object.entries(values)) if (!isGroupMetric(name)) latest.set(name, value);
  }
  return latest;
}

/** Seconds until the last step at the mean speed so far; undefined before two points and at the end. */
export function secondsLeft({ metrics, steps }: CellView, now: number): number | undefined {
  const [first, last] = [metrics[0], metrics.at(-1)];
  if (first === undefined || last === undefined || steps === null || last.step <= first.step) return undefined;
  const perStep = (Date.parse(last.time) - Date.parse(first.time)) / 1000 / (last.step - first.step);
  // Between two points the clock keeps running, but no further than to the next point.
  const interval = metrics.length < 2 ? 0 : perStep * (last.step - metrics.at(-2)!.step);
  const since = Math.min(interval, Math.max(0, (now - Date.parse(last.time)) / 1000));
  return last.step >= steps ? undefined : Math.max(0, perStep * (steps - last.step) - since);
}
