// A small cell for the tests of what reads runs.
import { join } from "node:path";
import { z } from "zod";
import type { CellResult, Run } from "../../../lib/run/mod.ts";

/** Runs a cell that logs a loss at each step and leaves one file, `a.txt`. */
export function trainCell(run: Run, name: string, losses: readonly number[]): Promise<CellResult<number>> {
  const inputs = { losses: losses.map(String) };
  return run.cell(
    { name, title: `Train ${name}`, description: "", inputs, code: import.meta, output: z.number() },
    async (context) => {
      losses.forEach((loss, i) => context.metrics(i + 1, losses.length, { loss }));
      await Deno.writeTextFile(join(context.folder, "a.txt"), losses.join(" "));
      return losses.length;
    },
  );
}
