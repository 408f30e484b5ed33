// The model card of an exported model: README.md with the YAML header that the Hugging Face hub reads.
import { stringify } from "yaml";
import {
  compact,
  duration,
  escapeMarkdown,
  fenced,
  type Grid,
  gridMarkdown,
  gridOf,
  measureGrids,
  tableNamed,
} from "../report/mod.ts";
import { methodLabel } from "../methods.ts";
import type { License } from "../pretrained/mod.ts";
import type { RunView } from "../run/mod.ts";
import { licenseText } from "./license.ts";

/** A model that an exported model was made from, the exported one included. */
export interface CardPart {
  /** In results: `seed`, `expert:code`. */
  readonly name: string;
  /** How it was made, as a clause: `trained from random weights on …`. */
  readonly made: string;
  /** License of its weights, if it was brought along and says so. */
  readonly license: License | undefined;
  /** Content hash of its weights. */
  readonly weights: string;
}

/** The text of one domain. */
export interface CardText {
  readonly domain: string;
  /** Where it is from, in words. */
  readonly source: string;
  readonly license: string;
  readonly documents: number | null;
  readonly bytes: number | null;
  readonly tokens: number | null;
  /** Start of the SHA-256 of its training tokens. */
  readonly sha256: string | null;
}

/** Everything that a card says. */
export interface CardFacts {
  readonly view: RunView;
  readonly title: string;
  /** In results: `soup`. */
  readonly model: string;
  /** What it is: a paragraph of Markdown. */
  readonly about: string;
  /** Shape, number of parameters, context: facts by their headings. */
  readonly shape: Readonly<Record<string, string>>;
  readonly parts: readonly CardPart[];
  /** Content hash of the model's weights as float32; undefined if it is more than one decoder. */
  readonly weights: string | undefined;
  readonly texts: readonly CardText[];
  readonly format: "hf" | "gguf";
  readonly dtype: string;
  /** Sentences that say how the file differs from what was measured. */
  readonly differences: readonly string[];
  readonly license: License | undefined;
  /** Models on the hub that it was made from. */
  readonly baseModels: readonly string[];
  readonly merged: boolean;
  readonly languages: readonly string[];
  readonly tags: readonly string[];
  /** The code that the run was made with, in words. */
  readonly code: string | undefined;
  /** The command that wrote the files. */
  readonly command: string;
  /** How to load it: a language and a program. */
  readonly usage: { readonly language: string; readonly program: string; readonly remarks: readonly string[] };
  /** What the run's preset is too small for; undefined if it is not. */
  readonly caveat: string | undefined;
}

/** A model card in GitHub-flavored Markdown. */
export function modelCard(facts: CardFacts): string {
  const { view, about, caveat, usage } = facts;
  const blocks = [
    `# ${escapeMarkdown(facts.title)}`,
    about,
    ...(caveat === undefined ? [] : [`> ${escapeMarkdown(caveat)}`]),
    definitionTable(facts),
    "## Use",
    fenced(usage.program, usage.language),
    ...usage.remarks,
    "## What it was made from",
    facts.parts.map(partLine).join("\n"),
    hashNote(facts),
    ...section("Training text", textBlocks(facts.texts)),
    ...section("Scores", scoreBlocks(facts)),
    ...section("Cost", costBlocks(view)),
    "## Reproduce",
    reproduceText(facts),
  ];
  return `---\n${frontMatter(facts)}---\n\n${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

/** The header, with the keys of the hub's model cards. */
function frontMatter({ license, baseModels, merged, languages, tags, format }: CardFacts): string {
  return stringify({
    ...(license === undefined ? {} : { license: license.id }),
    ...(license?.name === undefined ? {} : { license_name: license.name }),
    ...(license?.link === undefined ? {} : { license_link: license.link }),
    ...(baseModels.length === 0 ? {} : { base_model: baseModels.length === 1 ? baseModels[0] : baseModels }),
    ...(baseModels.length > 0 && merged ? { base_model_relation: "merge" } : {}),
    ...(languages.length === 0 ? {} : { language: languages }),
    pipeline_tag: "text-generation",
    ...(format === "hf" ? { library_name: "transformers" } : {}),
    tags,
  });
}

function definitionTable({ shape, dtype, license }: CardFacts): string {
  const rows = { ...shape, "stored as": dtype, license: license === undefined ? "not stated" : licenseText(license) };
  return gridMarkdown(grid(["", ""], Object.entries(rows).map(([name, value]) => [name, value])));
}

function partLine({ name, made, license, weights }: CardPart): string {
  const end = license === undefined ? "" : ` License: ${escapeMarkdown(licenseText(license))}.`;
  return `- **${escapeMarkdown(methodLabel(name))}**: ${escapeMarkdown(made)}.${end}  \n  Weights: \`${weights}\``;
}

function hashNote({ weights, model, parts }: CardFacts): string {
  const isNew = weights !== undefined && parts.every((part) => part.weights !== weights);
  const own = isNew ? ` Those of ${escapeMarkdown(methodLabel(model))}: \`${weights}\`.` : "";
  return `Weights are identified by a SHA-256 over their names, shapes and float32 values.${own}`;
}

function textBlocks(texts: readonly CardText[]): string[] {
  if (texts.length === 0) return [];
  const count = (value: number | null) => value === null ? "–" : value.toLocaleString("en-US");
  const columns = ["domain", "text", "license", "documents", "bytes", "tokens", "SHA-256 of the tokens"];
  const rows = texts.map(({ domain, source, license, documents, bytes, tokens, sha256 }) => [
    domain,
    source,
    license,
    count(documents),
    count(bytes),
    count(tokens),
    sha256 === null ? "–" : `${sha256.slice(0, 16)}…`,
  ]);
  return [
    "What training could draw from. Held-out text, on which the scores are measured, is apart from it by document.",
    gridMarkdown(grid(columns, rows, 3, 5)),
  ];
}

function scoreBlocks({ view, model, differences }: CardFacts): string[] {
  if (view.results === null) return [];
  const grids = measureGrids(view.results, "scores").map((one) => marked(one, model));
  const here = Object.hasOwn(view.results.methods, model);
  return [
    here
      ? `All models of the run, measured on the same held-out text; this one is marked with →. ${differences.join(" ")}`
        .trim()
      : "All models that the run measured on the same held-out text. This one is not among them.",
    ...grids.flatMap((one) => [`${escapeMarkdown(one.caption)}:`, gridMarkdown(one)]),
  ];
}

/** A grid of methods with an arrow before one. */
function marked(one: Grid, model: string): Grid {
  const label = methodLabel(model);
  const mark = (row: Grid["rows"][number]) =>
    row[0]?.text === label ? [{ ...row[0], text: `→ ${label}` }, ...row.slice(1)] : row;
  return { ...one, rows: one.rows.map(mark) };
}

function costBlocks(view: RunView): string[] {
  const cost = tableNamed(view, "cost");
  if (cost === undefined) return [];
  const one = gridOf(cost);
  return [`${escapeMarkdown(one.caption)}, on ${escapeMarkdown(view.device)}:`, gridMarkdown(one)];
}

function reproduceText({ view, code, command }: CardFacts): string {
  const { id, preset, seed, seconds, versions } = view;
  const facts = [
    `run ${id}`,
    `preset ${preset}`,
    `seed ${seed}`,
    ...(code === undefined ? [] : [code]),
    ...(versions["deno"] === undefined ? [] : [`Deno ${versions["deno"]}`]),
    ...(seconds === null ? [] : [duration(seconds)]),
  ];
  return [
    `With Stitchbook (${facts.map(escapeMarkdown).join(", ")}):`,
    fenced(command, "sh"),
    "<details><summary>All settings of the run</summary>",
    fenced(JSON.stringify(view.config, null, 2), "json"),
    "</details>",
  ].join("\n\n");
}

function section(title: string, blocks: readonly string[]): string[] {
  return blocks.length === 0 ? [] : [`## ${title}`, ...blocks];
}

/** A grid of texts; columns `from` to `to` are numbers. */
function grid(titles: readonly string[], rows: readonly (readonly string[])[], from = Infinity, to = Infinity): Grid {
  return {
    caption: "",
    columns: titles.map((title, at) => ({ title, numeric: at >= from && at <= to })),
    rows: rows.map((row) => row.map((text) => ({ text }))),
  };
}

/** `37k parameters`; with those that a token uses, if they are fewer. */
export function parametersText(total: number, active: number): string {
  return `${compact(total)} (${total.toLocaleString("en-US")})${
    active < total ? `, ${compact(active)} per token` : ""
  }`;
}
