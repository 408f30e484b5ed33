// A table ready to print, as HTML and Markdown: cells of text with optional small print.
import { decimalsFor, type Table } from "../run/mod.ts";
import { escapeHtml, escapeMarkdown } from "./escape.ts";
import { fixed } from "./format.ts";
import { methodLabel } from "../methods.ts";
import { visibleDigits } from "./wording.ts";

/** One printed cell. */
export interface GridCell {
  readonly text: string;
  /** Small print under the text, such as an interval. */
  readonly aside?: string;
  /** The best of its column. */
  readonly best?: boolean;
}

/** A table as it is printed. */
export interface Grid {
  readonly caption: string;
  readonly columns: readonly {
    readonly title: string;
    readonly numeric: boolean;
    /** Contains long ids, which wrap instead of being cut off at the table's edge. */
    readonly ids?: boolean;
  }[];
  readonly rows: readonly (readonly GridCell[])[];
}

/**
 * Which of `values` are best, including ties; none if fewer than two can be compared or all are the same. With `digits`,
 * values that are the same when rounded tie.
 */
export function bestOf(
  values: readonly (number | null | undefined)[],
  better: "lower" | "higher",
  digits?: number,
): boolean[] {
  const shown = values.map((value) =>
    typeof value !== "number" || !Number.isFinite(value)
      ? undefined
      : digits === undefined
      ? value
      : Number(value.toFixed(digits))
  );
  const finite = shown.filter((value) => value !== undefined);
  if (new Set(finite).size < 2) return values.map(() => false);
  const best = better === "lower" ? Math.min(...finite) : Math.max(...finite);
  return shown.map((value) => value === best);
}

/** Columns that contain names of methods, such as `expert:code`. */
const NAMES_METHODS: ReadonlySet<string> = new Set(["method", "model", "against"]);

/** Columns of a difference and its interval, which may be small: they get as many digits as that takes. */
const DIFFERENCES: ReadonlySet<string> = new Set(["difference", "low", "high"]);

/** Any logged table as a grid. */
export function gridOf(table: Table): Grid {
  const differences = table.rows.flatMap((row) =>
    Object.entries(row).flatMap(([key, value]) => DIFFERENCES.has(key) && typeof value === "number" ? [value] : [])
  );
  const differenceDigits = visibleDigits(differences);
  const columns = table.columns.map((column) => {
    const digits = column.digits !== undefined && DIFFERENCES.has(column.key)
      ? Math.max(column.digits, differenceDigits)
      : column.digits;
    const numeric = column.kind === "number";
    const values = table.rows.map((row) => Object.hasOwn(row, column.key) ? row[column.key]! : null);
    const numbers = values.map((value) => typeof value === "number" ? value : null);
    const best = column.better === undefined ? [] : bestOf(numbers, column.better, digits);
    const cells = values.map((value, at): GridCell => ({
      text: typeof value === "number"
        ? number(value, digits, DIFFERENCES.has(column.key))
        : value === null
        ? "–"
        : NAMES_METHODS.has(column.key)
        ? methodLabel(value)
        : value,
      ...(best[at] ? { best: true } : {}),
    }));
    return { title: column.title, numeric, ...(column.key === "run" ? { ids: true } : {}), cells };
  });
  return { caption: table.title, columns, rows: table.rows.map((_, at) => columns.map(({ cells }) => cells[at]!)) };
}

/** `exact` keeps the digits, which were chosen for all numbers together. */
function number(value: number, digits: number | undefined, exact: boolean): string {
  const whole = digits === 0 || (digits === undefined && Number.isInteger(value));
  if (whole && Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-US").replace("-", "−");
  return digits === undefined ? String(value) : fixed(value, exact ? digits : decimalsFor(value, digits));
}

/** The grid as an HTML table that scrolls sideways if the page is narrow. */
export function gridHtml(grid: Grid): string {
  const tag = (at: number) => grid.columns[at]!.numeric ? ' class="n"' : grid.columns[at]!.ids ? ' class="id"' : "";
  const head = grid.columns.map(({ title }, at) => `<th scope="col"${tag(at)}>${escapeHtml(title)}</th>`).join("");
  const body = grid.rows.map((row) =>
    `<tr>${
      row.map((cell, at) => {
        const text = cell.best ? `<strong>${escapeHtml(cell.text)}</strong>` : escapeHtml(cell.text);
        const aside = cell.aside === undefined ? "" : ` <small>${escapeHtml(cell.aside)}</small>`;
        return at === 0 ? `<th scope="row"${tag(at)}>${text}${aside}</th>` : `<td${tag(at)}>${text}${aside}</td>`;
      }).join("")
    }</tr>`
  ).join("\n");
  const caption = grid.caption === "" ? "" : `<caption><span>${escapeHtml(grid.caption)}</span></caption>`;
  const label = escapeHtml(grid.caption || grid.columns.map(({ title }) => title).join(", "));
  // It can be scrolled with the keyboard.
  return `<div class="wide" role="region" aria-label="${label}" tabindex="0"><table>${caption}<thead><tr>${head}</tr></thead>\n<tbody>${body}</tbody></table></div>`;
}

/** The grid as a GitHub Flavored Markdown table. */
export function gridMarkdown(grid: Grid): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rows = grid.rows.map((row) =>
    line(row.map(({ text, aside, best }) => {
      const main = best ? `**${escapeMarkdown(text)}**` : escapeMarkdown(text);
      return aside === undefined ? main : `${main} ${isRange(aside) ? aside : escapeMarkdown(aside)}`;
    }))
  );
  const head = [
    line(grid.columns.map(({ title }) => escapeMarkdown(title))),
    line(grid.columns.map(({ numeric }) => numeric ? "---:" : "---")),
  ];
  return [...head, ...rows].join("\n");
}

/** Whether `text` is just an interval, such as `[1.20, −0.30]`, which needs no escaping. */
const isRange = (text: string): boolean => /^\[[\d., −–]+\]$/.test(text);
