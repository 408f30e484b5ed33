// Settings of the data room: where each domain's text comes from, how much of it is used, and the tokenizer's size.
import { z } from "zod";
import { BUILTIN, DOMAINS } from "./builtin/registry.ts";
import { readDomains, type WithDomains } from "./domains.ts";
import type { DataSettingsSchema, TokenizerConfigSchema } from "./inferred-types.ts";

const FORMATS = ".txt, .jsonl, .ndjson, .json, .csv, .tsv, .parquet, or any other text; .gz too";

/** The former place of a domain's own text. */
const own = (domain: string) =>
  z.string().min(1).optional().describe(`the same as data.domains.${domain}`)
    .meta({ movedTo: `data.domains.${domain}` });

const bytes = (value: number, what: string) => z.int().positive().default(value).describe(what);

/** The settings as given. */
const dataSettings: DataSettingsSchema = z.strictObject({
  domains: z.union([z.array(z.string()).min(1), z.record(z.string(), z.string().min(1))])
    .optional()
    .meta({ listValue: "builtin" })
    .describe(
      `domains by name, each with the path or glob of its text (${FORMATS}): data.domains.law='laws/**/*.txt' adds one of ` +
        `your own to ${DOMAINS.join(", ")}. Naming built-in domains selects them instead of these four, in a list ` +
        "(data.domains=english,code) or as data.domains.speeches=builtin. They are " +
        BUILTIN.map(({ name, about }) => `${name} (${about})`).join(", "),
    ),
  builtin: z.enum(["all", "none"]).default("all").describe(
    "none: only the domains that data.domains names; all: the default built-in domains, too, unless it selects others",
  ),
  tasks: z.record(z.string(), z.string().min(1)).prefault({}).describe(
    "your own questions by domain: data.tasks.law=questions.jsonl, a JSON-lines file with the fields question and answer, " +
      "and choices for multiple choice",
  ),
  english: own("english"),
  code: own("code"),
  math: own("math"),
  multilingual: own("multilingual"),
  textField: z.string().min(1).default("text").describe(
    "field of a record (.jsonl, .ndjson, .json, .csv, .tsv, .parquet) that holds the text; meta.text is the field text " +
      "of the field meta; a record without it may have messages, a list of { role, content }",
  ),
  loss: z.enum(["assistant", "all"]).default("assistant").describe(
    "what is trained on and scored in conversations (records with the field messages): the assistant's words, or all",
  ),
  template: z.string().min(1).optional().describe(
    "chat template of conversations, if not that of the checkpoint whose tokenizer is used: a Jinja file, or chatml",
  ),
  skipBad: z.boolean().default(false).describe(
    "skip records and files that cannot be read, and count them, instead of refusing them; null and blank texts are " +
      "always skipped",
  ),
  trainBytes: bytes(1_000_000, "training text of each domain in bytes, at most; longer documents are cut"),
  validationBytes: bytes(
    32_768,
    "validation text of each domain in bytes, at most, and at most a tenth of what " +
      "there is; longer documents are cut",
  ),
  heldoutBytes: bytes(
    65_536,
    "held-out text of each domain in bytes, at most, and at most a tenth of what " +
      "there is; longer documents are cut",
  ),
  mathEnglish: z.number().min(0).max(1).default(0.8).describe(
    "share of the built-in math problems that are in English",
  ),
  problems: z.int().nonnegative().default(200).describe("held-out math problems to score exact answers on"),
  translations: z.int().nonnegative().default(200).describe("held-out messages to score translations on"),
  questions: z.enum(["usual", "hard"]).default("usual").describe(
    "questions about built-in text: usual; or hard, for models that were trained on much text: the right answer to a math " +
      "problem among near ones, and the next passage of code or English among others of the same document",
  ),
});

/** The settings with the domains read. */
export type DataConfig = WithDomains<z.infer<typeof dataSettings>>;

/** Reads the settings as given into a {@linkcode DataConfig}. */
export interface DataConfigSchema
  extends z.ZodPipe<DataSettingsSchema, z.ZodTransform<DataConfig, z.infer<DataSettingsSchema>>> {}

/**
 * Where the text of each domain comes from and how much of it is used. The several ways to name domains are read into one:
 * `domains` has every domain of the run with its source, in the order of tables.
 */
export const dataConfigSchema: DataConfigSchema = dataSettings.transform(readDomains);

/** The byte-level BPE tokenizer, which is trained on the seed model's mix. */
export const tokenizerConfigSchema: TokenizerConfigSchema = z.strictObject({
  vocabSize: z.int().min(257).max(262_144).default(2048)
    .describe("tokens of the vocabulary, with the 256 bytes and <|endoftext|>"),
  trainBytes: bytes(1_000_000, "text that the tokenizer is trained on, in bytes, at most, over all domains"),
});

export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;
