// The page of one run: the notebook, followed live.
import type { RunEvent } from "../../../run/mod.ts";
import { applyEvent, countsSteps, endReason, finishedCells, isUnderWay, type RunView } from "../../../run/view/mod.ts";
import type { LabelsResponse, RunResponse } from "../../schemas.ts";
import { type CellElement, createCell, noteElement, secondsLeft, share } from "./cell.ts";
import { serveCommand, undoCommand } from "../common/command.ts";
import { follow, showConnection } from "../common/connection.ts";
import { badge, byId, entry, h, oncePerFrame, setAttribute, setBadge, setText, statusText } from "../common/dom.ts";
import { clock, duration, when } from "../common/format.ts";
import { createLabels } from "./labels.ts";
import { aboutElements } from "./provenance.ts";
import { resultsElement } from "./results.ts";
import { change, getJson, getSession } from "../common/session.ts";
import { showPromptBox } from "../prompt/prompt.tsx";
import { twiceButton } from "../common/twice-button.ts";

const id = decodeURIComponent(location.pathname.split("/").at(-1)!);
const address = `/api/runs/${encodeURIComponent(id)}`;
const connection = byId("connection");

const head = {
  title: h("h1"),
  status: badge("running"),
  facts: h("dl", { class: "facts" }),
  elapsed: h("span"),
  strip: h("ol", { class: "strip", "aria-hidden": "true" }),
  now: h("a", { class: "now", hidden: true }, h("strong"), h("span")),
  /** Shown when the server of the run has closed. */
  closed: h("p", { class: "notice", role: "status", hidden: true }),
  removed: h("p", { class: "notice", role: "status", hidden: true }),
  stopped: h("p", { class: "notice", hidden: true }),
  error: h("p", { class: "error", role: "alert", hidden: true }),
  notes: h("ul", { class: "notes", hidden: true }),
  report: h("a", { class: "button", href: `${address}/report`, target: "_blank", rel: "noopener", hidden: true }),
};
const outline = h("ol");
const labels = createLabels(address, (now) => showTitle(now));
const stopButton = twiceButton("Stop", "Stop this run?", async () => {
  await change(`${address}/stop`);
  stopButton.textContent = "Stopping";
});
const removeButton = twiceButton("Remove", "Remove this run?", async () => {
  await change(`${address}/remove`);
  location.assign("/");
});
/** After this long without an event, the page asks whether the run's process is still alive. */
const SILENCE_MS = 20_000;

interface Shown extends CellElement {
  readonly link: HTMLElement;
  readonly segment: HTMLElement;
}
const cells = new Map<string, Shown>();
const dirty = new Set<string>();
let notesShown = 0;
/** Whether the run is in the trash. */
let removed = false;
/** Whether the run has a report. */
let reported = false;
let runsFolder = "";
let ownTitle = "";
let able = { edit: false, stop: false };

start().catch((error) => {
  showConnection(connection, "reconnecting");
  console.error(error);
  setTimeout(() => location.reload(), 3000);
});

async function start(): Promise<void> {
  showConnection(connection, "connecting");
  const response = await getJson<RunResponse>(address);
  const { run, report } = response;
  runsFolder = response.runsFolder;
  ownTitle = run.title;
  buildHead(run);
  showTitle(response.labels);
  labels.show(response.labels, false);
  getSession().then(({ edit, stop }) => {
    able = { edit, stop };
    labels.show(response.labels, edit);
    draw(run);
  }, () => {});
  byId("outline").append(h("h2", {}, "Cells"), outline);
  for (const cell of run.cells) dirty.add(cell.name);
  showReport(report);
  showResults(run);
  byId("footer").append(...aboutElements(run, address));
  showPromptBox(byId("prompt"), { run: run.id, address, runsFolder });
  draw(run);
  if (location.hash !== "") document.querySelector(location.hash.replace(/[^#\w-]/g, ""))?.scrollIntoView();
  followLive(run);
}

function followLive(run: RunView): void {
  const redraw = oncePerFrame(() => draw(run));
  setInterval(() => tick(run), 1000);
  watchHeart(run, redraw);
  follow(id, {
    after: run.lastSeq,
    updatedAt: run.updatedAt,
    over: !isUnderWay(run),
    onState: (state) => {
      showConnection(connection, state);
      head.closed.hidden = state !== "closed";
    },
    onServer: (there) => {
      // A link to a closed server leads nowhere.
      head.report.hidden = !reported || !there || removed;
      head.closed.hidden = there;
    },
    onRemoved: (now) => {
      removed = now;
      showRemoval();
      redraw();
    },
    onLost: () => {
      if (isUnderWay(run)) run.status = "lost";
      redraw();
    },
    onEvent: (event) => {
      applyEvent(run, event);
      if ("cell" in event && event.cell !== undefined) dirty.add(event.cell);
      if (event.kind === "run.resume") { for (const { name } of run.cells) dirty.add(name); }
      announce(run, event);
      if (event.kind === "run.resume" || event.kind === "run.end") showResults(run);
      if (event.kind === "run.end") getJson<RunResponse>(address).then(({ report }) => showReport(report), () => {});
      redraw();
    },
  });
}

/** A process that computes without a pause sends no events, not even that it is stalled: ask for its status. */
function watchHeart(run: RunView, redraw: () => void): void {
  const look = async () => {
    const silent = isUnderWay(run) && Date.now() - Date.parse(run.updatedAt) > SILENCE_MS;
    if (silent && !document.hidden) {
      const answer = await fetch(`${address}/status`).then((response) => response.json(), () => undefined);
      if (answer?.status !== undefined && isUnderWay(run) && isUnderWay(answer)) run.status = answer.status;
      redraw();
    }
    setTimeout(look, SILENCE_MS / 2);
  };
  setTimeout(look, SILENCE_MS);
}

/** Draws what changed since the last frame. */
function draw(run: RunView): void {
  for (const name of dirty) {
    const cell = run.cells.find((cell) => cell.name === name);
    if (cell === undefined) continue;
    const shown = cells.get(name) ?? addCell(name, cell.title);
    shown.update(cell);
    setText(shown.link.lastElementChild!, cell.title);
    setAttribute(shown.link, "data-status", cell.status);
    setAttribute(shown.link, "aria-current", cell.status === "running" ? "step" : null);
    setAttribute(shown.segment, "data-status", cell.status);
  }
  dirty.clear();
  stopButton.hidden = removed || !able.stop || !isUnderWay(run);
  removeButton.hidden = removed || !able.edit || isUnderWay(run);
  const ended = finishedCells(run.cells);
  setBadge(head.status, removed ? "removed" : run.status);
  const ending = endReason(run);
  const stopped = run.status === "stopped";
  for (const [element, applies] of [[head.error, !stopped], [head.stopped, stopped]] as const) {
    setText(element, applies ? ending ?? "" : "");
    element.hidden = !applies || ending === null;
  }
  for (; notesShown < run.notes.length; notesShown++) head.notes.append(noteElement(run.notes[notesShown]!));
  head.notes.hidden = notesShown === 0;
  const title = head.title.textContent ?? "";
  document.title = isUnderWay(run)
    ? `${ended}/${run.cells.length} · ${title}`
    : `${statusText(removed ? "removed" : run.status)} · ${title}`;
  tick(run);
}

function tick(run: RunView): void {
  const now = Date.now();
  const running = isUnderWay(run);
  const seconds = run.seconds ??
    Math.max(0, ((running ? now : Date.parse(run.updatedAt)) - Date.parse(run.startedAt)) / 1000);
  setText(head.elapsed, running ? clock(seconds) : duration(seconds));
  showNow(run, now);
  for (const cell of run.cells) if (running && cell.status === "running") cells.get(cell.name)?.tick(cell, now);
}

/** One line about the running cell, with a link to it. */
function showNow(run: RunView, now: number): void {
  const cell = isUnderWay(run) ? run.cells.find(({ status }) => status === "running") : undefined;
  const shown = cell === undefined ? undefined : cells.get(cell.name);
  head.now.hidden = shown === undefined;
  if (cell === undefined || shown === undefined) return;
  const [step, percent] = [cell.metrics.at(-1)?.step, share(cell)];
  const left = secondsLeft(cell, now);
  const parts = [
    percent === undefined ? "" : countsSteps(cell) ? ` · step ${step} of ${cell.steps}` : ` · ${percent}`,
    left === undefined ? "" : ` · ${clock(left)} left`,
  ];
  setAttribute(head.now, "href", `#${shown.element.id}`);
  setText(head.now.firstElementChild!, cell.title);
  setText(head.now.lastElementChild!, parts.join(""));
}

function addCell(name: string, title: string): Shown {
  const index = cells.size + 1;
  const cell = createCell(index, runsFolder);
  const link = h("a", { href: `#cell-${index}` }, h("span", { class: "dot" }), h("span", {}, title));
  const segment = h("li");
  const shown: Shown = { ...cell, link, segment };
  cells.set(name, shown);
  byId("cells").append(cell.element);
  outline.append(h("li", {}, link));
  head.strip.append(segment);
  return shown;
}

/** The name that was given to the run, or its title. */
function showTitle({ name }: LabelsResponse): void {
  setText(head.title, name ?? ownTitle);
  setText(byId("crumb"), name ?? ownTitle);
}

function buildHead(run: RunView): void {
  head.report.append("Open the report");
  head.closed.append(
    "This run's server has closed; ",
    h("code", {}, serveCommand(runsFolder)),
    " shows it again. Its files are in ",
    h("code", {}, `${runsFolder}/${run.id}/`),
    ".",
  );
  head.facts.append(
    entry("Preset", run.preset),
    entry("Seed", run.seed ?? "unknown"),
    entry("Device", run.device),
    entry("Started", h("span", { title: run.startedAt }, when(run.startedAt))),
    entry("Elapsed", head.elapsed),
    entry("Run", h("code", {}, run.id)),
  );
  const buttons = [stopButton, removeButton, head.report];
  byId("head").append(
    h("div", { class: "title-row" }, head.title, head.status, h("span", { class: "push" }), buttons),
    head.facts,
    labels.element,
    head.strip,
    head.now,
    head.closed,
    head.removed,
    head.stopped,
    head.error,
    head.notes,
  );
}

function showResults(run: RunView): void {
  const section = byId("results");
  section.hidden = run.results === null;
  section.replaceChildren(...(run.results === null ? [] : [resultsElement(run.results)]));
}

/** Says that the run is in the trash, and how to restore it. */
function showRemoval(): void {
  head.removed.hidden = !removed;
  head.report.hidden = !reported || removed;
  const undo = h("button", { type: "button", class: "button quiet" }, "Undo");
  undo.addEventListener("click", () => change("/api/undo").catch((error) => undo.after(` ${error.message}`)));
  head.removed.replaceChildren(
    "This run was removed: it is in the trash, and ",
    h("code", {}, undoCommand(runsFolder)),
    " restores the last removal. ",
    ...(able.edit ? [undo] : []),
  );
}

function showReport(there: boolean): void {
  reported = there;
  head.report.hidden = !there;
}

/** Announces the main events of the run to screen readers. */
function announce(run: RunView, event: RunEvent): void {
  const title = "cell" in event ? run.cells.find(({ name }) => name === event.cell)?.title ?? event.cell : run.title;
  const say = (text: string) => setText(byId("announce"), text);
  if (event.kind === "cell.start") say(`${title} started`);
  if (event.kind === "cell.end") say(`${title}: ${statusText(event.status)}. ${event.summary}`);
  if (event.kind === "run.resume") say("The run was resumed");
  if (event.kind === "run.end") say(`The run ended: ${statusText(event.status)}`);
}
