// Names of runs in a legend: only what tells them apart.
import type { Compared, ComparedRow } from "../../run/mod.ts";
import { shortTexts } from "../client/common/short-texts.ts";

/** Provenance that is told in a legend, besides settings. */
const TOLD: readonly string[] = ["experiment", "preset", "seed", "device"];
/** More parts would not fit; those that tell the most apart are chosen. */
const MOST_PARTS = 3;
const LONGEST_VALUE = 28;

/** A name for each run, all different: its differing settings, or its title if there are none. */
export function labelsOf({ columns, settings, made }: Pick<Compared, "columns" | "settings" | "made">): string[] {
  const rows = chosen([...made.filter(({ key }) => TOLD.includes(key)), ...settings]);
  const keys = [...TOLD, ...[...made, ...settings].map(({ key }) => key)];
  const names = rows.map(({ key }) => shortKey(key, keys));
  const texts = rows.map(({ values }) => {
    const all = columns.map((_, i) => valueText(values[i]));
    const short = shortTexts(all, LONGEST_VALUE);
    return all.map((text) => short.get(text)!);
  });
  const labels = columns.map(({ title, id }, i) =>
    texts.map((values, at) => `${names[at]} ${values[i]}`).join(", ") || title || id
  );
  return labels.map((label, i) =>
    labels.indexOf(label) === labels.lastIndexOf(label) ? label : `${label} · ${columns[i]!.id.slice(-4)}`
  );
}

/** The rows that tell the most columns apart, in their order. */
function chosen(rows: readonly ComparedRow[]): ComparedRow[] {
  if (rows.length <= MOST_PARTS) return [...rows];
  const picked: ComparedRow[] = [];
  /** How many pairs of columns, each twice and with itself, are alike in rows. */
  const alike = (of: readonly ComparedRow[]) => {
    const keys = of[0]!.values.map((_, i) => JSON.stringify(of.map(({ values }) => values[i] ?? null)));
    return [...Map.groupBy(keys, (key) => key).values()].reduce((sum, { length }) => sum + length ** 2, 0);
  };
  while (picked.length < MOST_PARTS) {
    const left = rows.filter((row) => !picked.includes(row));
    const best = left.reduce((a, b) => alike([...picked, b]) < alike([...picked, a]) ? b : a);
    if (picked.length > 0 && alike([...picked, best]) === alike(picked)) break;
    picked.push(best);
  }
  return rows.filter((row) => picked.includes(row));
}

/** The last part of a key, or more of it if another one ends in the same; a setting is never called as provenance is. */
function shortKey(key: string, keys: readonly string[]): string {
  const parts = key.split(".");
  for (let count = 1; count < parts.length; count++) {
    const end = parts.slice(-count).join(".");
    if (!keys.some((other) => other !== key && (other === end || other.endsWith(`.${end}`)))) return end;
  }
  return key;
}

function valueText(value: unknown): string {
  return value === undefined ? "none" : typeof value === "string" ? value : JSON.stringify(value);
}
