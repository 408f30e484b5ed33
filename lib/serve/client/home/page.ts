// The list of runs, updated every few seconds while the page is visible.
import type { ListedRun } from "../../../run/mod.ts";
import type { RunListResponse, SweepListResponse, TrashResponse } from "../../schemas.ts";
import { endReason, isUnderWay } from "../../../run/view/mod.ts";
import { overridesOf } from "../common/command.ts";
import { showConnection } from "../common/connection.ts";
import { badge, byId, type Child, h, setText, statusText } from "../common/dom.ts";
import { change as relative, clock, duration, when } from "../common/format.ts";
import { listedScore } from "./score.ts";
import { change, getJson, getSession } from "../common/session.ts";

const REFRESH_MS = 2500;
/** This many sweeps are shown; older ones are collapsed. */
const NEWEST_SWEEPS = 3;
const STATUSES = ["running", "stalled", "done", "failed", "stopped", "lost", "damaged", "unreadable"];
/** Sort orders: each returns a number, smallest first; runs without one come last. */
const ORDERS: Readonly<Record<string, (run: ListedRun) => number | undefined>> = {
  "newest first": ({ startedAt }) => -Date.parse(startedAt),
  "best bits per byte": ({ experiment, meanBpb }) =>
    meanBpb[experiment] ?? (Object.values(meanBpb).length === 0 ? undefined : Math.min(...Object.values(meanBpb))),
  "longest first": (run) => -(run.seconds ?? (Date.now() - Date.parse(run.startedAt)) / 1000),
};
const list = h("ul", { class: "runs" });
const rows = new Map<string, { element: HTMLElement; state: string }>();
const connection = byId("connection");
let sweepsShown = "[]";
let undoShown = "null";
let latest: readonly ListedRun[] = [];
let hidesTrials = false;
/** The runs that satisfy the filter text; undefined if there is none. */
let matching: ReadonlySet<string> | undefined;

const filter = {
  text: h("input", {
    type: "search",
    "aria-label": "Filter",
    placeholder: "Filter: words, seed:2, tag:good, stitch.count:4",
  }),
  status: h(
    "select",
    { "aria-label": "Status" },
    h("option", { value: "" }, "any status"),
    STATUSES.map((name) => option(name)),
  ),
  sort: h("select", { "aria-label": "Sort by" }, Object.keys(ORDERS).map((name) => option(name, name))),
  trials: h("input", { type: "checkbox" }),
};
const trialsLabel = h("label", { hidden: true }, filter.trials, " trials of sweeps");
for (const input of [filter.status, filter.sort, filter.trials]) {
  input.addEventListener("input", () => show(latest));
}
filter.text.addEventListener("input", () => match().catch(() => showConnection(connection, "reconnecting")));
byId("filters").append(filter.text, filter.status, filter.sort, trialsLabel);
byId("runs").append(list);
refresh();

/** Offers to undo the last removal, for as long as there is one. */
async function offerUndo(): Promise<void> {
  if (!(await getSession()).edit) return;
  const { last } = await getJson<TrashResponse>("/api/trash");
  const state = JSON.stringify(last);
  if (state === undoShown) return;
  undoShown = state;
  document.querySelector(".undo")?.remove();
  if (last === null) return;
  const undo = h("button", { type: "button", class: "button quiet" }, "Undo");
  undo.addEventListener(
    "click",
    () => change("/api/undo").then(refreshNow, (error) => undo.after(` ${error.message}`)),
  );
  const [first, ...others] = last.runs;
  const what = others.length === 0 ? "" : ` and ${others.length} more`;
  const shown = h("p", { class: "notice undo", role: "status" }, `Removed ${when(last.time)}: `, h("code", {}, first));
  shown.append(`${what}. `, undo);
  byId("runs").after(shown);
}

function option(value: string, text = statusText(value)): HTMLElement {
  return h("option", { value }, text);
}

/** Whether a run passes the filters. */
function fits(run: ListedRun): boolean {
  return (filter.status.value === "" || run.status === filter.status.value) &&
    (!hidesTrials || matching !== undefined || !isTrial(run)) && (matching === undefined || matching.has(run.id));
}

/** Asks the server, which knows all settings, for the runs, and which of them satisfy the filter. */
async function match(): Promise<void> {
  const text = filter.text.value.trim();
  const query = text === "" ? "" : `?filter=${encodeURIComponent(text)}`;
  const { runs, matching: fitting } = await getJson<RunListResponse>(`/api/runs${query}`);
  // Meanwhile somebody may have typed on.
  if (filter.text.value.trim() === text) matching = fitting && new Set(fitting);
  show(runs);
}

function isTrial({ tags }: ListedRun): boolean {
  return tags.some((tag) => tag.startsWith("sweep:"));
}

async function refresh(): Promise<void> {
  if (!document.hidden) await refreshNow();
  setTimeout(refresh, REFRESH_MS);
}

async function refreshNow(): Promise<void> {
  try {
    await match();
    showSweeps(await getJson("/api/sweeps"));
    await offerUndo();
    showConnection(connection, "live");
  } catch {
    showConnection(connection, "reconnecting");
  }
}

/** Replaces only the rows that changed, so that focus and selection stay where they are. */
function show(all: readonly ListedRun[]): void {
  latest = all;
  const trials = all.filter(isTrial).length;
  // Trials have their sweep's page. If there are no other runs, there is nothing that they would crowd out.
  trialsLabel.hidden = trials === 0 || trials === all.length;
  hidesTrials = !trialsLabel.hidden && !filter.trials.checked;
  byId("filters").hidden = all.length === 0;
  const order = ORDERS[filter.sort.value]!;
  const runs = all.filter(fits).sort((a, b) => (order(a) ?? Infinity) - (order(b) ?? Infinity) || 0);
  const running = runs.filter(isUnderWay).length;
  setText(
    byId("count"),
    all.length === 0
      ? ""
      : `${runs.length === all.length ? "" : `${runs.length} of `}${all.length} ${all.length === 1 ? "run" : "runs"}${
        running > 0 ? `, ${running} running` : ""
      }`,
  );
  byId("runs").querySelector(".empty")?.remove();
  if (all.length === 0) byId("runs").append(empty());
  else if (runs.length === 0) byId("runs").append(noMatch());
  const ids = new Set(runs.map(({ id }) => id));
  for (const [id, { element }] of rows) {
    if (ids.has(id)) continue;
    element.remove();
    rows.delete(id);
  }
  runs.forEach((run, i) => {
    const state = JSON.stringify(run) + (isUnderWay(run) ? Math.floor(Date.now() / 1000) : "");
    const known = rows.get(run.id);
    if (known?.state !== state) {
      const element = row(run);
      if (known !== undefined) swap(known.element, element);
      rows.set(run.id, { element, state });
    }
    const { element } = rows.get(run.id)!;
    if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
  });
}

/** The newest sweeps, above the runs. */
function showSweeps({ sweeps, unreadable }: SweepListResponse): void {
  const state = JSON.stringify([sweeps, unreadable]);
  if (state === sweepsShown) return;
  sweepsShown = state;
  const rows = sweeps.map(({ sweep, name, status, counts, keys, startedAt }) => {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const about = h(
      "p",
      { class: "muted" },
      "over ",
      keys.length === 0 ? "seeds" : keys.join(", "),
      " · ",
      h("code", {}, sweep),
    );
    const result = h(
      "p",
      { class: "run-result run-progress" },
      h("span", {}, `${counts.done} of ${total} trials done`),
      status === "running" && h("progress", { max: total, value: counts.done, "aria-label": "Trials done" }),
    );
    return item(status, `/sweeps/${encodeURIComponent(sweep)}`, name, about, result, startedAt);
  });
  const listOf = (some: readonly HTMLElement[]) => h("ul", { class: "runs" }, some);
  const section = byId("sweeps");
  const open = section.querySelector("details")?.open ?? false;
  const count = h("summary", {}, `${rows.length - NEWEST_SWEEPS} older`);
  const older = h("details", {}, count, listOf(rows.slice(NEWEST_SWEEPS)));
  older.open = open;
  section.replaceChildren(
    ...(rows.length === 0 ? [] : [h("h2", {}, "Sweeps"), listOf(rows.slice(0, NEWEST_SWEEPS))]),
    ...(rows.length > NEWEST_SWEEPS ? [older] : []),
    ...unreadable.map(({ sweep, reason }) => h("p", { class: "notice" }, h("code", {}, sweep), `: ${reason}`)),
  );
}

function swap(old: HTMLElement, fresh: HTMLElement): void {
  const focused = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (focused) fresh.querySelector("a")?.focus();
}

function row(run: ListedRun): HTMLElement {
  const seconds = run.seconds ?? (Date.now() - Date.parse(run.startedAt)) / 1000;
  const known = isUnderWay(run) ? clock(seconds) : run.seconds === null ? "–" : duration(run.seconds);
  const facts = `preset ${run.preset} · seed ${run.seed ?? "unknown"} · ${run.device} · `;
  const tags = run.tags.filter((tag) => !tag.startsWith("sweep:")).map((tag) => h("li", { class: "tag" }, tag));
  return item(
    run.status,
    `/runs/${encodeURIComponent(run.id)}`,
    run.name ?? run.title,
    [
      h("p", { class: "muted" }, facts, h("code", {}, run.id)),
      overrides(run),
      tags.length > 0 && h("ul", { class: "tags" }, tags),
    ],
    h("div", { class: "run-result" }, outcome(run)),
    run.startedAt,
    h("span", { class: "muted" }, known),
  );
}

/** A run or a sweep in its list. */
function item(
  status: string,
  href: string,
  title: string,
  about: Child,
  result: HTMLElement,
  startedAt: string,
  took?: HTMLElement,
): HTMLElement {
  return h(
    "li",
    { class: "run card", "data-status": status },
    h("div", { class: "run-status" }, badge(status)),
    h("div", { class: "run-name" }, h("h2", {}, h("a", { href }, title)), about),
    result,
    h("div", { class: "run-time" }, h("span", { title: startedAt }, when(startedAt)), took),
  );
}

/** What the run changed in its preset. */
function overrides({ command }: ListedRun): HTMLElement | undefined {
  const changes = overridesOf(command);
  if (changes.length === 0) return undefined;
  return h("p", { class: "muted overrides" }, "with ", changes.map((change) => h("code", {}, change)));
}

function outcome({ status, current, cells, meanBpb, error }: ListedRun): HTMLElement {
  const ending = endReason({ status, error });
  const { seed } = meanBpb;
  const score = listedScore(meanBpb);
  if (score !== undefined) {
    return h(
      "p",
      {},
      h("strong", {}, `${score.label} ${score.bpb.toFixed(3)}`),
      h("span", { class: "muted" }, " bits per byte"),
      seed !== undefined && h("span", { class: "delta" }, `${relative(seed, score.bpb)} vs seed`),
    );
  }
  if (!isUnderWay({ status })) {
    const ended = h("span", {}, `${cells.ended} of ${cells.total} cells`);
    const tone = status === "stopped" ? "muted run-ending" : "run-error run-ending";
    return h("p", {}, ended, ending !== null && h("span", { class: tone, title: ending }, firstLine(ending)));
  }
  return h(
    "p",
    { class: "run-progress" },
    h("span", {}, current ?? "Starting", h("span", { class: "muted" }, ` · ${cells.ended} of ${cells.total}`)),
    h("progress", { max: cells.total || 1, value: cells.ended, "aria-label": "Cells done" }),
  );
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

function noMatch(): HTMLElement {
  const example = (text: string) => h("code", {}, text);
  const terms = [example("seed:2"), ", ", example("tag:good"), " or ", example("stitch.count:>2"), "."];
  const hint = filter.text.value.trim() === ""
    ? "No run has this status."
    : ["Every word and term must match. Try ", terms];
  return h("div", { class: "empty card" }, h("h2", {}, "No run matches"), h("p", {}, hint));
}

function empty(): HTMLElement {
  return h(
    "div",
    { class: "empty card" },
    h("h2", {}, "No runs yet"),
    h("p", {}, "Start one in a terminal; it will appear here."),
    h("pre", {}, "deno task bts"),
  );
}
