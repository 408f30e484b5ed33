// Evaluations of a run's models: a small append-only file next to the event log, which only the run itself writes.
import { join } from "node:path";
import { absent, attempt, systemReason, UserError } from "../../errors.ts";
import { type Evaluation, evaluationSchema } from "../events/evaluations.ts";
import { appendLine } from "../files/files.ts";

/** Name of the file in a run's folder. Unlike the event log, it may have any number of writers. */
export const EVALUATIONS_FILE = "evaluations.jsonl";

/** The evaluations of the run in this folder, in order, and the numbers of the lines that cannot be read. */
export async function readEvaluations(
  folder: string,
): Promise<{ readonly evaluations: readonly Evaluation[]; readonly damaged: readonly number[] }> {
  const content = await Deno.readTextFile(join(folder, EVALUATIONS_FILE)).catch(absent) ?? "";
  const evaluations: Evaluation[] = [];
  const damaged: number[] = [];
  for (const [i, line] of content.split("\n").entries()) {
    if (line === "") continue;
    const evaluation = attempt(() => evaluationSchema.parse(JSON.parse(line)));
    if (evaluation === undefined) damaged.push(i + 1);
    else evaluations.push(evaluation);
  }
  return { evaluations, damaged };
}

/**
 * Adds an evaluation to a run. Its measurements then appear beside the run's own: in tables, pages, lists and SQL. Any
 * number of processes may do so at the same time: each appends one whole line.
 *
 * @param folder the run's
 * @throws UserError `evaluation.write` when the folder cannot be written
 */
export function addEvaluation(folder: string, evaluation: Omit<Evaluation, "time">): void {
  const path = join(folder, EVALUATIONS_FILE);
  const line = JSON.stringify(evaluationSchema.parse({ time: new Date().toISOString(), ...evaluation })) + "\n";
  try {
    appendLine(path, new TextEncoder().encode(line));
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError("evaluation.write", `Cannot write ${path}: ${reason}`, "check the permissions of the folder");
  }
}
