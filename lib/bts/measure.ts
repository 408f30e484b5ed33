// Measuring cells: all methods on the same held-out text and the same questions.
import { join } from "node:path";
import { z } from "zod";
import { openTokenizer } from "../data/mod.ts";
import {
  type DocumentLosses,
  enoughDocuments,
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationSet,
  FEWEST_DOCUMENTS,
  type ParameterCounts,
  scoringCost,
} from "../eval/mod.ts";
import type { LanguageModel } from "../model/mod.ts";
import {
  ANSWERS_FILE,
  type CellContext,
  type CellResult,
  type CodeModule,
  HEADLINE,
  LOSSES_FILE,
  type MeasureInfo,
  measureSchema,
  methodResultSchema,
  type RunResults,
  valueOf,
} from "../run/mod.ts";
import { heapBytes } from "../tensor/mod.ts";
import type { Answers } from "./comparisons.ts";
import { evaluationCost, type ForwardCost, type MeasuredPart } from "./evaluation-cost.ts";
import { evaluationSet } from "./evaluation-set.ts";
import type { Lab } from "./lab.ts";
import { writeMeasuredOn } from "./measured-on.ts";
import { openRowJournal, readRows, type ScoredRow, writeAll } from "./row-journal.ts";
import { readTokenizer, type Text } from "./text.ts";
import type { MeasuredSchema } from "./inferred-types.ts";

const measuredSchema: MeasuredSchema = z.strictObject({
  measures: z.array(measureSchema),
  methods: z.record(z.string(), methodResultSchema),
  scoring: z.record(z.string(), z.strictObject({ tokensPerSecond: z.number(), bytes: z.number().nullable() })),
});

/**
 * The output of a measuring cell: the measures, and by method its measurements, its speed of scoring, and its peak memory
 * while scoring, with its weights.
 */
export type Measured = z.infer<typeof measuredSchema>;

/** A method to measure. */
export interface Method extends Pick<EvaluateOptions, "onRow" | "knownLosses" | "knownTops"> {
  readonly name: string;
  /** Opens it when it is its turn; `scope` is disposed when it has been measured. */
  readonly open: (scope: DisposableStack) => LanguageModel;
  readonly parameters: ParameterCounts;
  /** Whether the device holds no other weights; otherwise they count as 4 bytes per parameter. @default false */
  readonly alone?: boolean;
  /** Called after measuring it on held-out text. */
  readonly onMeasured?: (model: LanguageModel) => Promise<void>;
}

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
    const measured = await measureAll(lab, cell, set, part, await spec.open(measuring));
    await writeMeasuredOn(cell.folder, before === undefined ? set : { ...set, windows: whole.windows });
    if (before === undefined) return measured;
    await Deno.copyFile(join(before.text.folder, LOSSES_FILE), join(cell.folder, LOSSES_FILE));
    return withText(measured, before.text.value);
  });
}

/** The results of both parts of the same methods. */
function withText(tasks: Measured, onText: Measured): Measured {
  const methods = Object.entries(tasks.methods).map(([name, measurements]) =>
    [name, inOrder([...onText.methods[name] ?? [], ...measurements], tasks)] as const
  );
  return {
    measures: inOrder([...onText.measures, ...tasks.measures], tasks),
    methods: Object.fromEntries(methods),
    scoring: onText.scoring,
  };
}

/** In the order of the tables: the headline's, the tasks, the others. */
function inOrder<One extends { readonly name: string }>(all: readonly One[], tasks: Pick<Measured, "measures">): One[] {
  const names = new Set(tasks.measures.map(({ name }) => name));
  const rank = ({ name }: One) => name === HEADLINE.name ? 0 : names.has(name) ? 1 : 2;
  return all.toSorted((a, b) => rank(a) - rank(b));
}

/** Measures methods one after another, and saves the loss of every document, and every answer, in the cell's folder. */
async function measureAll(
  { config, device }: Lab,
  cell: CellContext,
  set: EvaluationSet,
  part: MeasuredPart,
  methods: readonly Method[],
): Promise<Measured> {
  const { batch } = config.eval;
  const [probe] = Object.values(set.windows);
  const measured: Measured["methods"] = {};
  const scoring: Measured["scoring"] = {};
  const losses: Record<string, Evaluation["documents"]> = {};
  const answers: Record<string, Answers[string]> = {};
  const measures = new Map<string, MeasureInfo>();
  await using journal = part === "tasks" ? await openRowJournal(cell, methods.length, config.checkpoint) : undefined;
  for (const [i, { name, open, parameters, alone, onMeasured, ...known }] of methods.entries()) {
    using scope = new DisposableStack();
    const model = open(scope);
    const restored = journal?.rows(i).length ?? 0;
    const { measures: made, measurements, documents, answers: right } = await evaluate(model, set, {
      ...known,
      ...journal?.options(i, known),
      parameters,
      device: device.description,
      batch,
      ...(part === "tasks" ? { measures: [] } : {}),
      signal: cell.signal,
      onProgress({ done, total }) {
        const step = i * total + Math.min(total, restored + done);
        cell.metrics(step, methods.length * total, {});
        journal?.progress(step);
      },
    });
    for (const info of made) measures.set(info.name, info);
    measured[name] = measurements;
    answers[name] = right;
    if (probe === undefined) continue;
    losses[name] = documents;
    const weightBytes = alone ? heapBytes()?.used ?? 0 : 4 * parameters.total;
    const { tokensPerSecond, bytes } = await scoringCost(model, probe, { batch });
    scoring[name] = { tokensPerSecond, bytes: bytes === null ? null : weightBytes + bytes };
    await onMeasured?.(model);
  }
  // Rows of models that others are made of, for a cell that measures more of those.
  if (journal !== undefined) {
    journal.finish();
    await writeAll(cell.folder, methods.map(({ onRow }, i) => onRow === undefined ? [] : journal.rows(i)));
  }
  noteUnmeasured(cell, measures, measured);
  if (part !== "text") await Deno.writeTextFile(join(cell.folder, ANSWERS_FILE), JSON.stringify(answers));
  if (part === "tasks") {
    cell.summary(`percent correct, mean of the tasks: ${summaryOf(measured, (all) => 100 * meanOf(all), 1)}`);
  } else {
    await writeLosses(cell, losses);
    cell.summary(`mean bits per byte: ${summaryOf(measured, (method) => valueOf(method, HEADLINE)!, 3)}`);
  }
  return { measures: [...measures.values()], methods: measured, scoring };
}

function summaryOf(
  methods: Measured["methods"],
  value: (measurements: Measured["methods"][string]) => number,
  digits: number,
): string {
  return Object.entries(methods).map(([name, method]) => `${name} ${value(method).toFixed(digits)}`).join(", ");
}

const meanOf = (measurements: Measured["methods"][string]) =>
  measurements.reduce((sum, { value }) => sum + value, 0) / Math.max(1, measurements.length);

async function writeLosses(cell: CellContext, losses: Readonly<Record<string, Evaluation["documents"]>>) {
  const plain = Object.fromEntries(
    Object.entries(losses).map(([name, domains]) => [
      name,
      Object.fromEntries(
        Object.entries(domains).map(([domain, { nll, bytes }]) => [domain, { nll: [...nll], bytes: [...bytes] }]),
      ),
    ]),
  );
  await Deno.writeTextFile(join(cell.folder, LOSSES_FILE), JSON.stringify(plain));
  noteFew(cell, Object.values(losses)[0] ?? {});
}

/** Warns about tasks without questions, whose columns are missing from the results. */
function noteMissing(cell: CellContext, { tasks }: EvaluationSet, { corpus, config }: Lab): void {
  const missing = corpus.tasks.map(({ name }) => name).filter((name) =>
    (config.eval.tasks?.includes(name) ?? true) && !tasks.some((task) => task.name === name)
  );
  if (missing.length === 0) return;
  cell.note(
    `No questions for ${missing.join(", ")}: too few held-out documents, or none that fit model.contextLength.`,
    "warning",
  );
}

/** Notes which methods lack a measure: it could not be made of them. */
function noteUnmeasured(
  cell: CellContext,
  measures: ReadonlyMap<string, MeasureInfo>,
  methods: Measured["methods"],
): void {
  for (const { name, title } of measures.values()) {
    const without = Object.keys(methods).filter((method) => !methods[method]!.some((one) => one.name === name));
    if (without.length > 0) cell.note(`No ${title} of ${without.join(", ")}: it could not be measured.`);
  }
}

/** Notes which domains have no interval, and why. The documents are the same for all methods. */
function noteFew(cell: CellContext, domains: Readonly<Record<string, DocumentLosses>>): void {
  const few = Object.entries(domains).filter(([, { bytes }]) => !enoughDocuments(bytes));
  if (few.length === 0) return;
  const named = few.map(([domain, { bytes }]) => `${domain} (${bytes.length} documents)`).join(", ");
  cell.note(
    `No 95 % interval of bits per byte for ${named} and for the mean: it takes at least ${FEWEST_DOCUMENTS} held-out ` +
      "documents of similar length, or more of different lengths.",
    "warning",
  );
}

/**
 * Combines the results of measuring cells; must be called inside a cell.
 *
 * @param methods in place of the cells' own, for example under other names
 */
export function resultsOf(
  domains: readonly string[],
  cells: readonly CellResult<Measured>[],
  methods: RunResults["methods"] = Object.assign({}, ...cells.map(({ value }) => value.methods)),
): RunResults {
  const measures = new Map(cells.flatMap(({ value }) => value.measures).map((info) => [info.name, info]));
  return { domains: [...domains], measures: [...measures.values()], methods };
}
