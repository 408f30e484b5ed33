// Names the documents and questions that methods were measured on, so that they can be paired with those of another run.
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { EvaluationSet } from "../eval/mod.ts";
import { MEASURED_ON_FILE, type MeasuredOn } from "../run/mod.ts";

/** SHA-256 of each domain's scored text, document by document, and of each task's questions. */
export function measuredOn({ windows, tasks, tokenizer }: EvaluationSet): MeasuredOn {
  const text = (tokens: Iterable<number>) => tokenizer.decode([...tokens]);
  const documents = Object.entries(windows).map(([domain, own]) => {
    const byDocument = Map.groupBy(own, ({ document }) => document);
    const texts = [...byDocument.values()].map((all) => all.map(({ tokens }) => text(tokens.subarray(1))).join(""));
    return [domain, digest(texts)] as const;
  });
  const questions = tasks.map((task) => {
    const items = task.kind === "choice"
      ? task.items.map(({ prompt, choices, right }) => [text(prompt), right, ...choices.map((one) => text(one.tokens))])
      : task.items.map(({ prompt, answer }) => [text(prompt), answer]);
    return [task.name, digest([task.kind, items])] as const;
  });
  return { documents: Object.fromEntries(documents), questions: Object.fromEntries(questions) };
}

/** Writes what {@linkcode measuredOn} says into a measuring cell's folder. */
export async function writeMeasuredOn(folder: string, set: EvaluationSet): Promise<void> {
  await Deno.writeTextFile(join(folder, MEASURED_ON_FILE), JSON.stringify(measuredOn(set)));
}

const digest = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex");
