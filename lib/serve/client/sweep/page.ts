// The page of one sweep: its trials, best first, and a figure of all of them, updated while it runs.
import { parallelCoordinates, shellLine, VALUE_DIGITS } from "../../../run/view/mod.ts";
import type { ShownSweep, SweepResponse } from "../../schemas.ts";
import { serveCommand } from "../common/command.ts";
import { showConnection } from "../common/connection.ts";
import { badge, byId, type Child, entry, h, setBadge, setText } from "../common/dom.ts";
import { clock, duration, fixed, when } from "../common/format.ts";
import { parallelElement, pointAt } from "./parallel.ts";
import { change, getSession } from "../common/session.ts";
import { twiceButton } from "../common/twice-button.ts";

/** Time between requests for a sweep that is running, and for one that is not: it may be resumed. */
const REFRESH_MS = { running: 1_500, over: 5_000 } as const;
type Trial = ShownSweep["trials"][number];

const id = decodeURIComponent(location.pathname.split("/").at(-1)!);
const address = `/api/sweeps/${encodeURIComponent(id)}`;
const connection = byId("connection");
const API = h("a", { href: "/openapi.json" }, "API");
const input = h("input", { type: "text", id: "metric", list: "metrics", spellcheck: "false", autocomplete: "off" });
const metrics = h("datalist", { id: "metrics" });
const fault = h("p", { class: "field-error", role: "alert", hidden: true });
const head = {
  title: h("h1"),
  status: badge("running"),
  facts: h("dl", { class: "facts" }),
  states: h("span"),
  best: h("span"),
  elapsed: h("span"),
  bar: h("ol", { class: "strip", "aria-hidden": "true" }),
  resume: h("p", { class: "notice", hidden: true }),
  report: h("a", { class: "button", href: `${address}/report`, target: "_blank", rel: "noopener", hidden: true }),
};
const stopButton = twiceButton("Stop", "Stop this sweep?", async () => {
  await change(`${address}/stop`);
  stopButton.textContent = "Stopping";
});
let mayStop = false;
let shown = "";
let sweep: ShownSweep | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

input.addEventListener("change", () => {
  const query = input.value.trim() === "" ? "" : `?metric=${encodeURIComponent(input.value.trim())}`;
  history.replaceState(null, "", location.pathname + query);
  refresh();
});
addEventListener("resize", () => sweep !== undefined && showFigure(sweep));
build();
refresh();
getSession().then(({ stop }) => {
  mayStop = stop;
  stopButton.hidden = !mayStop || sweep?.status !== "running";
}, () => {});

async function refresh(): Promise<void> {
  clearTimeout(timer);
  if (!document.hidden || sweep === undefined) await load();
  timer = setTimeout(refresh, REFRESH_MS[sweep?.status === "running" ? "running" : "over"]);
}

async function load(): Promise<void> {
  const metric = new URLSearchParams(location.search).get("metric") ?? "";
  try {
    const response = await fetch(metric === "" ? address : `${address}?metric=${encodeURIComponent(metric)}`);
    const answer = await response.json();
    fault.hidden = response.ok;
    if (response.ok) show(answer as SweepResponse);
    else if (response.status === 400) setText(fault, answer.error.message);
    else throw new Error(answer.error.message);
    showConnection(connection, sweep?.status === "running" ? "live" : "ended");
    if (sweep?.status !== "running") setText(connection, "Sweep ended");
  } catch {
    showConnection(connection, "reconnecting");
  }
}

function build(): void {
  head.facts.append(entry("Trials", head.states), entry("Best", head.best), entry("Elapsed", head.elapsed));
  head.report.append("Open the report");
  byId("head").append(
    h("div", { class: "title-row" }, head.title, head.status, h("span", { class: "push" }), stopButton, head.report),
    head.facts,
    head.bar,
    head.resume,
    h("p", { class: "field" }, h("label", { for: "metric" }, "Compare by"), input, metrics),
    fault,
  );
}

function show({ sweep: now, report, runsFolder }: SweepResponse): void {
  sweep = now;
  setText(head.title, now.name);
  setText(byId("crumb"), now.name);
  setBadge(head.status, now.status);
  const done = now.counts.done;
  document.title = `${now.status === "running" ? `${done}/${now.trials.length}` : now.status} · ${now.name}`;
  setText(head.states, statesText(now));
  setText(head.best, bestText(now));
  const until = now.status === "running" ? Date.now() : Date.parse(now.updatedAt);
  const seconds = Math.max(0, (until - Date.parse(now.startedAt)) / 1000);
  setText(head.elapsed, now.status === "running" ? clock(seconds) : duration(seconds));
  head.report.hidden = !report;
  stopButton.hidden = !mayStop || now.status !== "running";
  const unfinished = now.status !== "done" && now.status !== "running";
  head.resume.hidden = !unfinished;
  const option = serveCommand(runsFolder).replace("deno task serve", "");
  if (unfinished && head.resume.childElementCount === 0) {
    head.resume.append(
      "Not all trials are done. ",
      h("code", {}, `deno task sweep resume ${now.sweep}${option}`),
      " resumes it.",
    );
  }
  const state = JSON.stringify({ ...now, updatedAt: "" });
  if (state === shown) return;
  shown = state;
  if (input.value === "" || document.activeElement !== input) input.value = now.metric;
  metrics.replaceChildren(...now.metrics.map((name) => h("option", { value: name })));
  const byNumber = [...now.trials].sort((a, b) => a.trial - b.trial);
  head.bar.replaceChildren(...byNumber.map(({ status }) => h("li", { "data-status": status })));
  showFigure(now);
  showTrials(now);
  showFooter(now);
}

function statesText({ counts, trials }: ShownSweep): string {
  const others = Object.entries(counts).filter(([status, count]) => status !== "done" && count > 0);
  return [`${counts.done} of ${trials.length} done`, ...others.map(([status, count]) => `${count} ${status}`)].join(
    ", ",
  );
}

function bestText({ best, trials, metric }: ShownSweep): string {
  if (best.length === 0) return "–";
  const value = `${fixed(trials[0]!.value!, VALUE_DIGITS)} ${metric}`;
  if (best.length === 1) return `${value}, trial ${best[0]}`;
  if (allAlike({ best, trials })) return `${value}, all ${best.length} trials alike`;
  return `${value}, trials ${best.slice(0, -1).join(", ")} and ${best.at(-1)}`;
}

/** Whether several values are all equal at the digits shown: then none is marked as best. */
function allAlike({ best, trials }: Pick<ShownSweep, "best" | "trials">): boolean {
  return best.length > 1 && best.length === trials.filter(({ value }) => value !== null).length;
}

function showFigure(now: ShownSweep): void {
  const section = byId("figure");
  const ranges = now.random?.ranges ?? [];
  const metric = { text: now.metric, better: now.better };
  const coordinates = parallelCoordinates({ keys: now.keys, ranges }, now.trials, metric);
  section.hidden = coordinates === undefined;
  if (coordinates === undefined) return;
  const box = h("div", { class: "figure-box", tabindex: 0 });
  const reading = `One line per trial; the stronger the line, the better its ${now.metric} (${now.better} is better).`;
  section.replaceChildren(
    h("div", { class: "card figure" }, h("h2", {}, "All trials"), h("p", { class: "muted" }, reading), box),
  );
  box.append(parallelElement(coordinates, box.clientWidth, point));
}

/** Marks a trial in figure and table. */
function point(trial: number | undefined): void {
  const figure = document.querySelector(".parallel");
  if (figure !== null) pointAt(figure, trial);
  for (const row of document.querySelectorAll<HTMLElement>("#trials tr[data-trial]")) {
    row.classList.toggle("pointed", row.dataset.trial === String(trial));
  }
}

function showTrials(now: ShownSweep): void {
  const seeds = new Set(now.trials.map(({ seed }) => seed)).size > 1;
  const heads = ["Trial", ...now.keys, ...(seeds ? ["seed"] : []), "Status", now.metric, "Took", "Cells", "Run"];
  const numeric = (key: string) => now.trials.every(({ settings }) => Number.isFinite(Number(settings[key])));
  const kinds = ["number", ...now.keys.map((key) => numeric(key) ? "number" : ""), ...(seeds ? ["number"] : [])];
  const all = [...kinds, "", "number", "number", "", ""];
  const caption = h("caption", {}, `Trials by ${now.metric}; ${now.better} is better`);
  const head = h("tr", {}, heads.map((title, i) => h("th", { scope: "col", class: all[i] || null }, title)));
  const body = h("tbody", {}, now.trials.map((trial) => row(trial, now, seeds, all)));
  const box = h(
    "div",
    { class: "table-box", role: "region", "aria-label": "Trials", tabindex: 0 },
    h("table", {}, caption, h("thead", {}, head), body),
  );
  byId("trials").replaceChildren(h("div", { class: "card trials" }, box));
}

function row(trial: Trial, now: ShownSweep, seeds: boolean, kinds: readonly string[]): HTMLElement {
  const value = trial.value === null ? "–" : fixed(trial.value, VALUE_DIGITS);
  const link = trial.run === null ? "–" : h("a", { href: `/runs/${encodeURIComponent(trial.run)}` }, trial.run);
  const cells: Child[] = [
    ...now.keys.map((key) => trial.settings[key] ?? "–"),
    ...(seeds ? [String(trial.seed)] : []),
    badge(trial.status),
    value,
    trial.seconds === null ? "–" : duration(trial.seconds),
    cellsText(trial),
    link,
  ];
  const marked = now.best.includes(trial.trial) && !allAlike(now);
  const element = h(
    "tr",
    { "data-trial": trial.trial, title: trial.error },
    h("th", { scope: "row", class: "number" }, String(trial.trial)),
    cells.map((cell, i) => {
      const best = marked && cell === value ? "best" : "";
      return h("td", { class: [kinds[i + 1], best].join(" ").trim() || null }, cell);
    }),
  );
  element.addEventListener("pointerenter", () => point(trial.trial));
  element.addEventListener("pointerleave", () => point(undefined));
  return element;
}

function cellsText({ progress, cells, error, status }: Trial): string {
  if (progress !== null) {
    return `${progress.ended} of ${progress.total}${progress.current ? `, ${progress.current}` : ""}`;
  }
  if (error !== null && status !== "stopped") return error.split("\n", 1)[0]!.slice(0, 120);
  return cells === null ? "–" : `${cells.total}, ${cells.cached} from cache`;
}

function showFooter(now: ShownSweep): void {
  byId("footer").replaceChildren(
    h(
      "details",
      { class: "card about" },
      h("summary", {}, "Command"),
      h("p", {}, h("code", {}, shellLine(now.command))),
      h("p", { class: "muted" }, `${now.experiment} · started ${when(now.startedAt)} · `, h("code", {}, now.sweep)),
      now.damage.length > 0 && h("p", { class: "error" }, `Damaged lines of sweep.jsonl: ${now.damage.join(", ")}`),
    ),
    h("p", { class: "muted links" }, h("a", { href: address }, "This sweep as JSON"), " · ", API),
  );
}
