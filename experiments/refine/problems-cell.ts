// The cell with the problems that all methods solve.
import { join } from "node:path";
import { z } from "zod";
import { type CellResult, numberColumn, type Table, textColumn } from "../../lib/run/mod.ts";
import type { MathProblem } from "../../lib/refine/mod.ts";
import type { RefineLab } from "./solve-cell.ts";

const listedSchema = z.strictObject({ problems: z.int() });

/** Lists the problems, so that the run has them all. */
export function listProblems({ run, prepared: { problems } }: RefineLab): Promise<CellResult<{ problems: number }>> {
  return run.cell({
    name: "problems",
    title: "Problems",
    description: "What is solved: questions with one number as the answer.",
    inputs: { kind: "refine problems", problems },
    code: import.meta,
    output: listedSchema,
  }, async (cell) => {
    const lines = problems.map((problem) => `${JSON.stringify(problem)}\n`);
    await Deno.writeTextFile(join(cell.folder, "problems.jsonl"), lines.join(""));
    cell.table(problemsTable(problems));
    return { problems: problems.length };
  });
}

function problemsTable(problems: readonly MathProblem[]): Table {
  const levels = Map.groupBy(problems, ({ level }) => level);
  return {
    name: "problems",
    title: "Problems by level, with the first of each",
    columns: [
      textColumn("level"),
      numberColumn("problems", "problems", 0),
      textColumn("question", "example"),
      textColumn("answer"),
    ],
    rows: [...levels].map(([level, own]) => ({
      level,
      problems: own.length,
      question: own[0]!.question,
      answer: own[0]!.answer,
    })),
  };
}
