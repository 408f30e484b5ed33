// Exports what trains an expert of a run elsewhere: the seed, the packed rows, the settings, and a script on PyTorch.
import { join } from "node:path";
import {
  batchesOf,
  branchedRun,
  conventionsIn,
  expertPhase,
  type FinishedRun,
  isBrought,
  openStreams,
  type Text,
} from "../../bts/mod.ts";
import { didYouMean, UserError } from "../../errors.ts";
import { hashTensors, saveModelFolder } from "../../huggingface/mod.ts";
import { parameterCount } from "../../model/mod.ts";
import { openPretrained } from "../../pretrained/mod.ts";
import { readLabels, seedOf, shownName } from "../../run/mod.ts";
import { changesTraining, type TrainConfig } from "../../train/mod.ts";
import { fileName } from "../facts.ts";
import { checkPlace, fillPlace } from "../place.ts";
import { jobReadme } from "./readme.ts";
import { rowBytes, tokenType, writeRows } from "./rows.ts";

/** Which expert to train elsewhere, and where to write its job. */
export interface JobExport {
  readonly runsFolder: string;
  /** Of the run. */
  readonly id: string;
  /** `expert:code` */
  readonly cell: string;
  /** A new or empty folder. @default a name in `jobs` */
  readonly out?: string | undefined;
  readonly signal?: AbortSignal;
  /** Told of the steps whose rows are written, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A job that was written. */
export interface JobReport {
  readonly run: string;
  readonly cell: string;
  readonly out: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly steps: number;
  /** Tokens that it trains on. */
  readonly tokens: number;
  /** The folder that the expert will be in. */
  readonly expert: string;
  /** What to know before the expert is compared with one that the run trains. */
  readonly remarks: readonly string[];
}

/** What `train.py` reads. */
interface JobSettings {
  readonly schemaVersion: 1;
  readonly run: string;
  readonly cell: string;
  /** Content hash of the seed's weights. */
  readonly seed: string;
  readonly train: TrainConfig;
  readonly contextLength: number;
  /** Type of the token files. */
  readonly tokens: "u16" | "u32";
  readonly rows: { readonly train: number; readonly validation: number };
  /** The share of each validation batch in the validation loss. */
  readonly validation: readonly number[];
}

const SCRIPT = new URL("./train.py", import.meta.url);
const REQUIREMENTS = "torch>=2.4\ntransformers>=5,<6\nsafetensors\nnumpy\n";
/** Room for the script, the settings and the tokenizer, in bytes. */
const BESIDE = 4e6;

/**
 * Writes a folder that trains an expert with PyTorch, with the same batches, optimizer and schedule. The run need not be
 * finished, and is not changed. The folder is complete or unchanged.
 *
 * @throws UserError before anything is written: `run.none`, `run.experiment`, `job.cell` for a cell that trains no expert,
 *   `run.unfinished` when the seed is not trained, `run.damaged`, `export.out`; later `export.out`
 */
export async function exportJob(request: JobExport): Promise<JobReport> {
  const { runsFolder, id, cell, signal, onProgress } = request;
  const run = await branchedRun(runsFolder, id);
  const domain = expertOf(run, cell);
  const { config, view } = run;
  const text: Text = await run.cell("data");
  const seed = await openPretrained((await run.cell("seed")).folder, "seed");
  const { mix, train, name } = expertPhase(config, domain);
  const { batchAt, validation } = batchesOf({ config, rngSeed: seedOf(view) }, openStreams(text), name, mix, train);
  const { vocabSize, contextLength: time } = seed.config;
  const rows = { train: train.steps * train.batch, validation: validation.length * train.batch };
  const runName = shownName({ ...view, name: (await readLabels(join(runsFolder, id))).name });
  const out = request.out ?? `jobs/${fileName(runName ?? id, name)}`;
  const place = { out, isFile: false, code: "export.out", what: `the job of ${name}` };
  const bytes = (rows.train + rows.validation) * rowBytes(time, vocabSize) + 4 * parameterCount(seed.config) + BESIDE;
  await checkPlace(place, bytes);
  const remarks = changesTraining(config.monitor)
    ? [`The run's monitor may change ${name} while it is trained (monitor.*.action); the job has no monitor.`]
    : [];
  let files: JobReport["files"] = [];
  await fillPlace(place, "", async (folder) => {
    const weights = await seed.load();
    await saveModelFolder(join(folder, "seed"), {
      config: seed.config,
      tensors: weights,
      tokenizer: seed.tokenizer,
      ...conventionsIn(seed),
    });
    writeRows(join(folder, "validation"), validation, vocabSize);
    writeRows(join(folder, "train"), stepsOf(batchAt, train.steps, request), vocabSize);
    const settings: JobSettings = {
      schemaVersion: 1,
      run: id,
      cell: name,
      seed: hashTensors(weights),
      train,
      contextLength: time,
      tokens: tokenType(vocabSize),
      rows,
      validation: validation.map(({ weight }) => weight),
    };
    await Deno.writeTextFile(join(folder, "settings.json"), JSON.stringify(settings, null, 2) + "\n");
    await Deno.writeTextFile(join(folder, "requirements.txt"), REQUIREMENTS);
    await Deno.writeTextFile(join(folder, "train.py"), await Deno.readTextFile(SCRIPT));
    await Deno.writeTextFile(join(folder, "README.md"), jobReadme({ run: view, domain, out, train, time, remarks }));
    files = filesIn(folder);
    signal?.throwIfAborted();
  });
  onProgress?.(train.steps, train.steps);
  const expert = `${out}/expert`;
  return { run: id, cell: name, out, files, steps: train.steps, tokens: rows.train * time, expert, remarks };
}

/**
 * The domain of an expert that the run trains.
 *
 * @throws UserError `job.cell`
 */
function expertOf({ view: { id, cells }, config }: FinishedRun, cell: string): string {
  const trained = config.experts.filter((domain) => !isBrought(config, domain));
  const names = trained.map((domain) => `expert:${domain}`);
  if (names.includes(cell)) return cell.slice("expert:".length);
  const domain = config.experts.find((domain) => cell === `expert:${domain}`);
  const hint = names.length === 0
    ? "name a run that trains experts; deno task ls lists the runs"
    : didYouMean(cell, [...names, ...trained], "", `name one of them, such as ${names[0]}`);
  const which = names.length === 0 ? "the run trains none" : `the run trains ${names.join(", ")}`;
  throw new UserError(
    "job.cell",
    domain !== undefined
      ? `Cannot export a job for ${cell}: it is from ${config.pretrained[domain]}, not trained in the run ${id}`
      : cells.some(({ name }) => name === cell)
      ? `Cannot export a job for the cell ${cell} of ${id}: it does not train an expert, and ${which}`
      : `The run ${id} has no cell ${cell} to export a job for: ${which}`,
    hint,
  );
}

/** The batches of all steps. */
function* stepsOf<Batch>(
  batchAt: (step: number) => Batch,
  steps: number,
  { signal, onProgress }: Pick<JobExport, "signal" | "onProgress">,
): Generator<Batch> {
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted();
    onProgress?.(step, steps);
    yield batchAt(step);
  }
}

function filesIn(folder: string, prefix = ""): { name: string; bytes: number }[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory
      ? filesIn(join(folder, name), `${prefix}${name}/`)
      : [{ name: `${prefix}${name}`, bytes: Deno.statSync(join(folder, name)).size }]
  ).sort((a, b) => a.name < b.name ? -1 : 1);
}
