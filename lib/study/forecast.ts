// What `deno task results` will do: the time of every study, counting cells that studies share once.
import type { PlannedCell, Table } from "../run/mod.ts";
import { estimatedSeconds, longTime, type Speed } from "../experiment/mod.ts";
import type { Section } from "./section.ts";

/** One study of the plan. */
export interface PlannedSection {
  readonly name: string;
  readonly preset: string;
  /** Cells of one seed, and those of them that no study before it makes. */
  readonly cells: number;
  readonly fresh: readonly PlannedCell[];
}

/**
 * The cells of each study in order. Text, seed, experts and their measurements come from the studies before; stitches
 * count wherever they are named, although some are the same: the time is an upper bound.
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

/** Seconds that all seeds take on a device of this speed. */
export function forecastSeconds(planned: readonly PlannedSection[], seeds: number, speed: Speed): number {
  return seeds * planned.reduce((sum, { fresh }) => sum + estimatedSeconds(fresh, speed), 0);
}

/** The forecast as a table, one row per study. */
export function forecastTable(planned: readonly PlannedSection[], seeds: number, speed: Speed): Table {
  const text = (key: string, title: string) => ({ key, title, kind: "text" }) as const;
  const number = (key: string, title: string) => ({ key, title, kind: "number", digits: 0 }) as const;
  const time = (of: readonly PlannedSection[]) => longTime(forecastSeconds(of, seeds, speed));
  return {
    name: "forecast",
    title: "What will run, one study after the other",
    columns: [
      text("study", "study"),
      text("preset", "preset"),
      number("seeds", "seeds"),
      number("cells", "cells per seed"),
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
