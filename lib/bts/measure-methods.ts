// Measuring methods one after another within a cell.
import { join } from "node:path";
import {
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationSet,
  type ParameterCounts,
  scoringCost,
} from "../eval/mod.ts";
import type { LanguageModel } from "../model/mod.ts";
import { ANSWERS_FILE, type CellContext, HEADLINE, LOSSES_FILE, type MeasureInfo, valueOf } from "../run/mod.ts";
import { heapBytes } from "../tensor/mod.ts";
import type { Answers } from "./comparisons.ts";
import type { MeasuredPart } from "./evaluation-cost.ts";
import type { Lab } from "./lab.ts";
import { noteFew, noteUnmeasured } from "./measure-notes.ts";
import type { Measured } from "./measured.ts";
import { openRowJournal, writeAll } from "./row-journal.ts";

/** A method to measure. */
export interface Method extends Pick<EvaluateOptions, "onRow" | "knownLosses" | "knownTops" | "measures"> {
  readonly name: string;
  /** Opens it when it is its turn; `scope` is disposed when it has been measured. */
  readonly open: (scope: DisposableStack) => LanguageModel;
  readonly parameters: ParameterCounts;
  /** Whether the device holds no other weights; otherwise they count as 4 bytes per parameter. @default false */
  readonly alone?: boolean;
  /** Called after measuring it on held-out text. */
  readonly onMeasured?: (model: LanguageModel) => Promise<void>;
}

/** Measures methods one after another, and saves the loss of every document, and every answer, in the cell's folder. */
export async function measureMethods(
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
