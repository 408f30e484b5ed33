// A run in the terminal, on stderr: a live line for the running cell, and one line for each cell that has ended.
import { attempt } from "../../errors.ts";
import {
  applyEvent,
  type CellView,
  finishedCells,
  foldEvents,
  formatSeconds,
  formatTable,
  jobText,
  padEnd,
  printable,
  progressLine,
  type RunView,
} from "../view/mod.ts";
import type { RunEvent } from "../events/events.ts";

export interface TerminalOptions {
  /** @default writes to stderr */
  readonly write?: (text: string) => void;
  /** Whether lines can be overwritten. @default whether stderr is a terminal */
  readonly live?: boolean;
  /** @default live, and `NO_COLOR` is not set */
  readonly color?: boolean;
  /** Width of the terminal. @default asks the terminal each time */
  readonly columns?: () => number;
  /** Milliseconds between progress lines; a cell's first comes within 2 s. @default 100 when live, otherwise 10 000 */
  readonly interval?: number;
}

/** Milliseconds until the first progress line of a cell. */
const FIRST_MS = 2_000;

/** Shows a run while its events are written. */
export interface TerminalView {
  /** For `beginRun`. */
  readonly onEvent: (event: RunEvent) => void;
  /** Takes in, without printing, what a resumed run has logged before. */
  readonly onPast: (events: readonly RunEvent[]) => void;
  /** Prints other text without breaking the live line. */
  print(text: string): void;
  /** How long a printed line may be: the terminal's width, or Infinity where there is none. */
  width(): number;
  close(): void;
}

const encoder = new TextEncoder();
const colors = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34 } as const;
const marks = {
  done: ["✓", "green"],
  cached: ["✓", "blue"],
  failed: ["✗", "red"],
  stopped: ["■", "yellow"],
} as const;

/** A view of runs on the terminal; plain lines at longer intervals when stderr is not a terminal. */
export function terminalView(options: TerminalOptions = {}): TerminalView {
  const live = options.live ?? Deno.stderr.isTerminal();
  const color = options.color ?? (live && !Deno.env.get("NO_COLOR"));
  const write = whileReadable(options.write ?? ((text) => void Deno.stderr.writeSync(encoder.encode(text))));
  const columns = options.columns ?? terminalColumns;
  const interval = options.interval ?? (live ? 100 : 10_000);
  const paint = (name: keyof typeof colors, text: string) => color ? `\x1b[${colors[name]}m${text}\x1b[0m` : text;
  const width = () => live ? columns() : Infinity;
  let view: RunView | undefined;
  let current: CellView | undefined;
  /** When the next progress line may come. */
  let due = 0;
  let onLine = false;
  /** Where the jobs of cells are; why one waits changes too often to be said each time. */
  const places = new Map<string, string>();
  let timer: ReturnType<typeof setInterval> | undefined;

  const clear = () => {
    if (onLine) write("\r\x1b[2K");
    onLine = false;
  };
  const print = (text: string) => {
    clear();
    write(text + "\n");
  };
  const movedJob = ({ cell, state, node }: Extract<RunEvent, { kind: "cell.job" }>) => {
    const place = `${state} ${node}`;
    const moved = places.get(cell) !== place;
    places.set(cell, place);
    return moved;
  };
  const showProgress = (now: number) => {
    if (current === undefined || now < due) return;
    due = now + interval;
    const line = progressLine(current, now, columns() - 1);
    if (!live) return print(`  ${line}`);
    write(`\r\x1b[2K${line}`);
    onLine = true;
  };
  const close = () => {
    clear();
    clearInterval(timer);
    timer = undefined;
  };

  const onEvent = (event: RunEvent) => {
    view = applyEvent(view, event);
    if (view === undefined) return;
    const now = Date.parse(event.time);
    switch (event.kind) {
      case "run.start":
      case "run.resume":
        print(
          `${paint("bold", printable(event.title))} ${
            paint("dim", `${view.preset} · seed ${view.seed} · ${event.device}`)
          }`,
        );
        print(paint("dim", `run ${view.id}${event.kind === "run.resume" ? resumeText(view) : ""}`));
        // A cell may log nothing for a long time; its clock still runs.
        clearInterval(timer);
        Deno.unrefTimer(timer = setInterval(() => showProgress(Date.now()), 1000));
        break;
      case "cell.start":
        current = view.cells.find(({ name }) => name === event.cell);
        // A live line appears at once; in a log, progress follows the start line after a while.
        due = live ? 0 : now + Math.min(interval, FIRST_MS);
        if (!live) print(`… ${printable(event.cell)}: ${printable(event.title)}`);
        else showProgress(now);
        break;
      case "cell.resume":
        current = view.cells.find(({ name }) => name === event.cell);
        due = live ? 0 : now + Math.min(interval, FIRST_MS);
        print(`… ${printable(event.cell)}: resumes ${event.step === 0 ? "at its start" : `at step ${event.step}`}`);
        break;
      case "metrics":
        current = view.cells.find(({ name }) => name === event.cell);
        showProgress(now);
        break;
      case "cell.job":
        if (movedJob(event)) print(paint("dim", `  ${printable(event.cell)}: ${printable(jobText(event))}`));
        break;
      case "note":
        print(
          `  ${event.level === "info" ? "" : paint(event.level === "error" ? "red" : "yellow", `${event.level}: `)}${
            printable(event.text)
          }`,
        );
        break;
      case "table":
        print(`\n${indent(formatTable(event.table, width() - INDENT.length))}\n`);
        break;
      case "cell.end":
        if (current?.name === event.cell) current = undefined;
        print(endLine(event, paint));
        break;
      case "run.end":
        current = undefined;
        close();
        print(runEndLine(event, paint));
        view = undefined;
        break;
      case "artifact":
        break;
    }
  };
  const onPast = (events: readonly RunEvent[]) => void (view = foldEvents(events));
  return { onEvent, onPast, print, width, close };
}

type Paint = (name: keyof typeof colors, text: string) => string;

/** Writes until that fails, because the reader or the terminal is gone; then reports that once and stops writing. */
function whileReadable(write: (text: string) => void): (text: string) => void {
  let gone = false;
  return (text) => {
    if (gone) return;
    try {
      write(text);
    } catch (error) {
      gone = true;
      const reason = error instanceof Error ? error.message : String(error);
      // If this fails, too, nothing but output.log could have received it.
      attempt(() => console.error(`The progress display was closed (${reason}); the run continues without it`));
    }
  };
}

function endLine(event: Extract<RunEvent, { kind: "cell.end" }>, paint: Paint): string {
  const [mark, color] = marks[event.status];
  const took = event.status === "cached" ? "cached" : formatSeconds(event.seconds);
  const status = event.status === "failed" || event.status === "stopped" ? `${event.status} after ${took}` : took;
  const start = `${paint(color, mark)} ${padEnd(printable(event.cell), 20)} ${status.padStart(11)}`;
  return event.summary === "" ? start : `${start}  ${printable(event.summary)}`;
}

function runEndLine(event: Extract<RunEvent, { kind: "run.end" }>, paint: Paint): string {
  const took = formatSeconds(event.seconds);
  if (event.status === "done") return paint("green", `Done in ${took}`);
  if (event.status === "stopped") return paint("yellow", `Stopped after ${took}; re-run the same command to resume`);
  return paint("red", `Failed after ${took}`);
}

function resumeText({ cells }: RunView): string {
  return ` resumed: ${finishedCells(cells)} of ${cells.length} cells are done`;
}

const INDENT = "  ";

function indent(text: string): string {
  return text.split("\n").map((line) => `${INDENT}${line}`.trimEnd()).join("\n");
}

const terminalColumns = () => attempt(() => Deno.consoleSize().columns) ?? 120;
