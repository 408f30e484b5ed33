// Exports a model of a finished run for other programs: checked first, then written whole or not at all.
import { basename, join } from "node:path";
import { branchedRun } from "../bts/mod.ts";
import { UserError } from "../errors.ts";
import { modelNamed, savedModels } from "../library/mod.ts";
import { methodPhrase } from "../methods.ts";
import { headSizeOf, type ModelConfig } from "../model/mod.ts";
import type { License } from "../pretrained/mod.ts";
import { readLabels, type RunView, shellLine, shownName } from "../run/mod.ts";
import { aboutModel } from "./about.ts";
import { modelCard, parametersText } from "./card.ts";
import { EXPORT_DTYPES, type ExportDtype, type Exporter, type Format, FORMAT_TITLES, FORMATS } from "./exporter.ts";
import { cardFacts, fileName, inheritedLicense, titleOf } from "./facts.ts";
import { exporterOf } from "./formats.ts";
import { checkLicense } from "./license.ts";
import { cardBeside, checkPlace, fillPlace, type Place } from "./place.ts";
import { usageOf } from "./usage.ts";

/** What to export, and where to. */
export interface ModelExport {
  readonly runsFolder: string;
  /** Of the run. */
  readonly id: string;
  /** The name of a model as `openRun().model()` takes it: `seed`, `code`, `expert:code`, `soup`, … */
  readonly model: string;
  readonly to: Format;
  /** The type of the weights. @default "f32" */
  readonly dtype?: ExportDtype;
  /** A new or empty folder or, if it ends in `.gguf`, a file. @default a name in `models` */
  readonly out?: string | undefined;
  /** License of the weights, for the card. @default that of the models that were brought along */
  readonly license?: License | undefined;
  readonly signal?: AbortSignal;
  /** Told of the bytes of the weights that are written, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What was exported. */
export interface ExportReport {
  readonly run: string;
  /** The name in full. */
  readonly model: string;
  readonly to: Format;
  readonly dtype: ExportDtype;
  readonly out: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly parameters: number;
  /** Content hash of the weights as float32, if the model is one decoder. */
  readonly weights: string | null;
}

/**
 * Exports a model as a Hugging Face folder or as a GGUF file, with a model card. The target is complete or unchanged.
 *
 * @throws UserError before anything is written: `run.none`, `run.experiment`, `run.unfinished`, `run.damaged`,
 *   `model.unknown`, `export.format`, `export.dtype`, `export.license`, `export.out`, `gguf.*`; later `export.out`, `gguf.range` and
 *   `model.range`
 */
export async function exportModel(request: ModelExport): Promise<ExportReport> {
  const { runsFolder, id, to, dtype = "f32", signal, onProgress } = request;
  if (request.license !== undefined) checkLicense(request.license);
  const run = await branchedRun(runsFolder, id);
  const { view } = run;
  const models = savedModels(run);
  const model = modelNamed(models, request.model, id);
  checkFinished(view, model);
  checkDtype(to, dtype);
  const saved = models.get(model)!;
  const exporter = await exporterOf(run, model, saved, to);
  const runName = shownName({ ...view, name: (await readLabels(join(runsFolder, id))).name });
  const short = fileName(runName ?? id, model);
  const place = placeOf(request, dtype, short, model);
  const file = place.isFile ? basename(place.out) : `${short}-${dtype}.gguf`;
  if (to === "gguf") exporter.checkGguf?.(place.isFile ? place.out : `${place.out}/${file}`);
  const license = request.license ?? await inheritedLicense(run, exporter.madeFrom);
  const total = exporter.bytes(dtype);
  await checkPlace(place, total);
  let files: ExportReport["files"] = [];
  let weights: string | undefined;
  const onWeight = (bytes: number) => {
    signal?.throwIfAborted();
    onProgress?.(bytes, total);
  };
  await fillPlace(place, file, async (folder) => {
    const title = titleOf(view, runName, model);
    weights = to === "hf"
      ? await exporter.writeFolder(folder, dtype, { onWeight })
      : await exporter.writeGguf!(join(folder, file), dtype, { onWeight, title, license });
    const command = ["deno", "task", "export", "model", id, model, "--to", to, "--dtype", dtype];
    if (request.license !== undefined) command.push(...licenseOptions(request.license));
    const facts = await cardFacts(runsFolder, run, {
      model,
      title,
      about: aboutModel(run, model, saved, exporter.madeFrom),
      shape: shapeOf(exporter),
      weights,
      madeFrom: exporter.madeFrom,
      trainedIn: exporter.trainedIn,
      format: to,
      dtype: dtype.toUpperCase(),
      differences: dtype === "f32"
        ? []
        : [`They are those of the weights in float32: the ${dtype.toUpperCase()} weights were not measured.`],
      license,
      merged: exporter.madeFrom.length > 1 && saved.kind !== "decoder",
      tags: [
        "stitchbook",
        "branch-train-stitch",
        ...(saved.kind === "merge" ? ["merge"] : []),
        ...(to === "gguf" ? ["gguf"] : []),
      ],
      command: [shellLine(view.command), shellLine(command)].filter((line) => line !== "").join("\n"),
      usage: usageOf(exporter, to, to === "hf" ? basename(place.out) : file),
    });
    await Deno.writeTextFile(join(folder, "README.md"), modelCard(facts));
    files = filesOf(folder).map((one) =>
      place.isFile && one.name === "README.md" ? { ...one, name: cardBeside(file) } : one
    );
    signal?.throwIfAborted();
  });
  onProgress?.(total, total);
  const out = place.out;
  return { run: id, model, to, dtype, out, files, parameters: exporter.parameters.total, weights: weights ?? null };
}

function licenseOptions({ id, name, link }: License): string[] {
  const given = { "--license": id, "--license-name": name, "--license-link": link };
  return Object.entries(given).flatMap(([option, value]) => value === undefined ? [] : [option, value]);
}

function filesOf(folder: string): { name: string; bytes: number }[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => ({ name, bytes: Deno.statSync(join(folder, name)).size }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** @throws UserError `run.unfinished` */
function checkFinished({ id, status }: RunView, model: string): void {
  if (status === "done") return;
  throw new UserError(
    "run.unfinished",
    `Cannot export ${methodPhrase(model)} of the run ${id}: the run is ${status}, and only finished runs are exported`,
    status === "running" || status === "stalled"
      ? `wait for it: deno task show ${id} says how far it is`
      : `finish it with deno task resume ${id}`,
  );
}

/** @throws UserError `export.dtype` */
function checkDtype(to: Format, dtype: ExportDtype): void {
  if ((EXPORT_DTYPES[dtype] as readonly Format[]).includes(to)) return;
  const fitting = Object.entries(EXPORT_DTYPES).filter(([, formats]) => (formats as readonly Format[]).includes(to));
  const other = FORMATS.find((one) => (EXPORT_DTYPES[dtype] as readonly Format[]).includes(one));
  throw new UserError(
    "export.dtype",
    `Cannot write ${FORMAT_TITLES[to]} with weights of ${dtype}: it takes ${fitting.map(([name]) => name).join(", ")}`,
    `choose one of them, or --to ${other}`,
  );
}

function placeOf({ out, to }: ModelExport, dtype: ExportDtype, short: string, model: string): Place {
  const suffix = dtype === "f32" ? "" : `-${dtype}`;
  const named = out ?? `models/${short}${suffix}${to === "gguf" ? "-gguf" : ""}`;
  const isFile = named.toLowerCase().endsWith(".gguf");
  if (isFile && to === "hf") {
    throw new UserError(
      "export.out",
      `Cannot write a Hugging Face folder to "${named}", which names a GGUF file`,
      "Name a folder with --out, or choose --to gguf",
    );
  }
  return { out: named, isFile, code: "export.out", what: methodPhrase(model) };
}

function shapeOf({ config, family, parameters }: Exporter): Record<string, string> {
  const { layers, width, heads, kvHeads, vocabSize, contextLength } = config as ModelConfig;
  return {
    architecture: family,
    parameters: parametersText(parameters.total, parameters.active),
    shape: `${layers} layers of width ${width}, ${heads} heads of ${
      headSizeOf(config)
    }, ${kvHeads} for keys and values`,
    vocabulary: `${vocabSize.toLocaleString("en-US")} tokens`,
    context: `${contextLength.toLocaleString("en-US")} tokens`,
  };
}
