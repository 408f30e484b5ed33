// The models that solve: of a run, a checkpoint, or behind an endpoint.
import { resolve } from "node:path";
import { UserError } from "../../lib/errors.ts";
import {
  findRun,
  folderOfRun,
  identityOf,
  type InferenceModel,
  inferenceModels,
  openForInference,
  settledSource,
} from "../../lib/library/mod.ts";
import { parameterCount } from "../../lib/model/mod.ts";
import { openPretrained } from "../../lib/pretrained/mod.ts";
import {
  endpointModel,
  endpointModels,
  type EndpointOptions,
  endpointWriter,
  engineWriter,
  type FormatName,
  FORMATS,
  type Team,
} from "../../lib/refine/mod.ts";
import { parametersOf, readRun, type RunView, seedOf } from "../../lib/run/mod.ts";
import type { RefineConfig } from "./config.ts";

/** The models, open. */
export interface OpenTeam extends AsyncDisposable {
  readonly team: Team;
  /** If they are a run's: its folder, and the name of the one that does all but drafting. */
  readonly run?: { readonly folder: string; readonly runsFolder: string; readonly id: string; readonly model: string };
}

/** What is known of a model before it is opened. */
export interface ModelFacts {
  /** Parameters that a token passes through, and layers; 0 if unknown. */
  readonly parameters: number;
  readonly layers: number;
}

/** Settings in which nothing is left to be looked up, and what is known of the model. */
export interface CompletedModel {
  readonly config: RefineConfig;
  readonly facts: ModelFacts;
}

/**
 * The settings with the run's id, the name of its model and its random seed in place of defaults; or with the names of the
 * endpoint's models.
 *
 * @throws UserError `run.*` and `pretrained.*` for what is not there, `model.unknown`, `refine.drafters`; `refine.endpoint`,
 *   `refine.endpoint-model`, `refine.key`
 */
export async function completeModel(config: RefineConfig, runs: string): Promise<CompletedModel> {
  return config.endpoint.url === "" ? await completeHere(config, runs) : await completeThere(config);
}

async function completeHere(config: RefineConfig, runs: string): Promise<CompletedModel> {
  const { model, problems } = config;
  const given = await settledSource(model.source, { runs });
  const names = await inferenceModels(given);
  if (names === undefined) {
    if (model.drafters.length > 0) {
      throw new UserError(
        "refine.drafters",
        `model.drafters are models of a run or of an endpoint, and ${model.source} is a checkpoint`,
        "leave them out",
      );
    }
    const { source, config: shape } = await openPretrained(given, "model");
    const facts = { parameters: parameterCount(shape), layers: shape.layers };
    return { config: { ...config, model: { ...model, source } }, facts };
  }
  const place = await findRun(given);
  const view = (await readRun(place.runsFolder, place.id))!;
  const source = place.runsFolder === resolve(runs) ? place.id : given;
  const name = model.name || (names.has("bts") ? "bts" : [...names.keys()].at(-1)!);
  return {
    config: {
      ...config,
      model: { ...model, source, name },
      problems: { ...problems, seed: problems.seed ?? seedOf(view) },
    },
    facts: factsOf(view, name),
  };
}

/** Tokens that a model at an endpoint is taken to read if nobody says. */
const ASSUMED_CONTEXT = 8192;

async function completeThere(config: RefineConfig): Promise<CompletedModel> {
  const { model, endpoint } = config;
  const models = await endpointModels(optionsOf(endpoint, console.error));
  const named = (wanted: string) => endpointModel(wanted, models, endpoint.url);
  const [main, drafters] = [named(model.name), model.drafters.map(named)];
  const said = [main, ...drafters].flatMap(({ contextLength }) => contextLength ?? []);
  const contextLength = endpoint.contextLength ?? (said.length === 0 ? ASSUMED_CONTEXT : Math.min(...said));
  return {
    config: {
      ...config,
      model: { ...model, name: main.name, drafters: drafters.map(({ name }) => name) },
      endpoint: { ...endpoint, contextLength },
    },
    facts: { parameters: 0, layers: 0 },
  };
}

/** @param report is told why requests are repeated, each reason once */
function optionsOf(endpoint: RefineConfig["endpoint"], report: (text: string) => void): EndpointOptions {
  const said = new Set<string>();
  const onRepeat = (why: string) => {
    if (!said.has(why)) report(why);
    said.add(why);
  };
  const contextLength = endpoint.contextLength ?? ASSUMED_CONTEXT;
  return { ...endpoint, contextLength, apiKey: Deno.env.get("OPENAI_API_KEY"), onRepeat };
}

function factsOf({ results, config }: RunView, name: string): ModelFacts {
  const layers = (config as { readonly model?: { readonly layers?: unknown } } | null)?.model?.layers;
  return {
    parameters: parametersOf(results?.methods[name])?.active ?? 0,
    layers: typeof layers === "number" ? layers : 0,
  };
}

/**
 * Opens the models.
 *
 * @param config as {@linkcode completeModel} gives it
 * @param report shows a line to a person who waits
 * @throws UserError as `openForInference()` does; `refine.format` for `chat` without a template
 */
export async function openTeam(
  config: RefineConfig,
  runs: string,
  report: (text: string) => void,
): Promise<OpenTeam> {
  return config.endpoint.url === "" ? await openHere(config, runs) : openThere(config, report);
}

async function openHere({ model, parallel }: RefineConfig, runs: string): Promise<OpenTeam> {
  const { source, name, drafters, weights } = model;
  await using scope = new AsyncDisposableStack();
  const open = async (name: string) =>
    scope.use(await openForInference(source, name || undefined, { runs, weights, batch: parallel }));
  const main = await open(name);
  const drafting: InferenceModel[] = [];
  for (const one of drafters) drafting.push(await open(one));
  const isRun = main.name !== undefined;
  const place = isRun ? await findRun(source, runs) : undefined;
  const format = model.format !== "auto" ? model.format : main.chat ? "chat" : isRun ? "line" : "completion";
  if (format === "chat" && main.chat === undefined) {
    throw new UserError("refine.format", `${main.name ?? source} has no chat template`, "leave model.format out");
  }
  const writerOf = async (one: InferenceModel) =>
    engineWriter({
      name: one.name ?? one.source,
      identity: `${await identityOf(one, place)} ${weights}`,
      contextLength: one.config.contextLength,
      engine: one.engine,
      tokenizer: one.tokenizer,
      opening: one.opening,
      chat: one.chat,
    });
  const team = teamOf(format, await writerOf(main), await Promise.all(drafting.map(writerOf)));
  const all = scope.move();
  return {
    team,
    ...(place === undefined ? {} : { run: { ...place, folder: folderOfRun(place), model: main.name! } }),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function openThere({ model, endpoint }: RefineConfig, report: (text: string) => void): OpenTeam {
  const options = optionsOf(endpoint, report);
  const writerOf = (name: string) => endpointWriter(name, options);
  const format = model.format === "auto" ? "chat" : model.format;
  const team = teamOf(format, writerOf(model.name), model.drafters.map(writerOf));
  return { team, [Symbol.asyncDispose]: () => Promise.resolve() };
}

function teamOf(format: FormatName, main: Team["main"], drafters: Team["drafters"]): Team {
  return { main, drafters: drafters.length === 0 ? [main] : drafters, format: FORMATS[format] };
}
