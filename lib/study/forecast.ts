// The forecast of `deno task results`: the time of every study, where cells that studies share count once.
import { longTime } from "../experiment/mod.ts";
import { estimatedSeconds, numberColumn, type PlannedCell, type Speed, type Table, textColumn } from "../run/mod.ts";
import type { Section } from "./section.ts";

/** The plan of one study. */
export interface PlannedSection {
  readonly name: string;
  readonly preset: string;
  /** Number of cells per seed. */
  readonly cells: number;
  /** The cells that no earlier study computes. */
  readonly fresh: readonly PlannedCell[];
}

/**
 * The plans of all studies in order. Text, seed, experts and their measurements are shared between studies. Stitches
 * are counted in every study, although some are equal, so the time is an upper bound.
 */
export async function forecast(
  sections: readonly (Section & { readonly preset: string })[],
): Promise<PlannedSection[]> {
  const made = new Set<string>();
  const planned: PlannedSection[] = [];
  for (const { name, preset, plan } of sections) {
    const { config: { data, tokenizer, model, mix, train }, cells } = await plan(preset);
    const fresh = cells.filter(({ cell, tokens, flops }) => {
      const key = JSON.stringify([cell, tokens, flops, data, tokenizer, model, mix, train]);
      if (cell !== "report" && made.has(key)) return false;
      made.add(key);
      return true;
    });
    planned.push({ name, preset, cells: cells.length, fresh });
  }
  return planned;
}

/** Seconds for all seeds on a device of this speed. */
export function forecastSeconds(planned: readonly PlannedSection[], seeds: number, speed: Speed): number {
  return seeds * planned.reduce((sum, { fresh }) => sum + estimatedSeconds(fresh, speed), 0);
}

/** The forecast as a table, one row per study. */
export function forecastTable(planned: readonly PlannedSection[], seeds: number, speed: Speed): Table {
  const time = (of: readonly PlannedSection[]) => longTime(forecastSeconds(of, seeds, speed));
  return {
    name: "forecast",
    title: "Studies to run, one after another",
    columns: [
      textColumn("study", "study"),
      textColumn("preset", "preset"),
      numberColumn("seeds", "seeds", 0),
      numberColumn("cells", "cells per seed", 0),
      numberColumn("fresh", "not shared", 0),
      textColumn("time", "time at most"),
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
