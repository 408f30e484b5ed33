// What the page of a comparison shows, as it is in its URL. Pure: server and browser read and write the same.
import { MOST_COMPARED } from "../../../run/view/mod.ts";
import { AXIS_LABELS } from "../chart/axis.ts";
import type { ChartSettings } from "../chart/settings.ts";

/** Texts of runs whose lines can be compared, with their titles. */
export const TEXTS = {
  console: "Console output",
  changes: "Uncommitted changes",
  script: "Script",
  packages: "deno.lock",
} as const;
export type TextKind = keyof typeof TEXTS;

/** A comparison. */
export interface CompareView {
  /** Ids of runs; the others are compared with the first. */
  readonly runs: readonly string[];
  /** Names of cells: those of one run that are compared, or whose curves are shown of several. Empty: all. */
  readonly cells: readonly string[];
  /** What differs from the usual chart. */
  readonly chart: Partial<ChartSettings>;
  readonly text: TextKind;
  /** The run whose text is compared with the first one's. @default the second */
  readonly other?: string;
  /** Whether lines that differ in numbers alone count as equal. */
  readonly sameNumbers: boolean;
}

/** The view of a URL's query. What is malformed is left out, and `problems` says so. */
export function readCompare(query: URLSearchParams): { readonly view: CompareView; readonly problems: string[] } {
  const problems: string[] = [];
  const one = <T>(name: string, read: (text: string) => T | undefined, expected: string): T | undefined => {
    const text = query.get(name);
    const value = text === null ? undefined : read(text);
    if (text !== null && value === undefined) {
      problems.push(`Cannot read ${name}=${short(text)} in the address: expected ${expected}`);
    }
    return value;
  };
  const asked = different(query.getAll("run"));
  if (asked.length > MOST_COMPARED) {
    problems.push(`The first ${MOST_COMPARED} of ${asked.length} runs are compared`);
  }
  const axes = Object.keys(AXIS_LABELS);
  const x = one("x", (text) => axes.includes(text) ? text as ChartSettings["x"] : undefined, axes.join(", "));
  const log = one("log", (text) => text === "1" ? true : text === "0" ? false : undefined, "0 or 1");
  const smooth = one(
    "smooth",
    (text) => /^0?\.\d+$|^0$/.test(text) && Number(text) < 1 ? Number(text) : undefined,
    "a weight from 0 to below 1",
  );
  const kinds = Object.keys(TEXTS);
  const text = one("text", (name) => kinds.includes(name) ? name as TextKind : undefined, kinds.join(", "));
  const numbers = one("numbers", (text) => text === "same" ? true : undefined, "same");
  const [cell, metrics, other] = [query.get("curve"), different(query.getAll("metric")), query.get("other")];
  const view: CompareView = {
    runs: asked.slice(0, MOST_COMPARED),
    cells: different(query.getAll("cell")),
    chart: {
      ...(metrics.length === 0 ? {} : { metrics }),
      ...(cell === null ? {} : { cell }),
      ...(x === undefined ? {} : { x }),
      ...(log === undefined ? {} : { log }),
      ...(smooth === undefined ? {} : { smooth }),
    },
    text: text ?? "console",
    ...(other === null ? {} : { other }),
    sameNumbers: numbers ?? false,
  };
  return { view, problems };
}

/** Where the curves of a comparison are as a picture. */
export const PICTURE_PATH = "/compare.svg";

/** The address of a comparison. */
export function compareAddress(view: CompareView, path = "/compare"): string {
  const { runs, cells, chart, text, other, sameNumbers } = view;
  const { metrics = [], cell, x = "step", log = false, smooth = null } = chart;
  const query = new URLSearchParams([
    ...runs.map((id) => ["run", id]),
    ...cells.map((name) => ["cell", name]),
    ...metrics.map((name) => ["metric", name]),
    ...(cell === undefined ? [] : [["curve", cell]]),
    ...(x === "step" ? [] : [["x", x]]),
    ...(log ? [["log", "1"]] : []),
    ...(smooth === null ? [] : [["smooth", String(smooth)]]),
    ...(text === "console" ? [] : [["text", text]]),
    ...(other === undefined ? [] : [["other", other]]),
    ...(sameNumbers ? [["numbers", "same"]] : []),
  ]);
  return `${path}?${query.toString().replaceAll("%3A", ":").replaceAll("%2F", "/")}`;
}

const different = (texts: readonly string[]) => [...new Set(texts)];
const short = (text: string) => text.length > 40 ? `${text.slice(0, 40)}…` : text;
