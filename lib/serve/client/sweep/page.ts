// The page of one sweep: its trials, best first, figures of all of them and their curves, updated while it runs.
import { shellLine } from "../../../run/view/mod.ts";
import type { ShownSweep, SweepResponse } from "../../schemas.ts";
import { serveCommand } from "../common/command.ts";
import { showConnection } from "../common/connection.ts";
import { badge, byId, entry, h, setBadge, setText } from "../common/dom.ts";
import { clock, duration, when } from "../common/format.ts";
import { change, getSession } from "../common/session.ts";
import { twiceButton } from "../common/twice-button.ts";
import { createExplorer } from "./explorer.tsx";
import { namesOf } from "./trials.tsx";
import { queryOf, readView, unknownNames } from "./view.ts";
import { bestText, statesText } from "./words.ts";

/** Time between requests for a sweep that is running, and for one that is not: it may be resumed. */
const REFRESH_MS = { running: 1_500, over: 5_000 } as const;

const GONE = "This sweep's folder was removed, or the first line of its file cannot be read; its runs are still there.";

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
const { view: first, faults } = readView(location.search);
let view = first;
const explorer = createExplorer((part) => {
  view = { ...view, ...part };
  history.replaceState(null, "", location.pathname + queryOf(view));
  if (sweep !== undefined) explorer.show(sweep, view);
});
let mayStop = false;
let shown = "";
let sweep: ShownSweep | undefined;
/** The metric that was last shown, and why another one was refused. */
let [shownMetric, refused] = ["", ""];
let timer: ReturnType<typeof setTimeout> | undefined;

input.addEventListener("change", () => {
  view = { ...view, metric: input.value.trim() };
  refused = "";
  history.replaceState(null, "", location.pathname + queryOf(view));
  refresh();
});
addEventListener("resize", () => sweep !== undefined && explorer.show(sweep, view));
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
  const { metric } = view;
  try {
    const response = await fetch(metric === "" ? address : `${address}?metric=${encodeURIComponent(metric)}`);
    const answer = await response.json();
    if (answer.error?.code === "sweep.metric" && metric !== shownMetric) {
      // The rest of the page does not depend on it.
      refused = answer.error.message;
      view = { ...view, metric: shownMetric };
      return await load();
    }
    const isGone = response.status === 404;
    if (response.ok) {
      shownMetric = metric;
      show(answer as SweepResponse);
    }
    setText(fault, response.ok ? refused : isGone ? GONE : answer.error.message);
    fault.hidden = response.ok && refused === "";
    if (isGone) stopButton.hidden = head.report.hidden = true;
    const running = sweep?.status === "running" && !isGone;
    showConnection(connection, response.status >= 500 ? "reconnecting" : running ? "live" : "ended");
    if (isGone) setText(connection, "Removed");
    else if (response.ok && !running) setText(connection, "Sweep ended");
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
  sayFaults(faults);
  byId("explore").append(explorer.element);
}

/** Says what in the address does not count. */
function sayFaults(texts: readonly string[]): void {
  byId("head").append(...texts.map((text) => h("p", { class: "field-error", role: "alert" }, text)));
}

function show({ sweep: now, report, runsFolder }: SweepResponse): void {
  // Only what the page was opened with: a brush on a metric's axis stays when trials are compared by another metric.
  if (sweep === undefined) sayFaults(unknownNames(view, namesOf(now)));
  sweep = now;
  const title = now.name.trim() || now.sweep;
  setText(head.title, title);
  setText(byId("crumb"), title);
  setBadge(head.status, now.status);
  const done = now.counts.done;
  document.title = `${now.status === "running" ? `${done}/${now.trials.length}` : now.status} · ${title}`;
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
  if (now.status === "running") explorer.refresh();
  const state = JSON.stringify({ ...now, updatedAt: "" });
  if (state === shown) return;
  shown = state;
  if (input.value === "" || document.activeElement !== input) input.value = now.metric;
  metrics.replaceChildren(...now.metrics.map((name) => h("option", { value: name })));
  const byNumber = [...now.trials].sort((a, b) => a.trial - b.trial);
  head.bar.replaceChildren(...byNumber.map(({ status }) => h("li", { "data-status": status })));
  explorer.show(now, view);
  showFooter(now);
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
