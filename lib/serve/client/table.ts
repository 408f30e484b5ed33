// Tables: numbers aligned, and the best value of a column marked where the column says which direction is good.
import type { Column, Table } from "../../run/mod.ts";
import { h } from "./dom.ts";
import { fixed, measured } from "./format.ts";

/** A table with its title, in a box that scrolls sideways when it must. */
export function tableElement({ title, columns, rows }: Table): HTMLElement {
  const best = new Map(columns.map((column) => [column.key, bestOf(column, rows.map((row) => row[column.key]))]));
  return h(
    "div",
    { class: "table-box", role: "region", "aria-label": title, tabindex: 0 },
    h(
      "table",
      {},
      h("caption", {}, title),
      h("thead", {}, append(h("tr"), columns.map(heading))),
      append(
        h("tbody"),
        rows.map((row) =>
          append(
            h("tr"),
            columns.map((column, i) => {
              const value = row[column.key];
              const isBest = typeof value === "number" && value === best.get(column.key);
              const attributes = { class: cellClass(column, isBest), ...(i === 0 ? { scope: "row" } : {}) };
              return h(
                i === 0 ? "th" : "td",
                attributes,
                cellText(column, value),
                isBest && h("span", { class: "visually-hidden" }, " (best)"),
              );
            }),
          )
        ),
      ),
    ),
  );
}

/** The best finite value of a column, undefined when the column has no direction or fewer than two values. */
export function bestOf(column: Column, values: readonly (string | number | null | undefined)[]): number | undefined {
  const numbers = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  if (column.better === undefined || numbers.length < 2) return undefined;
  return column.better === "lower" ? Math.min(...numbers) : Math.max(...numbers);
}

function heading(column: Column): HTMLElement {
  const arrow = column.better === "lower" ? " ↓" : column.better === "higher" ? " ↑" : "";
  return h(
    "th",
    { scope: "col", class: cellClass(column, false), title: arrow === "" ? null : `${column.better} is better` },
    column.title,
    arrow !== "" && h("span", { class: "arrow", "aria-hidden": "true" }, arrow),
  );
}

function cellClass(column: Column, best: boolean): string {
  return [column.kind === "number" ? "number" : "text", best ? "best" : ""].join(" ").trim();
}

function cellText(column: Column, value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  return column.digits === undefined ? measured(value) : fixed(value, column.digits);
}

function append<E extends Element>(parent: E, children: readonly Node[]): E {
  parent.append(...children);
  return parent;
}
