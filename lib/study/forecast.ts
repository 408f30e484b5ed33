// What `deno task results` is about to do: every study with its time, cells that studies share counted once.
import type { Table } from "../run/mod.ts";
import { estimatedSeconds, longTime, type PlannedCell } from "../experiment/mod.ts";
import type { Section } from "./section.ts";

/** One study of the plan. */
export interface PlannedSection {
  readonly name: string;
  readonly preset: string;
  /** Cells of one seed, and those of them that no study before it has made. */
  readonly cells: number;
  readonly fresh: readonly PlannedCell[];
}

/**
 * The cells of each study in order. Text, seed, experts and what is measured of them are taken from the studies before;
 * stitches count wherever they are named, though some are the same: the time is what it takes at most.
 */
export function forecast(sections: readonly (Section & { readonly preset: string })[]): PlannedSection[] {
  const made = new Set<string>();
  return sections.map(({ name, preset, plan }) => {
    const { config: { data, tokenizer, model, mix, train }, cells } = plan(preset);
    const fresh = cells.filter(({ cell, tokens, flops }) => {
      const key = JSON.stringify([cell, tokens, flops, data, tokenizer, model, mix, train]);
      if (cell !== "report" && made.has(key)) return false;
      made.add(key);
      return true;
    });
    return { name, preset, cells: cells.length, fresh };
  });
}

/** Seconds of all seeds on a device that does `flopsPerSecond` in matrix products. */
export function forecastSeconds(planned: readonly PlannedSection[], seeds: number, flopsPerSecond: number): number {
  return seeds * planned.reduce((sum, { fresh }) => sum + estimatedSeconds(fresh, flopsPerSecond), 0);
}

export function forecastTable(planned: readonly PlannedSection[], seeds: number, flopsPerSecond: number): Table {
  const text = (key: string, title: string) => ({ key, title, kind: "text" }) as const;
  const number = (key: string, title: string) => ({ key, title, kind: "number", digits: 0 }) as const;
  const time = (of: readonly PlannedSection[]) => longTime(forecastSeconds(of, seeds, flopsPerSecond));
  return {
    name: "forecast",
    title: "What will run, one study after the other",
    columns: [
      text("study", "study"),
      text("preset", "preset"),
      number("seeds", "seeds"),
      number("cells", "cells a seed"),
      number("fresh", "not shared"),
      text("time", "time at most"),
    ],
    rows: [
      ...planned.map((one) => ({
        study: one.name,
        preset: one.preset,
        seeds,
        cells: one.cells,
        fresh: one.fresh.length,
        time: time([one]),
      })),
      {
        study: "all",
        preset: "",
        seeds,
        cells: planned.reduce((sum, { cells }) => sum + cells, 0),
        fresh: planned.reduce((sum, { fresh }) => sum + fresh.length, 0),
        time: time(planned),
      },
    ],
  };
}
