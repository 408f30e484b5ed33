// What is measured of a run's models after it has ended, kept beside the run's own results.
import { join } from "node:path";
import { addEvaluation, readRun } from "../run/mod.ts";
import { writeReport } from "./write.ts";

/** A run and its folder. */
export interface EvaluatedRun {
  readonly runsFolder: string;
  readonly id: string;
  readonly folder: string;
}

/** Adds an evaluation to a run, and to its report if it has one. */
export async function keepEvaluation(
  { runsFolder, id, folder }: EvaluatedRun,
  evaluation: Parameters<typeof addEvaluation>[1],
): Promise<void> {
  addEvaluation(folder, evaluation);
  const view = await readRun(runsFolder, id);
  const hasReport = await Deno.stat(join(folder, "report.html")).then(({ isFile }) => isFile, () => false);
  if (view !== undefined && hasReport) await writeReport(folder, view);
}
