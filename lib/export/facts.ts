// What a model card says of a run's model, from the run's settings, cells, tables and provenance.
import { join } from "node:path";
import { z } from "zod";
import { builtinSource } from "../data/mod.ts";
import { type FinishedRun, isBrought, type Trained } from "../bts/mod.ts";
import { expertDomain, methodLabel, methodPhrase } from "../methods.ts";
import { isHubId, type License, licenseOf } from "../pretrained/mod.ts";
import { caveat, tableNamed } from "../report/mod.ts";
import { codeText, readProvenance, type RunView } from "../run/mod.ts";
import type { CardFacts, CardPart, CardText } from "./card.ts";

/** What is known of an export besides the run. */
type Export = Omit<CardFacts, "view" | "parts" | "texts" | "baseModels" | "languages" | "code" | "caveat"> & {
  /** Names of the models that it was made from, in order. */
  readonly madeFrom: readonly string[];
  /** The cell that trained what joins them, if one did. */
  readonly trainedIn?: string | undefined;
};

/**
 * The facts of a card.
 *
 * @throws UserError as `run.cell()` does
 */
export async function cardFacts(runsFolder: string, run: FinishedRun, exported: Export): Promise<CardFacts> {
  const { view, config } = run;
  const { madeFrom, trainedIn, ...rest } = exported;
  const parts: CardPart[] = [];
  for (const name of madeFrom) parts.push(await partOf(run, name));
  if (trainedIn !== undefined) parts.push(...await joiningPart(run, exported.model, trainedIn));
  const sources = madeFrom.flatMap((name) => sourceOf(run, name) ?? []);
  const provenance = (await readProvenance(join(runsFolder, view.id))).at(-1);
  const texts = textsOf(run);
  return {
    ...rest,
    view,
    parts,
    texts,
    baseModels: [...new Set(sources.filter(isHubId).map((source) => source.split("@")[0]!))],
    languages: [
      ...new Set(Object.entries(config.data.domains).flatMap(([domain, source]) => languagesOf(domain, source))),
    ],
    code: provenance === undefined ? undefined : codeText(provenance),
    caveat: caveat(view),
  };
}

/** The license that all models that were brought along have; undefined if one has another, or none. */
export async function inheritedLicense(run: FinishedRun, madeFrom: readonly string[]): Promise<License | undefined> {
  const sources = madeFrom.flatMap((name) => sourceOf(run, name) ?? []);
  const [first, ...others] = await Promise.all(sources.map(licenseOf));
  return others.every((other) => JSON.stringify(other) === JSON.stringify(first)) ? first : undefined;
}

/** Where a model was taken from, if it was not trained here. */
function sourceOf({ config }: FinishedRun, model: string): string | undefined {
  const name = expertDomain(model) ?? model;
  return isBrought(config, name) ? config.pretrained[name] : undefined;
}

/** What the cells that train stitches and other methods return, among other things. */
const joinedSchema = z.object({ steps: z.int().nullish(), tokens: z.int().nullish(), weights: z.string() });

/** What joins the models that a model is made from; nothing if its cell does not say how it was trained. */
async function joiningPart(run: FinishedRun, name: string, cell: string): Promise<CardPart[]> {
  const found = joinedSchema.safeParse((await run.cell(cell)).value);
  if (!found.success) return [];
  const { steps, tokens, weights } = found.data;
  const trained = [
    ...(steps ? [`${steps.toLocaleString("en-US")} steps`] : []),
    ...(tokens ? [`${tokens.toLocaleString("en-US")} tokens`] : []),
  ].join(", ");
  return [{
    name,
    made: `built from these models, and trained${trained && ` (${trained})`}`,
    weights,
    license: undefined,
  }];
}

async function partOf(run: FinishedRun, name: string): Promise<CardPart> {
  const { value: { steps, tokens, weights } } = await run.cell<Trained>(name);
  const source = sourceOf(run, name);
  const trained = tokens === null
    ? ""
    : ` for ${steps.toLocaleString("en-US")} steps (${tokens.toLocaleString("en-US")} tokens)`;
  const domain = expertDomain(name);
  const made = source !== undefined
    ? `taken from ${source}, not trained here; how many tokens it was trained on is unknown`
    : name === "seed"
    ? `trained from random weights on ${mixText(run.config.mix.seed)}${trained}`
    : domain === undefined
    ? `the seed, trained further on ${mixText(run.config.mix.stitch)}${trained}`
    : `the seed, trained further on ${expertText(run, domain)}${trained}`;
  return { name, made, weights, license: source === undefined ? undefined : await licenseOf(source) };
}

/** What an expert was trained on. */
function expertText({ config: { mix: { expertShare } } }: FinishedRun, domain: string): string {
  return expertShare === 1
    ? `${domain} text`
    : `text of which ${Number((100 * expertShare).toFixed(1))} % is ${domain}`;
}

/** `40 % english and 60 % code text` */
function mixText(mix: Readonly<Record<string, number>>): string {
  const parts = Object.entries(mix).filter(([, share]) => share > 0).map(([domain, share]) =>
    `${Number((100 * share).toFixed(1))} % ${domain}`
  );
  return `${parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`} text`;
}

function textsOf({ view, config }: FinishedRun): CardText[] {
  const rows = tableNamed(view, "data")?.rows ?? [];
  const artifacts = view.cells.find(({ name }) => name === "data")?.artifacts ?? [];
  return Object.entries(config.data.domains).map(([domain, source]) => {
    const row = rows.find((one) => one["domain"] === domain && one["split"] === "train");
    const number = (key: string) => typeof row?.[key] === "number" ? row[key] : null;
    const builtin = source === "builtin" ? builtinSource(domain) : undefined;
    return {
      domain,
      source: builtin?.text ?? source,
      license: builtin?.license ?? "not stated",
      documents: number("documents"),
      bytes: number("bytes"),
      tokens: number("tokens"),
      sha256: artifacts.find(({ name }) => name.startsWith(`${domain}.train.tokens.`))?.sha256 ?? null,
    };
  });
}

const languagesOf = (domain: string, source: string): readonly string[] =>
  source === "builtin" ? builtinSource(domain)?.languages ?? [] : [];

/** What merges, mixtures and stitched models consist of, as a list within a sentence. */
export function listedModels(names: readonly string[]): string {
  const phrases = names.map(methodPhrase);
  return phrases.length < 2 ? phrases.join("") : `${phrases.slice(0, -1).join(", ")} and ${phrases.at(-1)}`;
}

/** The name of a model of a run for files: `smoke-expert-code`. */
export function fileName(run: string, model: string): string {
  return `${run}-${model}`.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
}

/** The title of a model among others: `my run: Soup`. @param run its name; null if it has none */
export const titleOf = ({ title, preset, seed }: RunView, run: string | null, model: string): string =>
  `${run ?? `${title} (${preset}, seed ${seed})`}: ${methodLabel(model)}`;
