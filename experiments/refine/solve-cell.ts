// The cell of one method: every problem at every budget. Replies are kept in its checkpoints and in its folder.
import { join } from "node:path";
import { z } from "zod";
import type { ExperimentContext } from "../../lib/experiment/mod.ts";
import { methodLabel } from "../../lib/methods.ts";
import {
  attemptedSchema,
  type MathProblem,
  type MethodName,
  readReplies,
  type Replies,
  replies,
  REPLIES_FILE,
  solveAll,
  writeReplies,
} from "../../lib/refine/mod.ts";
import type { CellContext, CellCost, CellResult } from "../../lib/run/mod.ts";
import type { RefineConfig } from "./config.ts";
import type { ModelFacts, OpenTeam } from "./models.ts";
import { noteAttempts } from "./notes.ts";

/** What is opened before a run. */
export interface Prepared {
  readonly problems: readonly MathProblem[];
  /** Absent in a plan. */
  readonly opened?: OpenTeam;
  readonly facts: ModelFacts;
}

/** The run, its settings, device, problems and models. */
export type RefineLab = ExperimentContext<RefineConfig, Prepared>;

const solvedSchema = z.strictObject({ attempts: z.array(attemptedSchema) });

/** A method's attempts: by budget, then by problem. */
export type Solved = CellResult<z.infer<typeof solvedSchema>>;

/** Name of the file with every attempt and its calls. */
const ATTEMPTS_FILE = "attempts.jsonl";
/** Time between checkpoints. */
const SAVE_MS = 30_000;

/** What each method is, for readers. */
const DESCRIPTIONS: Readonly<Record<MethodName, string>> = {
  "long-cot": "One solution with all of the tokens.",
  "majority": "As many drafts as there are tokens for; the most frequent answer.",
  "best-of-n": "As many drafts as there are tokens for; the model chooses one.",
  "sequential": "A draft, revised for as long as there are tokens.",
  "pdr-global-summary": "Drafts in parallel, a summary of them, and a solution that reads it.",
  "pdr-shared-top-k": "Drafts in parallel, of which the model chooses k, and a solution that reads these.",
  "pdr-per-sample-top-k": "The same, but with a choice of its own for each text of the next round.",
  "pdr-random-k": "Drafts in parallel, of which k are drawn, and a solution that reads these.",
};

/**
 * The cell of a method.
 *
 * @param earlier the cells of other methods, whose replies are taken where requests are equal
 */
export function solveCell(
  { run, config, rngSeed, device, prepared: { problems, opened, facts } }: RefineLab,
  method: MethodName,
  listed: CellResult<unknown>,
  earlier: readonly Solved[],
): Promise<Solved> {
  const { budgets, division, endpoint } = config;
  return run.cell({
    name: method,
    title: methodLabel(method),
    description: DESCRIPTIONS[method],
    inputs: {
      kind: "refine",
      method,
      problems: listed.key,
      budgets,
      division,
      rngSeed,
      contextLength: opened?.team.main.contextLength ?? 0,
      format: opened?.team.format.name ?? "planned",
      main: opened?.team.main.identity ?? "planned",
      drafters: opened?.team.drafters.map(({ identity }) => identity) ?? [],
    },
    code: import.meta,
    ...(endpoint.url === "" ? { device } : {}),
    output: solvedSchema,
    cost: () => costOf(config, problems.length, facts),
  }, async (cell) => {
    const known = [];
    for (const { folder } of earlier) known.push(...await readReplies(join(folder, REPLIES_FILE)));
    const { last } = cell.checkpoints;
    if (last !== undefined) known.push(...await readReplies(join(last.folder, REPLIES_FILE)));
    const kept = replies(known);
    await using saver = saveReplies(cell, kept);
    const records = await solveAll(method, problems, {
      team: opened!.team,
      settings: division,
      allowances: budgets,
      rngSeed,
      replies: kept,
      parallel: config.parallel,
      signal: cell.signal,
      onProgress(done, all) {
        if (done.length > (last?.step ?? 0)) {
          const solved = done.filter(({ right }) => right).length / done.length;
          const tokens = done.reduce((sum, { total }) => sum + total, 0);
          cell.metrics(done.length, all, { solved, tokens });
        }
        saver.progress(done.length);
      },
    });
    saver.finish();
    await writeReplies(join(cell.folder, REPLIES_FILE), kept.used());
    const lines = records.map((record) => `${JSON.stringify(record)}\n`);
    await Deno.writeTextFile(join(cell.folder, ATTEMPTS_FILE), lines.join(""));
    noteAttempts(cell, method, records, kept.used());
    const byBudget = budgets.map((budget) => {
      const own = records.filter(({ allowance }) => allowance === budget);
      return `${own.filter(({ right }) => right).length} of ${own.length} with ${budget} tokens`;
    });
    cell.summary(`solved ${byBudget.join(", ")}`);
    return { attempts: records.map((record) => attemptedSchema.strip().parse(record)) };
  });
}

/** What a method takes at most, when it spends all of its tokens. */
function costOf({ budgets, parallel }: RefineConfig, problems: number, { parameters, layers }: ModelFacts): CellCost {
  const tokens = problems * budgets.reduce((sum, budget) => sum + budget, 0);
  return {
    tokens,
    flops: 2 * parameters * tokens,
    layers: Math.ceil(tokens / parallel) * layers,
    bytes: 4 * parameters,
  };
}

/** Saves replies from time to time and, if the cell ends before it is finished, then. */
function saveReplies({ checkpoints }: CellContext, kept: Replies) {
  const before = checkpoints.last?.step ?? 0;
  let [step, saved, finished, at] = [before, 0, false, performance.now()];
  let saving: Promise<void> | undefined;
  let failure: unknown;
  const save = async () => {
    const all = kept.used();
    saved = kept.written;
    at = performance.now();
    const bytes = all.reduce((sum, { prompt, text }) => sum + prompt.length + text.length + 200, 0);
    await checkpoints.save(
      { step, score: null, bytes, keep: 2 },
      (folder) => writeReplies(join(folder, REPLIES_FILE), all),
    );
  };
  return {
    progress(done: number): void {
      if (failure !== undefined) throw failure;
      step = Math.max(step, done);
      if (saving !== undefined || kept.written === saved || performance.now() - at < SAVE_MS) return;
      saving = save().catch((error) => failure = error).finally(() => saving = undefined);
    },
    finish: () => void (finished = true),
    async [Symbol.asyncDispose]() {
      await saving;
      if (finished || kept.written === saved) return;
      step = Math.max(step, before + 1);
      await save();
    },
  };
}
