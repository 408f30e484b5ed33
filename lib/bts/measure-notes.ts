// What a measuring cell says about results that are missing.
import type { EvaluationSet } from "../eval/mod.ts";
import {
  type CellContext,
  type DocumentLosses,
  enoughDocuments,
  FEWEST_DOCUMENTS,
  type MeasureInfo,
} from "../run/mod.ts";
import type { Lab } from "./lab.ts";
import type { Measured } from "./measured.ts";

/** Warns about tasks without questions, whose columns are missing from the results. */
export function noteMissing(cell: CellContext, { tasks }: EvaluationSet, { corpus, config }: Lab): void {
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
export function noteUnmeasured(
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
export function noteFew(cell: CellContext, domains: Readonly<Record<string, DocumentLosses>>): void {
  const few = Object.entries(domains).filter(([, { bytes }]) => !enoughDocuments(bytes));
  if (few.length === 0) return;
  const named = few.map(([domain, { bytes }]) => `${domain} (${bytes.length} documents)`).join(", ");
  cell.note(
    `No 95 % interval of bits per byte for ${named} and for the mean: it takes at least ${FEWEST_DOCUMENTS} held-out ` +
      "documents of similar length, or more of different lengths.",
    "warning",
  );
}
