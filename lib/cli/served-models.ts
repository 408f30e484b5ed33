// The models that `deno task serve --models` serves: of runs, folders, GGUF files and the hub, loaded when they are asked
// for, and unloaded when memory is short.
import { basename } from "node:path";
import type { Lease, ListedModel, ModelRegistry, ServedModel } from "../api/mod.ts";
import { didYouMean, UserError } from "../errors.ts";
import { constraints } from "../infer/mod.ts";
import { WEIGHT_FORMATS, type WeightFormat } from "../model/mod.ts";
import { findRun, inferenceModels, type InferenceOptions, openForInference, settledSource } from "../library/mod.ts";

/** What a process of models is told. */
export interface ServedSettings extends Pick<InferenceOptions, "device" | "threads" | "batch"> {
  /** Runs, folders, `.gguf` files, ids on the hub. */
  readonly sources: readonly string[];
  /** Folder of the runs. */
  readonly runs: string;
  /** How weights are held; as they are stored if undefined. */
  readonly weights?: string | undefined;
}

/** A model that can be loaded. */
interface Source extends ListedModel {
  readonly source: string;
  /** Its name in the run; undefined for a model of its own. */
  readonly model: string | undefined;
}

/** A model that is loaded or being loaded. */
interface Entry {
  readonly opened: Promise<Opened>;
  /** Requests that use it. */
  users: number;
  /** When it was used last. */
  used: number;
}

interface Opened extends AsyncDisposable {
  readonly served: ServedModel;
  /** Memory that it took, in bytes, roughly. */
  readonly bytes: number;
}

/**
 * Finds the models of all sources, and loads the first.
 *
 * @param available bytes of memory that are free
 * @throws UserError for sources that there are not, two models of one name, a first model that cannot be loaded, and
 *   `serve.weights`
 */
export async function servedModels(
  settings: ServedSettings,
  available = () => Deno.systemMemoryInfo().available,
): Promise<ModelRegistry> {
  const weights = weightFormat(settings.weights);
  const sources = (await Promise.all([...new Set(settings.sources)].map((source) => listModels(source, settings.runs))))
    .flat();
  const byName = new Map<string, Source>();
  for (const source of sources) {
    const other = byName.get(source.name);
    if (other !== undefined) {
      throw new UserError(
        "serve.models",
        `Cannot serve both ${other.source} and ${source.source}: both have a model called ${source.name}`,
        "copy or link one of them under another name",
      );
    }
    byName.set(source.name, source);
  }
  const entries = new Map<string, Entry>();
  const ready = new Map<string, Opened>();
  /** One model is loaded at a time. */
  let last: Promise<unknown> = Promise.resolve();

  const load = (name: string): Entry => {
    const opened = last.then(async () => {
      await makeRoom(entries, ready, available);
      return await openServed(byName.get(name)!, settings, weights);
    });
    last = opened.catch(() => {});
    const entry: Entry = { opened, users: 0, used: performance.now() };
    entries.set(name, entry);
    opened.then((one) => ready.set(name, one), () => entries.delete(name));
    return entry;
  };
  const open = async (name: string): Promise<Lease> => {
    const entry = entries.get(name) ?? load(name);
    entry.users++;
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      entry.users--;
      entry.used = performance.now();
    };
    try {
      const { served } = await entry.opened;
      return { model: served, [Symbol.dispose]: leave };
    } catch (error) {
      leave();
      throw error;
    }
  };
  using _first = await open(sources[0]!.name);
  return {
    models: sources,
    loaded: () => new Map([...ready].map(([name, { served }]) => [name, served])),
    open,
    async [Symbol.asyncDispose]() {
      await last;
      for (const one of ready.values()) await one[Symbol.asyncDispose]();
    },
  };
}

/** A source's models; the one that is used by default comes first. */
async function listModels(source: string, runs: string): Promise<Source[]> {
  // Settled once: `last` may be another run by the time that a model is opened.
  const settled = await settledSource(source, { runs });
  const models = await inferenceModels(settled, { runs });
  if (models === undefined) {
    const name = /^[^/\\]+\/[^/\\]+$/.test(source) && await timeOf(source) === 0 ? source : nameOf(source);
    return [{ name, source, model: undefined, created: await timeOf(source) }];
  }
  const { id } = await findRun(settled);
  const run = source === "last" || /[/\\]/.test(source) ? id : source;
  const created = await timeOf(settled);
  const names = [...models.keys()];
  const sorted = [...names.filter((model) => model === "bts"), ...names.filter((model) => model !== "bts")];
  return sorted.map((model) => {
    const { gates, switchable, contextLength } = models.get(model)!;
    return {
      name: `${run}/${model}`,
      source: settled,
      model,
      created,
      contextLength,
      ofRun: { run: id, model, gates, switchable },
    };
  });
}

/** `smollm2` for `models/smollm2/` and `models/smollm2.gguf`. */
const nameOf = (path: string) => basename(path).replace(/\.gguf$/i, "") || path;

/** When a file was written, in seconds since 1970; 0 if there is none. */
async function timeOf(path: string): Promise<number> {
  const time = await Deno.stat(path).then(({ mtime }) => mtime?.getTime() ?? 0, () => 0);
  return Math.floor(time / 1000);
}

/** @throws UserError `serve.weights` */
function weightFormat(name: string | undefined): WeightFormat | undefined {
  const format = WEIGHT_FORMATS.find((one) => one === name);
  if (name === undefined || format !== undefined) return format;
  const hint = didYouMean(name, WEIGHT_FORMATS);
  throw new UserError("serve.weights", `Cannot hold weights as ${name}: expected ${WEIGHT_FORMATS.join(", ")}`, hint);
}

async function openServed(
  { source, model }: Source,
  { runs, device, threads, batch }: ServedSettings,
  weights: WeightFormat | undefined,
): Promise<Opened> {
  const before = Deno.systemMemoryInfo().available;
  const opened = await openForInference(source, model, { runs, device, threads, batch, weights });
  const { engine, tokenizer, opening, ends: others, chat } = opened;
  const ends = [...new Set([tokenizer.endOfText, ...others])];
  return {
    served: {
      engine,
      tokenizer,
      contextLength: opened.model.contextLength,
      opening,
      ends,
      chatTemplate: chat,
      gates: opened.gates,
      canRest: opened.model.canRest,
      constraints: constraints(tokenizer, ends, opened.model.vocabSize),
    },
    bytes: Math.max(0, before - Deno.systemMemoryInfo().available),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/** Unloads models that nobody uses, the longest unused first, until another one like the largest would fit. */
async function makeRoom(
  entries: Map<string, Entry>,
  ready: Map<string, Opened>,
  available: () => number,
): Promise<void> {
  const needed = Math.max(0, ...[...ready.values()].map(({ bytes }) => bytes));
  while (available() < needed) {
    const idle = [...entries].filter(([name, { users }]) => users === 0 && ready.has(name));
    const [oldest] = idle.sort(([, a], [, b]) => a.used - b.used);
    if (oldest === undefined) return;
    const [name] = oldest;
    const opened = ready.get(name)!;
    entries.delete(name);
    ready.delete(name);
    await opened[Symbol.asyncDispose]();
  }
}
