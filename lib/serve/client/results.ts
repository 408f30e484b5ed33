// The results of a run: one sentence, and the tables of methods.
import { methodLabel } from "../../methods.ts";
import type { Column, RunResults, Table } from "../../run/mod.ts";
import { entry, h } from "./dom.ts";
import { change, compact } from "./format.ts";
import { cellText, tableElement } from "./table.ts";

/**
 * A run's score in the list of runs, by mean bits per byte: BTS, or in a study the best variant. Undefined if only the
 * seed was measured.
 */
export function listedScore(
  meanBpb: Readonly<Record<string, number>>,
): { readonly label: string; readonly bpb: number } | undefined {
  const { bts } = meanBpb;
  if (bts !== undefined) return { label: "BTS", bpb: bts };
  const made = Object.entries(meanBpb).filter(([method]) => method !== "seed");
  if (made.length === 0) return undefined;
  const [method, bpb] = made.reduce((best, one) => one[1] < best[1] ? one : best);
  return { label: made.length === 1 ? methodLabel(method) : `${methodLabel(method)} (best of ${made.length})`, bpb };
}

/** The results with headline, bits per byte and tasks. */
export function resultsElement(results: RunResults): HTMLElement {
  const box = h("div", { class: "card results" }, h("h2", {}, "Results"), headline(results));
  box.append(tableElement(bpbTable(results)));
  const tasks = taskTable(results);
  if (tasks !== undefined) box.append(tableElement(tasks, taskText));
  return box;
}

function headline({ methods }: RunResults): HTMLElement {
  const seed = methods.seed?.bpb.mean;
  const bts = methods.bts?.bpb.mean;
  const ranking = Object.entries(methods)
    .flatMap(([name, { bpb }]) => bpb.mean === undefined ? [] : [{ name, mean: bpb.mean }])
    .sort((a, b) => a.mean - b.mean);
  const figures = h("dl", { class: "figures" });
  const figure = (label: string, value: string, detail: string) =>
    figures.append(entry(label, value, h("small", {}, detail)));
  const best = ranking[0];
  if (bts !== undefined) {
    const detail = seed === undefined ? "mean bits per byte" : `${change(seed, bts)} vs seed`;
    figure("Stitched model", bts.toFixed(3), detail);
  }
  if (seed !== undefined) figure("Seed", seed.toFixed(3), "mean bits per byte");
  if (best !== undefined && best.name !== "bts") figure("Lowest", best.mean.toFixed(3), methodLabel(best.name));
  return figures;
}

/** Held-out bits per byte by method and domain, with parameters. */
export function bpbTable({ domains, methods }: RunResults): Table {
  return {
    name: "bpb",
    title: "Held-out bits per byte",
    columns: [
      { key: "method", title: "Method", kind: "text" },
      ...[...domains, "mean"].map((key) => ({ key, title: key, kind: "number", digits: 3, better: "lower" } as const)),
      { key: "trained", title: "parameters trained", kind: "number" },
      { key: "active", title: "parameters active", kind: "number" },
    ],
    rows: Object.entries(methods).map(([name, { bpb, parameters }]) => ({
      method: methodLabel(name),
      ...Object.fromEntries([...domains, "mean"].map((domain) => [domain, bpb[domain] ?? null])),
      trained: compact(parameters.trained),
      active: compact(parameters.active),
    })),
  };
}

/** Task scores in percent by method, with the ends of their 95 % intervals beside them; undefined when there are none. */
export function taskTable({ methods }: RunResults): Table | undefined {
  const tasks = [...new Set(Object.values(methods).flatMap((method) => Object.keys(method.tasks)))];
  if (tasks.length === 0) return undefined;
  const samples = (task: string) => Math.max(...Object.values(methods).map((m) => m.tasks[task]?.samples ?? 0));
  return {
    name: "tasks",
    title: "Tasks, % right (95 % interval)",
    columns: [
      { key: "method", title: "Method", kind: "text" },
      ...tasks.map((task): Column => ({
        key: `task:${task}`,
        title: `${task}, n ${samples(task)}`,
        kind: "number",
        digits: 1,
        better: "higher",
      })),
    ],
    rows: Object.entries(methods).map(([name, method]) => ({
      method: methodLabel(name),
      ...Object.fromEntries(tasks.flatMap((task): [string, number | null][] => {
        const score = method.tasks[task];
        const percent = (key: "value" | "low" | "high") => score === undefined ? null : 100 * score[key];
        return [[`task:${task}`, percent("value")], [`low:task:${task}`, percent("low")], [
          `high:task:${task}`,
          percent("high"),
        ]];
      })),
    })),
  };
}

/** A score with its interval: `8.0 (4 to 12)`. */
export function taskText(column: Column, row: Table["rows"][number]): string {
  const [low, high] = [row[`low:${column.key}`], row[`high:${column.key}`]];
  const text = cellText(column, row);
  return typeof low === "number" && typeof high === "number"
    ? `${text} (${low.toFixed(0)} to ${high.toFixed(0)})`
    : text;
}
