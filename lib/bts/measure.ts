// Measuring cells: all methods on the same held-out text and the same questions.
import { join } from "node:path";
import { openTokenizer } from "../data/mod.ts";
import type { EvaluationSet } from "../eval/mod.ts";
import { type CellContext, type CellResult, type CodeModule, LOSSES_FILE } from "../run/mod.ts";
import { evaluationCost, type ForwardCost, type MeasuredPart } from "./evaluation-cost.ts";
import { evaluationSet } from "./evaluation-set.ts";
import type { Lab } from "./lab.ts";
import { measureMethods, type Method } from "./measure-methods.ts";
import { noteMissing } from "./measure-notes.ts";
import { type Measured, measuredSchema, withText } from "./measured.ts";
import { writeMeasuredOn } from "./measured-on.ts";
import { readRows, type ScoredRow } from "./row-journal.ts";
import { readTokenizer, type Text } from "./text.ts";

/** Passed to {@linkcode MeasureSpec.open}. */
export interface Measuring {
  readonly cell: CellContext;
  /** What is measured in this cell: without windows or without tasks if those have a cell of their own. */
  readonly set: EvaluationSet;
  /** Resources given to `use()`, such as weights on the device, are disposed at the end of the cell. */
  readonly scope: DisposableStack;
  /** The rows of a method, by its index, that the cell named by {@linkcode MeasureSpec.rowsOf} scored. */
  readonly rows?: (method: number) => Promise<readonly ScoredRow[]>;
}

/** The measuring of some methods: one cell, or two with `eval.apart`. */
export interface MeasureSpec {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What the scores depend on besides text, questions and device: the keys of the models, and how they are combined. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The cost of a forward pass of each method, for plans; `part` is what the cell measures. */
  readonly forward: (part: MeasuredPart) => readonly ForwardCost[];
  /** The most parameters that are in memory at one time, for plans. */
  readonly held: () => number;
  /** The modules that define `open`. */
  readonly code: CodeModule | readonly CodeModule[];
  /** Name of an earlier specification whose rows `open` uses where tasks have cells of their own. */
  readonly rowsOf?: string;
  /** Opens the methods, in the order of the table. */
  readonly open: (measuring: Measuring) => Promise<readonly Method[]>;
}

/** Measures the methods of one specification. */
export async function measureCell(lab: Lab, text: Text, spec: MeasureSpec): Promise<CellResult<Measured>> {
  return (await measureCells(lab, text, [spec]))[0]!;
}

/**
 * Measures methods: for each specification one cell, or with `eval.apart` two, those for held-out text first and then those
 * for the tasks, whose results include the former's.
 */
export async function measureCells(
  lab: Lab,
  text: Text,
  specs: readonly MeasureSpec[],
): Promise<CellResult<Measured>[]> {
  const measured: CellResult<Measured>[] = [];
  if (!lab.config.eval.apart) {
    for (const spec of specs) measured.push(await partCell(lab, text, spec, "all"));
    return measured;
  }
  const onText: CellResult<Measured>[] = [];
  for (const spec of specs) onText.push(await partCell(lab, text, spec, "text"));
  for (const [i, spec] of specs.entries()) {
    const rows = measured[specs.findIndex(({ name }) => name === spec.rowsOf)];
    measured.push(await partCell(lab, text, spec, "tasks", { text: onText[i]!, rows }));
  }
  return measured;
}

/** @param before the cell with the other part, whose results are included, and one whose rows are used */
function partCell(
  lab: Lab,
  text: Text,
  spec: MeasureSpec,
  part: MeasuredPart,
  before?: { readonly text: CellResult<Measured>; readonly rows: CellResult<Measured> | undefined },
): Promise<CellResult<Measured>> {
  const { config, rngSeed, corpus, device } = lab;
  const { tokens, batch, apart: _, ...questions } = config.eval;
  return lab.run.cell({
    name: part === "text" ? spec.name.replace(/^evaluate/, "measure") : spec.name,
    title: part === "tasks" ? spec.title.replace(/^Measure/, "Score the tasks of") : spec.title,
    description: spec.description,
    inputs: {
      ...spec.inputs,
      data: corpus.fingerprint,
      text: text.content,
      model: config.model,
      eval: { tokens, batch, ...(part === "text" ? {} : questions) },
      rngSeed,
      ...(part === "all" ? {} : { part }),
      ...(before === undefined ? {} : { before: before.text.key, rows: before.rows?.key ?? null }),
    },
    code: [import.meta, ...[spec.code].flat()],
    device,
    output: measuredSchema,
    cost: () => evaluationCost(config, spec.forward(part), part, spec.held()),
  }, async (cell) => {
    using scope = new DisposableStack();
    const whole = evaluationSet(lab, openTokenizer(await readTokenizer(text), { rows: text.value.vocabSize }));
    const set = {
      ...whole,
      windows: part === "tasks" ? {} : whole.windows,
      tasks: part === "text" ? [] : whole.tasks,
    };
    if (part !== "text") noteMissing(cell, whole, lab);
    const rows = before?.rows?.folder;
    const measuring = { cell, set, scope, ...(rows === undefined ? {} : { rows: (i: number) => readRows(rows, i) }) };
    const measured = await measureMethods(lab, cell, set, part, await spec.open(measuring));
    await writeMeasuredOn(cell.folder, before === undefined ? set : { ...set, windows: whole.windows });
    if (before === undefined) return measured;
    await Deno.copyFile(join(before.text.folder, LOSSES_FILE), join(cell.folder, LOSSES_FILE));
    return withText(measured, before.text.value);
  });
}
