// The live card of a run: its progress and the curve of the running cell in a few kilobytes of HTML with inline styles, and
// as plain text.
import { compact, duration, escapeHtml, fixed, headline, lossFigure } from "../report/mod.ts";
import { type CellView, isUnderWay, jobText, type RunView } from "../run/mod.ts";
import type { MediaBundle } from "./display.ts";

const MARKS: Readonly<Record<CellView["status"], string>> = {
  planned: "○",
  running: "▸",
  done: "✓",
  cached: "✓",
  failed: "✗",
  stopped: "✗",
};
const WORDS: Readonly<Record<RunView["status"], string>> = {
  running: "running",
  stalled: "stalled: its process makes no progress",
  done: "done",
  failed: "failed",
  stopped: "stopped",
  lost: "its process is gone",
  damaged: "its log is damaged",
  unreadable: "its log cannot be read",
};
/** Longest text of a name or a summary, so that no run can make the card large. */
const LONGEST = 100;
/** At most this many cells are listed: those around the one that runs. */
const MOST_CELLS = 12;

/** At most this many warnings and errors are shown, the last ones. */
const MOST_ALERTS = 3;

/** A card with curves is sent again and again, so that they have few points and there are few of them. */
const CURVE_POINTS = 40;
const MOST_CURVES = 6;

/** What the card says besides the run itself. */
export interface CardOptions {
  /** Address of the run's page, when a server shows it. */
  readonly url: string | undefined;
  /** The time now, ISO 8601: how long a running run has been going. */
  readonly now: string;
}

/** The card as HTML and plain text. */
export function card(view: RunView, options: CardOptions): MediaBundle {
  return { "text/html": cardHtml(view, options), "text/plain": cardText(view, options) };
}

function elapsed(view: RunView, now: string): number {
  const end = isUnderWay(view) ? now : view.updatedAt;
  return view.seconds ?? Math.max(0, (Date.parse(end) - Date.parse(view.startedAt)) / 1000);
}

const cut = (text: string, most = LONGEST) => text.length > most ? `${text.slice(0, most)}…` : text;
const line = (text: string) => escapeHtml(cut(text));

/** The cells to list: all when they are few, else the ones around the last that started. */
function listed(view: RunView): CellView[] {
  const last = view.cells.findLastIndex(({ status }) => status !== "planned");
  const from = Math.max(0, Math.min(last - MOST_CELLS / 2, view.cells.length - MOST_CELLS));
  return view.cells.slice(from, from + MOST_CELLS);
}

/** The last warnings and errors of the run and its cells. */
function alerts(view: RunView): string[] {
  const told = [...view.cells.flatMap(({ notes }) => notes), ...view.notes].filter(({ level }) => level !== "info");
  const more = told.length > MOST_ALERTS ? [`${told.length - MOST_ALERTS} more before`] : [];
  return [...more, ...told.slice(-MOST_ALERTS).map(({ level, text }) => cut(`${level}: ${text}`, 2 * LONGEST))];
}

/** A cell's progress at its last point: share of steps, loss, speed, seconds left. */
function progress(cell: CellView) {
  const point = cell.metrics.at(-1);
  if (point === undefined || cell.steps === null) return undefined;
  const value = (name: string) => cell.metrics.findLast(({ values }) => Object.hasOwn(values, name))?.values[name];
  const first = cell.metrics[0]!;
  const perStep = (Date.parse(point.time) - Date.parse(first.time)) / 1000 / (point.step - first.step);
  const left = (cell.steps - point.step) * perStep;
  return {
    share: Math.min(1, point.step / cell.steps),
    words: [
      `step ${point.step} of ${cell.steps}`,
      ...(value("loss") === undefined ? [] : [`loss ${fixed(value("loss"), 3)}`]),
      ...(value("tokensPerSecond") ? [`${compact(value("tokensPerSecond"))} tokens/s`] : []),
      ...(Number.isFinite(left) && left > 0 ? [`${duration(left)} left`] : []),
    ].join(" · "),
  };
}

function detail(cell: CellView): string {
  const place = cell.job === null ? [] : [jobText(cell.job)];
  if (cell.status === "planned") return place.join("");
  if (cell.status === "running") {
    return [progress(cell)?.words ?? "", ...place].filter((text) => text !== "").join(" · ");
  }
  if (cell.status === "cached") return ["from the cache", cell.summary].filter((text) => text !== "").join(" · ");
  return [cell.seconds === null ? "" : duration(cell.seconds), cell.summary].filter((text) => text !== "").join(" · ");
}

const hasLoss = ({ metrics }: CellView) => metrics.some(({ values }) => Object.hasOwn(values, "loss"));

/** The loss of the cell that runs or, once the run has ended, of those that were trained last; empty without any. */
function curves(view: RunView): string {
  const running = view.cells.findLast(({ status }) => status === "running");
  const cells = (running === undefined ? view.cells.filter(hasLoss) : [running])
    .slice(-MOST_CURVES).map((cell) => ({ ...cell, name: cut(cell.name), title: cut(cell.title) }));
  const panels = lossFigure({ ...view, cells }, { most: CURVE_POINTS })?.panels ?? [];
  const shown = panels.map((panel) => `<div style="flex:0 1 270px">${panel}</div>`);
  return shown.length === 0
    ? ""
    : `<div style="display:flex;flex-wrap:wrap;gap:1em;margin-top:.6em">${shown.join("")}</div>`;
}

function cardHtml(view: RunView, { url, now }: CardOptions): string {
  const faint = "opacity:.65";
  const rows = listed(view).map((cell) => {
    const at = cell.status === "running" ? progress(cell) : undefined;
    const bar = at === undefined
      ? ""
      : `<div style="height:3px;background:#8884;margin:2px 0 4px"><div style="height:3px;width:${
        (100 * at.share).toFixed(1)
      }%;background:#3a7fd5"></div></div>`;
    return `<div${cell.status === "planned" ? ` style="${faint}"` : ""}>${MARKS[cell.status]} ${
      line(cell.title)
    } <small style="${faint}">${line(detail(cell))}</small>${bar}</div>`;
  });
  const page = url === undefined ? "" : ` · <a href="${escapeHtml(url)}" target="_blank" rel="noopener">live page</a>`;
  const error = view.error === null
    ? ""
    : `<pre style="white-space:pre-wrap">${escapeHtml(view.error.slice(0, 400))}</pre>`;
  const warnings = alerts(view).map((text) => `<div style="color:#b26a00">${escapeHtml(text)}</div>`).join("");
  const lead = view.status === "done" ? headline(view) : undefined;
  return `<div style="font:13px/1.5 system-ui,sans-serif;border:1px solid #8886;border-radius:6px;padding:.7em 1em;max-width:44em">` +
    `<b>${line(view.title)}</b> <span style="${faint}">${line(view.preset)} · seed ${view.seed ?? "unknown"} · ${
      line(view.device)
    }</span>` +
    `<div style="${faint};margin-bottom:.4em">${line(view.id)} · ${WORDS[view.status]} · ${
      duration(elapsed(view, now))
    }${page}</div>` +
    `${rows.join("")}${curves(view)}${warnings}${error}${
      lead === undefined ? "" : `<div style="margin-top:.4em">${escapeHtml(lead)}</div>`
    }</div>`;
}

function cardText(view: RunView, { url, now }: CardOptions): string {
  return [
    `${cut(view.title)} (${cut(view.preset)}, seed ${view.seed ?? "unknown"}): ${WORDS[view.status]}, ${
      duration(elapsed(view, now))
    }`,
    cut(view.id) + (url === undefined ? "" : ` ${url}`),
    ...listed(view).map((cell) => `${MARKS[cell.status]} ${cut(cell.title)}  ${cut(detail(cell))}`.trimEnd()),
    ...alerts(view),
    ...(view.error === null ? [] : [view.error.slice(0, 400)]),
  ].join("\n");
}
