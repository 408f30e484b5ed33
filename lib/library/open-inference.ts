// Opening any model to generate text: of a finished run, of a Hugging Face folder, of a GGUF file, or from the hub.
import { branchedRun } from "../bts/mod.ts";
import { openTokenizer, type Tokenizer, type TokensAround, tokensAround } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { type ChatTemplate, endIds, type GenerationConfig } from "../huggingface/mod.ts";
import { createEngine, type EngineOptions, type InferenceEngine, type ModelGates } from "../infer/mod.ts";
import { decoder, type LanguageModel, type ModelConfig, type WeightFormat } from "../model/mod.ts";
import { isHubId, openPretrained } from "../pretrained/mod.ts";
import type { DeviceName } from "../tensor/mod.ts";
import { findModelRun, folderOfRun } from "./find-model-run.ts";
import type { RunPlace } from "./find-run.ts";
import { openModel } from "./open-model.ts";
import { hasGates, isSwitchable, modelNamed, savedModels } from "./saved-models.ts";
import { shareDevice } from "./shared-device.ts";

/** A model on the device, with an engine that generates texts; `await using` frees both. */
export interface InferenceModel extends AsyncDisposable {
  /** What it was opened from: the id of the run, or the folder, file or id on the hub. */
  readonly source: string;
  /** Its name in the run, such as `bts` or `expert:code`; undefined for a model of its own. */
  readonly name: string | undefined;
  readonly model: LanguageModel;
  /** The shape of its decoders. */
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Ids of the tokens that open a text, which a prompt of the model begins with. A chat template writes them itself. */
  readonly opening: readonly number[];
  /** Ids that its tokenizer.json puts around a text, which in a run is none; undefined if that is unknown. */
  readonly around: TokensAround | undefined;
  /** Id of the token that begins a document, if it has one, and of the one that ends it. */
  readonly special: { readonly bos: number | undefined; readonly eos: number };
  /** Ids of the tokens that end a text. */
  readonly ends: readonly number[];
  /** How it writes conversations, if it was told. */
  readonly chat: ChatTemplate | undefined;
  /** Its `generation_config.json`, if it has one. */
  readonly generation: GenerationConfig | undefined;
  /** The models that it weighs; undefined for a model that is not made of several. */
  readonly gates: ModelGates | undefined;
  readonly engine: InferenceEngine;
}

/** Where to find a model, and how its engine works. */
export interface InferenceOptions extends EngineOptions {
  /** Folder of the runs. @default as `openRun()` */
  readonly runs?: string | URL | undefined;
  /**
   * How weights are held: as they are stored, or in another format. Fewer bits are faster and less exact.
   * @default "stored"
   */
  readonly weights?: WeightFormat | undefined;
  /** The device, opened if none is. @default "auto" */
  readonly device?: DeviceName | undefined;
  /** Threads of the `cpu` device, if it is opened here. @default `STITCHBOOK_THREADS`, else one per core */
  readonly threads?: number | undefined;
}

/**
 * Opens a model to generate text.
 *
 * @param runOrFolder a run, as `openRun()` takes it; or a Hugging Face folder, a `.gguf` file, or an id on the hub
 * @param model the name of a run's model. @default `bts`, or else the run's last model
 * @throws UserError as `openRun()` and its `model()` do for a run, and as `openPretrained()` for other models;
 *   `model.unknown` for a name where there is no run
 */
export async function openForInference(
  runOrFolder: string | URL,
  model?: string,
  options: InferenceOptions = {},
): Promise<InferenceModel> {
  const found = await findModels(runOrFolder, options);
  if (found.kind === "pretrained" && model !== undefined) {
    throw new UserError(
      "model.unknown",
      `${found.source} is one model, not a run: it has no model "${model}"`,
      "leave out the name",
    );
  }
  await using scope = new AsyncDisposableStack();
  const tensors = scope.use(new DisposableStack());
  const share = async () => void tensors.use(await shareDevice(options.device, options.threads));
  const opened = found.kind === "run"
    ? await openFromRun(found, model, options.weights, tensors, share)
    : await openFromFile(found.source, options.weights, tensors, share);
  const engine = scope.use(createEngine(opened.model, opened.tokenizer, opened.ends, options));
  const all = scope.move();
  return { ...opened, engine, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** What is known of a run's model before it is opened. */
export interface ModelFacts {
  /** Whether it weighs the models that it is made of. */
  readonly gates: boolean;
  /** Whether single ones of these can be switched off. */
  readonly switchable: boolean;
  /** Tokens that it takes. */
  readonly contextLength: number;
}

/**
 * The models that {@linkcode openForInference} opens, by name, with what is known of them before.
 *
 * @returns undefined if it is one model, not a run
 * @throws UserError as `openRun()` and its `models()` do for a run
 */
export async function inferenceModels(
  runOrFolder: string | URL,
  options: Pick<InferenceOptions, "runs"> = {},
): Promise<ReadonlyMap<string, ModelFacts> | undefined> {
  const found = await findModels(runOrFolder, options);
  if (found.kind === "pretrained") return undefined;
  const run = await branchedRun(found.runsFolder, found.id);
  const { contextLength } = run.config.model;
  return new Map([...savedModels(run)].map(([name, saved]) => {
    return [name, { gates: hasGates(saved), switchable: isSwitchable(saved), contextLength }];
  }));
}

/**
 * What names the same models at any later time: a run's folder in place of `last` or of a name, which may soon be those of
 * another run; anything else as it is.
 *
 * @throws UserError as `openRun()` does for a run
 */
export async function settledSource(source: string, options: Pick<InferenceOptions, "runs"> = {}): Promise<string> {
  const found = await findModels(source, options);
  return found.kind === "run" ? folderOfRun(found) : source;
}

type Found =
  | { readonly kind: "run" } & RunPlace
  | { readonly kind: "pretrained"; readonly source: string };

/** A run if there is one of that name, or if the folder has a run's log. */
async function findModels(source: string | URL, { runs }: Pick<InferenceOptions, "runs">): Promise<Found> {
  const path = String(source);
  const there = typeof source === "string" ? await Deno.stat(source).catch(() => undefined) : undefined;
  const isRunFolder = there?.isDirectory &&
    await Deno.stat(`${path}/events.jsonl`).then(() => true, () => false);
  const isModel = (there !== undefined && !isRunFolder && /[\\/.]/.test(path)) || path.startsWith("models/");
  if (isModel) return { kind: "pretrained", source: path };
  try {
    return {
      kind: "run",
      ...await findModelRun(source, runs, "name a run, a model's folder, a .gguf file, or org/model"),
    };
  } catch (error) {
    const isOther = error instanceof UserError && error.code === "run.none" && typeof source === "string" &&
      (there !== undefined || isHubId(source));
    if (isOther) return { kind: "pretrained", source: path };
    throw error;
  }
}

type Opened = Omit<InferenceModel, "engine" | typeof Symbol.asyncDispose>;

async function openFromRun(
  { runsFolder, id }: RunPlace,
  wanted: string | undefined,
  weights: WeightFormat = "stored",
  scope: DisposableStack,
  share: () => Promise<void>,
): Promise<Opened> {
  const run = await branchedRun(runsFolder, id);
  const saved = savedModels(run);
  const name = wanted === undefined ? defaultModel([...saved.keys()]) : modelNamed(saved, wanted, id);
  await share();
  const { model, config, tokenizer, ends, chat, generation, gates } = await openModel(run, saved.get(name)!, scope, {
    packed: weights === "stored" ? "f32" : weights, // as runs store them
  });
  const { endOfText } = tokenizer;
  const special = { bos: endOfText, eos: endOfText };
  const around = { before: [], after: [] };
  const opening = [endOfText];
  return { source: id, name, model, config, tokenizer, opening, around, special, ends, chat, generation, gates };
}

const defaultModel = (names: readonly string[]): string => names.includes("bts") ? "bts" : names.at(-1)!;

async function openFromFile(
  source: string,
  format: WeightFormat | undefined,
  scope: DisposableStack,
  share: () => Promise<void>,
): Promise<Opened> {
  const found = await openPretrained(source, "model");
  const { config, chatTemplate, chatTokens, special, generation } = found;
  await share();
  const weights = scope.use(await found.loadOnDevice(format));
  const tokenizer = openTokenizer(found.tokenizer, { rows: config.vocabSize });
  const around = tokensAround(found.tokenizer);
  return {
    source: found.source,
    name: undefined,
    model: decoder(config, weights),
    config,
    tokenizer,
    opening: around?.before ?? [],
    around,
    special: { bos: special.bos, eos: special.eos ?? tokenizer.endOfText },
    ends: [...special.eos === undefined ? [] : [special.eos], ...endIds(generation ?? {})],
    chat: chatTemplate === undefined ? undefined : { template: chatTemplate, tokens: chatTokens },
    generation,
    gates: undefined,
  };
}
