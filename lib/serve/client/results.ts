// The result of a run: one sentence that says what came out, and the table of methods.
import type { Estimate, RunResults, Table } from "../../run/mod.ts";
import { h } from "./dom.ts";
import { change, compact } from "./format.ts";
import { tableElement } from "./table.ts";

/** Method names as people write them. */
export function methodName(name: string): string {
  const known: Readonly<Record<string, string>> = {
    seed: "Seed",
    soup: "Soup (weight average)",
    btm: "BTM (ensemble)",
    bts: "BTS (stitched)",
  };
  return known[name] ?? (name.startsWith("expert:") ? `Expert: ${name.slice("expert:".length)}` : name);
}

/** The results with headline, bits per byte and tasks. */
export function resultsElement(results: RunResults): HTMLElement {
  const box = h("div", { class: "card results" }, h("h2", {}, "Results"), headline(results));
  box.append(tableElement(bpbTable(results)));
  const tasks = taskTable(results);
  if (tasks !== undefined) box.append(tableElement(tasks));
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
    figures.append(h("div", {}, h("dt", {}, label), h("dd", {}, value, h("small", {}, detail))));
  const best = ranking[0];
  if (bts !== undefined) {
    figure(
      "Stitched model",
      bts.toFixed(3),
      seed === undefined ? "mean bits per byte" : `${change(seed, bts)} vs seed`,
    );
  }
  if (seed !== undefined) figure("Seed", seed.toFixed(3), "mean bits per byte");
  if (best !== undefined && best.name !== "bts") figure("Lowest", best.mean.toFixed(3), methodName(best.name));
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
      { key: "trained", title: "trained", kind: "number" },
      { key: "active", title: "active", kind: "number" },
    ],
    rows: Object.entries(methods).map(([name, { bpb, parameters }]) => ({
      method: methodName(name),
      ...Object.fromEntries([...domains, "mean"].map((domain) => [domain, bpb[domain] ?? null])),
      trained: compact(parameters.trained),
      active: compact(parameters.active),
    })),
  };
}

/**
 * Task scores in percent with their 95 % intervals by method; undefined when there are none. No best is marked: with
 * some hundred samples the intervals overlap.
 */
export function taskTable({ methods }: RunResults): Table | undefined {
  const tasks = [...new Set(Object.values(methods).flatMap((method) => Object.keys(method.tasks)))];
  if (tasks.length === 0) return undefined;
  const percent = (value: number) => (value * 100).toFixed(0);
  const shown = (score: Estimate | undefined) =>
    score === undefined ? null : `${(score.value * 100).toFixed(1)} (${percent(score.low)} to ${percent(score.high)})`;
  const samples = (task: string) => Math.max(...Object.values(methods).map((m) => m.tasks[task]?.samples ?? 0));
  return {
    name: "tasks",
    title: "Tasks, % right (95 % interval)",
    columns: [
      { key: "method", title: "Method", kind: "text" },
      ...tasks.map((task) => ({ key: `task:${task}`, title: `${task}, n ${samples(task)}`, kind: "number" } as const)),
    ],
    rows: Object.entries(methods).map(([name, method]) => ({
      method: methodName(name),
      ...Object.fromEntries(tasks.map((task) => [`task:${task}`, shown(method.tasks[task])])),
    })),
  };
}
