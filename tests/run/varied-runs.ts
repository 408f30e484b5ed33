// Many small runs that differ in seed, width and learning rate, for tables and comparisons.
import { join } from "node:path";
import type { EventBody } from "../../lib/run/mod.ts";
import { LOG_FILE } from "../../lib/run/log/log.ts";
import { demoBodies, stamp } from "./demo-log.ts";

/** The id of run `i`; a later one was started later. */
export function variedId(i: number): string {
  const start = new Date(Date.UTC(2026, 9, 1) + i * 60_000);
  const time = start.toISOString().replace(/[-:]|\.\d+Z/g, "").replace("T", "-");
  return `${time}-bts-demo-${i.toString(36).padStart(4, "0")}`;
}

/** Writes `count` runs that are done. Run `i` has seed `i % 5`, and `i % 3` decides its width. */
export function writeVariedRuns(runsFolder: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const id = variedId(i);
    const folder = join(runsFolder, id);
    Deno.mkdirSync(folder, { recursive: true });
    const events = stamp(variedBodies(id, i), new Date(Date.UTC(2026, 9, 1) + i * 60_000), 10, 0);
    Deno.writeTextFileSync(join(folder, LOG_FILE), events.map((event) => JSON.stringify(event) + "\n").join(""));
  }
}

/** The events of run `i`. */
export function variedBodies(id: string, i: number): EventBody[] {
  const width = [64, 128, 256][i % 3]!;
  // Two cells are enough for a table; reading the logs should take no time.
  const kept = demoBodies({ id, steps: 2, title: `Run ${i}`, plain: true })
    .filter((body) => !("cell" in body) || body.cell === "seed" || body.cell === "stitch");
  return kept.map((body) => {
    if (body.kind === "run.start") {
      return { ...body, seed: i % 5, config: { model: { layers: 4, width }, train: { rate: i % 2 ? 1e-3 : 3e-3 } } };
    }
    if (body.kind !== "run.end" || body.results == null) return body;
    const methods = Object.entries(body.results.methods).map(([method, list]) => [
      method,
      list.map((one) => ({ ...one, value: one.value + i * 1e-3 })),
    ]);
    return { ...body, results: { ...body.results, methods: Object.fromEntries(methods) } };
  });
}
