// Opening what `deno task eval` evaluates: models of a run, or a checkpoint.
import { join, resolve } from "node:path";
import { createHash } from "node:crypto";
import { openTokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { harnessSubject, type Opening, type Subject } from "../harness/mod.ts";
import { endIds } from "../huggingface/mod.ts";
import { createEngine } from "../infer/mod.ts";
import { findRun, openRun } from "../library/mod.ts";
import { decoder } from "../model/mod.ts";
import { openPretrained, type PretrainedModel } from "../pretrained/mod.ts";
import type { RunView } from "../run/mod.ts";
import { openDevice } from "../tensor/mod.ts";

/** What is evaluated. */
export interface Evaluated extends AsyncDisposable {
  /** The run's id, or the checkpoint as it was named. */
  readonly name: string;
  /** Names of its models to evaluate. */
  readonly models: readonly string[];
  /** If it is a run. */
  readonly run?: { readonly runsFolder: string; readonly id: string; readonly folder: string };
  open(model: string): Promise<AsyncDisposable & { readonly subject: Subject; readonly identity: string }>;
}

interface OpenOptions {
  readonly runs: string;
  readonly models: readonly string[];
  readonly opening: Opening | undefined;
}

/**
 * Opens a run if there is one of this name, otherwise a checkpoint.
 *
 * @throws UserError `run.*`, `model.unknown`, `pretrained.*`, `eval.model`
 */
export async function openEvaluated(source: string, options: OpenOptions): Promise<Evaluated> {
  try {
    return await evaluatedRun(source, options);
  } catch (error) {
    if (!(error instanceof UserError && error.code === "run.none")) throw error;
    if (!/[\\/.]/.test(source)) throw error;
  }
  return await evaluatedCheckpoint(source, options);
}

async function evaluatedRun(source: string, { runs, models, opening = "always" }: OpenOptions): Promise<Evaluated> {
  const { runsFolder, id } = await findRun(source, runs, "deno task ls lists the runs; or name a checkpoint's folder");
  const run = await openRun(id, { runs: runsFolder });
  const all = await run.models();
  const chosen = models.length > 0 ? models : [all.includes(run.view.experiment) ? run.view.experiment : all.at(-1)!];
  if (opening === "tokenizer") {
    throw new UserError("eval.bos", "--bos tokenizer is for checkpoints: models of a run read BOS before every text");
  }
  const keys = cellKeys(run.view);
  return {
    name: id,
    models: chosen,
    run: { runsFolder, id, folder: join(runsFolder, id) },
    async open(name) {
      const model = await run.model(name);
      const { tokenizer, ends } = model;
      const engine = createEngine(model, tokenizer, ends);
      const special = { bos: tokenizer.endOfText, eos: tokenizer.endOfText };
      const subject = harnessSubject({ model, tokenizer, special, engine, opening });
      return {
        subject,
        identity: `${id}/${model.name} ${keys}`,
        async [Symbol.asyncDispose]() {
          await engine[Symbol.asyncDispose]();
          model[Symbol.dispose]();
        },
      };
    },
    [Symbol.asyncDispose]() {
      run[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/** What distinguishes the models of a run from those that it had before a cell was built again. */
export function cellKeys({ cells }: Pick<RunView, "cells">): string {
  return createHash("sha256").update(cells.map(({ cellKey }) => cellKey).join()).digest("hex").slice(0, 16);
}

async function evaluatedCheckpoint(source: string, { models, opening = "tokenizer" }: OpenOptions): Promise<Evaluated> {
  if (models.length > 0) {
    throw new UserError("eval.model", `--model is for runs, and ${source} is a checkpoint`, "leave it out");
  }
  const found = await openPretrained(source, "model");
  const device = await openDevice("auto");
  return {
    name: source,
    models: [source],
    async open() {
      const weights = await found.loadOnDevice();
      const tokenizer = openTokenizer(found.tokenizer, { rows: found.config.vocabSize });
      const model = decoder(found.config, weights);
      const special = specialOf(found, tokenizer.endOfText);
      const engine = createEngine(model, tokenizer, [special.eos, ...endIds(found.generation ?? {})]);
      const penalty = found.generation?.["repetition_penalty"];
      const subject = harnessSubject({
        model,
        tokenizer,
        json: found.tokenizer,
        special,
        engine,
        repetitionPenalty: typeof penalty === "number" ? penalty : undefined,
        opening,
      });
      return {
        subject,
        identity: await identityOf(found.source),
        async [Symbol.asyncDispose]() {
          await engine[Symbol.asyncDispose]();
          weights[Symbol.dispose]();
        },
      };
    },
    [Symbol.asyncDispose]: () => device.close(),
  };
}

function specialOf({ special }: PretrainedModel, endOfText: number) {
  return { bos: special.bos, eos: special.eos ?? endOfText };
}

/** What distinguishes a checkpoint's files from others, without reading them. */
export async function identityOf(source: string): Promise<string> {
  const path = resolve(source);
  const info = await Deno.stat(path).catch(() => undefined);
  if (info === undefined) return source;
  const files: string[] = [];
  if (info.isFile) files.push(`${info.size} ${info.mtime?.getTime()}`);
  else {
    for await (const { name, isFile } of Deno.readDir(path)) {
      if (!isFile || !/\.(?:safetensors|json|model)$/.test(name)) continue;
      const { size, mtime } = await Deno.stat(join(path, name));
      files.push(`${name} ${size} ${mtime?.getTime()}`);
    }
  }
  return `${path} ${createHash("sha256").update(files.sort().join("\n")).digest("hex").slice(0, 16)}`;
}
