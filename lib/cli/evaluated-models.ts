// The models that `deno task eval` and `deno task eval:code` evaluate, one after another, and where their answers go.
import { basename, join, resolve } from "node:path";
import { fileName } from "../harness/mod.ts";
import {
  findRun,
  folderOfRun,
  identityOf,
  type InferenceModel,
  inferenceModels,
  openForInference,
  settledSource,
} from "../library/mod.ts";
import type { EvaluatedRun } from "../report/mod.ts";
import { checkKeptFiles, folderThatFits, type KeptFile } from "../run/mod.ts";

/** A model that is evaluated. */
export interface EvaluatedModel {
  readonly model: InferenceModel;
  /** Its name in the run, or what it was opened from. */
  readonly name: string;
  /** `bts of <run>`, or what it was opened from. */
  readonly title: string;
  /** What distinguishes it from other models, and from itself before its run or its files were changed. */
  readonly identity: string;
  /**
   * The folder of its answers, in these files. @throws UserError `evaluation.conditions` if the person named one in which
   * they were made differently
   */
  answersFolder(files: readonly KeptFile[]): Promise<{ readonly folder: string; readonly remark: readonly string[] }>;
  /** The run that it is of. */
  readonly run: EvaluatedRun | undefined;
}

/** Which models of a run, and how they are opened. */
export interface EvaluatedOptions {
  /** Names of the run's models; `bts`, or else its last, if there are none. */
  readonly models: readonly string[];
  /** The folder of the runs. */
  readonly runs: string;
  /** The folder of the answers, in which each of several models has its own. @default `evaluations/<model>` */
  readonly out: string | undefined;
  /** The most texts that are generated together. */
  readonly batch: number;
}

/**
 * Opens models one after another: of a run, or a checkpoint. Each is closed before the next one is opened.
 *
 * @throws UserError as `openForInference()` does
 */
export async function* evaluatedModels(
  given: string,
  { models, runs, out, batch }: EvaluatedOptions,
): AsyncGenerator<EvaluatedModel, void, void> {
  // Settled once: `last` may be another run by the time that the second model is opened.
  const source = await settledSource(given, { runs });
  const isRun = await inferenceModels(source, { runs }) !== undefined;
  const place = isRun ? await findRun(source) : undefined;
  const run = place === undefined ? undefined : { ...place, folder: folderOfRun(place) };
  for (const wanted of models.length === 0 ? [undefined] : models) {
    await using model = await openForInference(source, wanted, { runs, batch });
    const name = model.name ?? model.source;
    const own = fileName(model.name ?? basename(resolve(model.source)));
    yield {
      model,
      name,
      title: run === undefined ? name : `${name} of ${run.id}`,
      identity: await identityOf(model, run),
      run,
      answersFolder: (files) =>
        out === undefined
          ? usualFolder(join(run?.folder ?? "", "evaluations", own), files)
          : givenFolder(models.length > 1 ? join(out, own) : out, files),
    };
  }
}

type AnswersFolder = Awaited<ReturnType<EvaluatedModel["answersFolder"]>>;

async function givenFolder(folder: string, files: readonly KeptFile[]): Promise<AnswersFolder> {
  await checkKeptFiles(folder, files);
  return { folder, remark: [] };
}

/** The usual folder, or another one where that has answers which were made differently. */
async function usualFolder(base: string, files: readonly KeptFile[]): Promise<AnswersFolder> {
  const { folder, different } = await folderThatFits(base, files);
  return { folder, remark: different === undefined ? [] : [`${different}; so these go to ${folder}`] };
}
