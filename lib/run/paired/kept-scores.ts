// What measuring cells keep beside their results: the loss of every document, every answer, and what both are of.
import { z } from "zod";
import { attempt } from "../../errors.ts";
import { artifactFile } from "../cells/artifact-file.ts";
import type { RunView } from "../events/views.ts";
import type { DocumentLosses } from "./intervals.ts";
import type { MeasuredOnSchema } from "../inferred-types.ts";

/** The file in a measuring cell's folder with the loss of every document, by method and domain. */
export const LOSSES_FILE = "losses.json";

/** The file in a measuring cell's folder with whether each question was answered correctly, by method and task. */
export const ANSWERS_FILE = "answers.json";

/** The file in a measuring cell's folder that says which documents and questions these are of. */
export const MEASURED_ON_FILE = "measured-on.json";

/** SHA-256 of the scored text of each domain, and of the questions of each task: the same for the same in any run. */
export const measuredOnSchema: MeasuredOnSchema = z.strictObject({
  documents: z.record(z.string(), z.string()),
  questions: z.record(z.string(), z.string()),
});
export type MeasuredOn = z.infer<typeof measuredOnSchema>;

const lossesSchema = z.record(
  z.string(),
  z.record(z.string(), z.object({ nll: z.array(z.number()), bytes: z.array(z.number()) })),
);
const answersSchema = z.record(z.string(), z.record(z.string(), z.array(z.boolean())));

/** What one cell kept of one method. */
export interface KeptScores {
  /** The run's id. */
  readonly run: string;
  readonly method: string;
  /** By domain. */
  readonly losses: Readonly<Record<string, DocumentLosses>>;
  /** By task. */
  readonly answers: Readonly<Record<string, readonly boolean[]>>;
  readonly on: MeasuredOn;
}

/** Larger files are not read: they would take the memory of whoever compares runs. */
const MOST_BYTES = 64e6;

/** What the cells of a run kept, cell by cell. Files that are gone, or of another form, are left out. */
export async function readScores(runsFolder: string, run: Pick<RunView, "id" | "cells">): Promise<KeptScores[]> {
  const kept: KeptScores[] = [];
  for (const { artifacts } of run.cells) {
    const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T | undefined> => {
      const sha256 = artifacts.find((one) => one.name === name)?.sha256;
      const file = sha256 === undefined ? undefined : await artifactFile(runsFolder, run, sha256);
      if (file === undefined || !file.isWhole || file.bytes > MOST_BYTES) return undefined;
      const text = await Deno.readTextFile(file.path).catch(() => undefined);
      return text === undefined ? undefined : attempt(() => schema.parse(JSON.parse(text)));
    };
    const losses = await read(LOSSES_FILE, lossesSchema) ?? {};
    const answers = await read(ANSWERS_FILE, answersSchema) ?? {};
    const on = await read(MEASURED_ON_FILE, measuredOnSchema) ?? { documents: {}, questions: {} };
    for (const method of new Set([...Object.keys(losses), ...Object.keys(answers)])) {
      const domains = Object.entries(losses[method] ?? {}).map(([domain, { nll, bytes }]) =>
        [domain, { nll: Float64Array.from(nll), bytes: Float64Array.from(bytes) }] as const
      );
      kept.push({ run: run.id, method, losses: Object.fromEntries(domains), answers: answers[method] ?? {}, on });
    }
  }
  return kept;
}
