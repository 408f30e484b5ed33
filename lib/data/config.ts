// Settings of the data room: where each domain's text comes from, how much of it is used, and the tokenizer's size.
import { z } from "zod";

/** The default domains of an experiment, in the order of tables, gates and fingerprints. */
export const DOMAINS = ["english", "code", "math", "multilingual"] as const;

/** One of the four broad domains. */
export type Domain = typeof DOMAINS[number];

/** Narrower domains of the built-in text, each with the broad domain that it is part of. */
export const PART_OF = {
  speeches: "english",
  novel: "english",
  compiler: "code",
  declarations: "code",
  arithmetic: "math",
  crosslingual: "math",
  messages: "multilingual",
  rights: "multilingual",
} as const satisfies Readonly<Record<string, Domain>>;

/** Part of a broad domain. */
export type DomainPart = keyof typeof PART_OF;

/** All domains, broad ones first. */
export const DOMAIN_NAMES = [...DOMAINS, ...Object.keys(PART_OF) as DomainPart[]] as const;

/** A broad domain or part of one. */
export type DomainName = typeof DOMAIN_NAMES[number];

const source = (what: string) =>
  z.string().min(1).default("builtin").describe(
    `${what}: "builtin", or the path or glob of your own files (.txt, .jsonl, .ndjson, .json, .csv, .tsv, .parquet, or ` +
      "any other text; .gz too)",
  );

const bytes = (value: number, what: string) => z.int().positive().default(value).describe(what);

/** Where the text of each domain comes from and how much of it is used. */
export const dataConfigSchema = z.strictObject({
  domains: z.array(z.enum(DOMAIN_NAMES)).min(1).default([...DOMAINS]).describe(
    "the domains: broad ones, or parts of the built-in ones (speeches and novel of english, compiler and declarations " +
      "of code, arithmetic in English and crosslingual, the same in five other languages, of math, messages and rights " +
      "of multilingual)",
  ),
  english: source("English text"),
  code: source("source code"),
  math: source("mathematics"),
  multilingual: source("text in other languages"),
  textField: z.string().min(1).default("text").describe(
    "field of a record (.jsonl, .ndjson, .json, .csv, .tsv, .parquet) that holds the text; meta.text is the field text " +
      "of the field meta",
  ),
  skipBad: z.boolean().default(false).describe(
    "skip records and files that cannot be read, and count them, instead of refusing them; null and blank texts are " +
      "always skipped",
  ),
  trainBytes: bytes(1_000_000, "training text of each domain in bytes, at most; longer documents are cut"),
  validationBytes: bytes(
    32_768,
    "validation text of each domain in bytes, at most (of the built-in text up to a tenth more), and at most a tenth of what " +
      "there is; longer documents are cut",
  ),
  heldoutBytes: bytes(
    65_536,
    "held-out text of each domain in bytes, at most (of the built-in text up to a tenth more), and at most a tenth of what " +
      "there is; longer documents are cut",
  ),
  mathEnglish: z.number().min(0).max(1).default(0.8).describe(
    "share of the built-in math problems that are in English",
  ),
  problems: z.int().nonnegative().default(200).describe("held-out math problems to score exact answers on"),
  translations: z.int().nonnegative().default(200).describe("held-out messages to score translations on"),
});

export type DataConfig = z.infer<typeof dataConfigSchema>;

/** The byte-level BPE tokenizer, which is trained on the seed model's mix. */
export const tokenizerConfigSchema = z.strictObject({
  vocabSize: z.int().min(257).max(262_144).default(2048)
    .describe("tokens of the vocabulary, with the 256 bytes and <|endoftext|>"),
  trainBytes: bytes(1_000_000, "text that the tokenizer is trained on, in bytes, over all domains"),
});

export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;
