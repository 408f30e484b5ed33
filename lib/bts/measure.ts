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
  type CellContext,
  type CellResult,
  type CodeModule,
  HEADLINE,
  type MeasureInfo,
  measureSchema,
  methodResultSchema,
  type RunResults,
  valueOf,
} from "../run/mod.ts";
import { heapBytes } from "../tensor/mod.ts";
import { LOSSES_FILE } from "./comparisons.ts";
import { evaluationCost, type ForwardCost } from "./evaluation-cost.ts";
import { evaluationSet } from "./evaluation-set.ts";
import type { Lab } from "./lab.ts";
import { readTokenizer, type Text } from "./text.ts";

const measuredSchema = z.strictObject({
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
  readonly model: LanguageModel;
  readonly parameters: ParameterCounts;
  /** Whether the device holds no other weights; otherwise they count as 4 bytes per parameter. @default false */
  readonly alone?: boolean;
  /** Called after measuring it. */
  readonly onMeasured?: () => Promise<void>;
}

/** Passed to {@linkcode MeasureSpec.open}. */
export interface Measuring {
  readonly cell: CellContext;
  readonly set: EvaluationSet;
  /** Resources given to `use()`, such as weights on the device, are disposed at the end of the cell. */
  readonly scope: DisposableStack;
}

/** One measuring cell. */
export interface MeasureSpec {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What the scores depend on besides text, questions and device: the keys of the models, and how they are combined. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The cost of a forward pass of each method, for plans. */
  readonly forward: () => readonly ForwardCost[];
  /** The modules that define `open`. */
  readonly code: CodeModule | readonly CodeModule[];
  /** Opens the methods, in the order of the table. */
  readonly open: (measuring: Measuring) => Promise<readonly Method[]>;
}

/** A cell that opens methods, measures them, and disposes their weights. */
export function measureCell(lab: Lab, text: Text, spec: MeasureSpec): Promise<CellResult<Measured>> {
  const { config, rngSeed, corpus, device } = lab;
  return lab.run.cell({
    name: spec.name,
    title: spec.title,
    description: spec.description,
    inputs: {
      ...spec.inputs,
      data: corpus.fingerprint,
      text: text.content,
      model: config.model,
      eval: config.eval,
      rngSeed,
    },
    code: [import.meta, ...[spec.code].flat()],
    device,
    output: measuredSchema,
    cost: () => evaluationCost(config, spec.forward()),
  }, async (cell) => {
    using scope = new DisposableStack();
    const set = evaluationSet(lab, openTokenizer(await readTokenizer(text), { rows: text.value.vocabSize }));
    noteMissing(cell, set, lab);
    return await measureAll(lab, cell, set, await spec.open({ cell, set, scope }));
  });
}

/** Measures methods one after another, and saves the loss of every document in the cell's folder. */
async function measureAll(
  { config, device }: Lab,
  cell: CellContext,
  set: EvaluationSet,
  methods: readonly Method[],
): Promise<Measured> {
  const { batch } = config.eval;
  const [probe] = Object.values(set.windows);
  const measured: Measured["methods"] = {};
  const scoring: Measured["scoring"] = {};
  const losses: Record<string, Evaluation["documents"]> = {};
  const measures = new Map<string, MeasureInfo>();
  for (const [i, { name, model, parameters, alone, onMeasured, ...known }] of methods.entries()) {
    const { measures: made, measurements, documents } = await evaluate(model, set, {
      ...known,
      parameters,
      device: device.description,
      batch,
      signal: cell.signal,
      onProgress: ({ done, total }) => cell.metrics(i * total + done, methods.length * total, {}),
    });
    for (const info of made) measures.set(info.name, info);
    measured[name] = measurements;
    losses[name] = documents;
    const weightBytes = alone ? heapBytes()?.used ?? 0 : 4 * parameters.total;
    const { tokensPerSecond, bytes } = await scoringCost(model, probe!, { batch });
    scoring[name] = { tokensPerSecond, bytes: bytes === null ? null : weightBytes + bytes };
    await onMeasured?.();
  }
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
  noteUnmeasured(cell, measures, measured);
  const means = Object.entries(measured).map(([name, method]) => `${name} ${valueOf(method, HEADLINE)!.toFixed(3)}`);
  cell.summary(`mean bits per byte: ${means.join(", ")}`);
  return { measures: [...measures.values()], methods: measured, scoring };
}

/** Warns about tasks without questions, whose columns are missing from the results. */
function noteMissing(cell: CellContext, { tasks }: EvaluationSet, { corpus }: Lab): void {
  const missing = corpus.tasks.map(({ name }) => name).filter((name) => !tasks.some((task) => task.name === name));
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
