// Which problems are put to a model: from a file, or generated.
import { systemReason, UserError } from "../errors.ts";
import { generateProblems, LEVELS } from "./generate-problems.ts";
import { type MathProblem, parseProblems } from "./problem.ts";

/** Which problems are put to a model. */
export interface ProblemChoice {
  /** JSON lines; empty: generated problems. */
  readonly file: string;
  /** Of these levels; of a file, by default all. */
  readonly levels: readonly string[];
  /** The first so many of each level. */
  readonly perLevel: number;
}

/**
 * The chosen problems, level by level.
 *
 * @param seed of generated problems
 * @throws UserError `refine.file`, `refine.problem`, `refine.level`
 */
export async function chooseProblems(choice: ProblemChoice, seed: number): Promise<MathProblem[]> {
  const { file, levels, perLevel } = choice;
  if (file === "") {
    const unknown = levels.find((level) => !LEVELS.some((one) => one === level));
    if (unknown !== undefined) throw unknownLevel(unknown, LEVELS, "generated problems have");
    return LEVELS.filter((level) => levels.length === 0 || levels.includes(level))
      .flatMap((level) => generateProblems(level, perLevel, seed));
  }
  const problems = parseProblems(await readFile(file), file);
  const known = [...new Set(problems.map(({ level }) => level))];
  const unknown = levels.find((level) => !known.includes(level));
  if (unknown !== undefined) throw unknownLevel(unknown, known, `${file} has`);
  return known.filter((level) => levels.length === 0 || levels.includes(level))
    .flatMap((level) => problems.filter((one) => one.level === level).slice(0, perLevel));
}

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError(
      "refine.file",
      `Cannot read ${path}: ${reason}`,
      "problems.file names JSON lines with problems",
    );
  }
}

function unknownLevel(level: string, known: readonly string[], whose: string): UserError {
  return new UserError("refine.level", `problems.levels has "${level}", but ${whose} ${known.join(", ")}`);
}
