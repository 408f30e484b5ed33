// The settings of a task, as the harness's `TaskConfig` has them. What it does not know, or we do not do, is refused.
import { z } from "zod";
import { didYouMean, UserError } from "../errors.ts";
import type { YamlFile } from "./yaml-file.ts";
import { type Filter, readFilters } from "./filters.ts";
import { type Metric, OUTPUT_TYPES, type OutputType, readMetrics } from "./metrics.ts";

const text = z.union([z.string(), z.int()]);
const target = z.union([z.string(), z.int(), z.array(z.unknown())]);
const choices = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const files = z.union([z.string(), z.array(z.string()).min(1)]).transform((value) => [value].flat());
const dataSchema = z.strictObject({
  data_files: z.union([files.transform((all) => ({ train: all })), z.record(z.string(), files)]),
  field: optional(z.string()),
  trust_remote_code: z.unknown().optional(),
});

const fewshotSchema = z.strictObject({
  sampler: z.enum(["default", "first_n"]).default("default"),
  split: optional(z.string()),
  samples: optional(z.array(z.record(z.string(), z.unknown())).min(1)),
  doc_to_text: optional(text),
  doc_to_target: optional(target),
  doc_to_choice: optional(choices),
  gen_prefix: optional(z.string()),
  fewshot_delimiter: optional(z.string()),
  target_delimiter: optional(z.string()),
});

const generationSchema = z.strictObject({
  until: optional(z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat())),
  max_gen_toks: optional(z.int().min(1)),
  max_new_tokens: optional(z.int().min(1)),
  max_tokens: optional(z.int().min(1)),
  max_completion_tokens: optional(z.int().min(1)),
  do_sample: optional(z.boolean()),
  temperature: optional(z.coerce.number().min(0)),
  top_k: optional(z.int().min(0)),
  top_p: optional(z.number().positive().max(1)),
  min_p: optional(z.number().min(0).max(1)),
  repetition_penalty: optional(z.number().positive()),
});

const taskSchema = z.strictObject({
  task: z.string().min(1),
  task_alias: optional(z.string()),
  tag: z.unknown().optional(),
  dataset_path: z.enum(["json", "csv", "parquet"]),
  dataset_name: optional(z.string()),
  dataset_kwargs: dataSchema,
  training_split: optional(z.string()),
  validation_split: optional(z.string()),
  test_split: optional(z.string()),
  fewshot_split: optional(z.string()),
  doc_to_text: optional(text),
  doc_to_target: target,
  doc_to_choice: optional(choices),
  description: z.string().default(""),
  target_delimiter: z.string().default(" "),
  fewshot_delimiter: z.string().default("\n\n"),
  fewshot_config: optional(fewshotSchema),
  num_fewshot: optional(z.int().min(0)),
  metric_list: optional(z.array(z.record(z.string(), z.unknown())).min(1)),
  output_type: z.enum(OUTPUT_TYPES).default("generate_until"),
  generation_kwargs: optional(generationSchema),
  repeats: z.int().min(1).default(1),
  filter_list: optional(
    z.array(z.strictObject({ name: z.string(), filter: z.array(z.record(z.string(), z.unknown())).min(1) })).min(1),
  ),
  gen_prefix: optional(z.string()),
  metadata: z.unknown().optional(),
  // Without effect on the harness's numbers, too.
  should_decontaminate: z.unknown().optional(),
  doc_to_decontamination_query: z.unknown().optional(),
});

/** Settings of the harness that we do not have, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  process_docs: "it is Python code",
  process_results: "it is Python code",
  custom_dataset: "it is Python code",
  class: "it is Python code",
  use_prompt: "prompts of promptsource are on the network",
  doc_to_image: "models here read text only",
  doc_to_audio: "models here read text only",
  unsafe_code: "the task runs what models write; score code with our sandbox instead",
};

/** How a document is turned into a prompt; those for few-shot examples may differ. */
export interface Formatting {
  /** A field, a template, or the number of an input. */
  readonly text: string | number | undefined;
  readonly target: string | number | readonly unknown[];
  readonly choices: string | readonly unknown[] | undefined;
  readonly genPrefix: string | undefined;
  readonly fewshotDelimiter: string;
  readonly targetDelimiter: string;
}

/** How an answer is generated, as `generation_kwargs` says. */
export interface GenerationSettings {
  readonly until: readonly string[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number | undefined;
  readonly topP: number | undefined;
  readonly minP: number | undefined;
  readonly repetitionPenalty: number | undefined;
}

/** A task. */
export interface TaskConfig {
  readonly name: string;
  readonly alias: string;
  readonly tags: readonly string[];
  /** `metadata.version`, or `Yaml`, as the harness prints. */
  readonly version: string;
  readonly outputType: OutputType;
  readonly data: {
    readonly format: "json" | "csv" | "parquet";
    readonly files: Readonly<Record<string, readonly string[]>>;
    readonly field: string | undefined;
  };
  readonly splits: { readonly training?: string; readonly validation?: string; readonly test?: string };
  readonly formatting: Formatting;
  readonly description: string;
  readonly fewshot: {
    readonly count: number;
    readonly split: string | undefined;
    readonly samples: readonly Readonly<Record<string, unknown>>[] | undefined;
    readonly sampler: "default" | "first_n";
    readonly formatting: Formatting;
  };
  readonly metrics: readonly Metric[];
  readonly filters: readonly Filter[];
  readonly generation: GenerationSettings;
  readonly repeats: number;
  readonly file: YamlFile;
}

/**
 * Reads the settings of a task.
 *
 * @param fewshot examples instead of the task's own number, unless that is 0
 * @throws UserError `harness.key`, `harness.value`, `harness.metric`, `harness.filter` with file and line
 */
export function readTaskConfig(
  file: YamlFile,
  { fewshot }: { readonly fewshot?: number | undefined } = {},
): TaskConfig {
  for (const key of Object.keys(file.values)) {
    if (Object.hasOwn(REFUSED, key) && file.values[key] !== null && file.values[key] !== false) {
      throw new UserError("harness.key", `${file.place(key)}: cannot use ${key}: ${REFUSED[key]}`);
    }
  }
  const known = Object.fromEntries(Object.entries(file.values).filter(([key]) => !Object.hasOwn(REFUSED, key)));
  const found = taskSchema.safeParse(known);
  if (!found.success) throw schemaError(file, found.error);
  const one = found.data;
  if (one.test_split === undefined && one.validation_split === undefined) {
    throw new UserError(
      "harness.value",
      `${file.path}: neither test_split nor validation_split names the documents to ask about`,
    );
  }
  if (one.output_type === "multiple_choice" && one.doc_to_choice === undefined) {
    throw new UserError("harness.value", `${file.path}: output_type multiple_choice needs doc_to_choice`);
  }
  if (one.generation_kwargs?.do_sample === true && !one.generation_kwargs.temperature) {
    throw new UserError(
      "harness.value",
      `${file.place("generation_kwargs", "do_sample")}: do_sample needs a temperature above 0`,
    );
  }
  const own = one.num_fewshot;
  const formatting: Formatting = {
    text: one.doc_to_text,
    target: one.doc_to_target,
    choices: listed(one.doc_to_choice),
    genPrefix: one.gen_prefix,
    fewshotDelimiter: one.fewshot_delimiter,
    targetDelimiter: one.target_delimiter,
  };
  const shots = one.fewshot_config;
  return {
    name: one.task,
    alias: one.task_alias ?? one.task,
    tags: [one.tag ?? []].flat().map(String),
    version: String((one.metadata as { version?: unknown } | undefined)?.version ?? "Yaml"),
    outputType: one.output_type,
    data: { format: one.dataset_path, files: one.dataset_kwargs.data_files, field: one.dataset_kwargs.field },
    splits: {
      ...(one.training_split === undefined ? {} : { training: one.training_split }),
      ...(one.validation_split === undefined ? {} : { validation: one.validation_split }),
      ...(one.test_split === undefined ? {} : { test: one.test_split }),
    },
    formatting,
    description: one.description,
    fewshot: {
      count: own === 0 ? 0 : fewshot ?? own ?? 0,
      split: shots?.split ?? one.fewshot_split,
      samples: shots?.samples,
      sampler: shots?.sampler ?? "default",
      formatting: {
        text: shots?.doc_to_text ?? formatting.text,
        target: shots?.doc_to_target ?? formatting.target,
        choices: listed(shots?.doc_to_choice) ?? formatting.choices,
        genPrefix: shots?.gen_prefix ?? formatting.genPrefix,
        fewshotDelimiter: shots?.fewshot_delimiter ?? formatting.fewshotDelimiter,
        targetDelimiter: shots?.target_delimiter ?? formatting.targetDelimiter,
      },
    },
    metrics: readMetrics(file, one.output_type, one.metric_list),
    filters: readFilters(file, one.output_type, one.filter_list),
    generation: generationOf(one.generation_kwargs, one.fewshot_delimiter),
    repeats: one.repeats,
    file,
  };
}

/** The values of a mapping of choices, in order. */
function listed(value: z.infer<typeof choices> | undefined): string | readonly unknown[] | undefined {
  return typeof value === "object" && !Array.isArray(value) ? Object.values(value) : value;
}

function generationOf(given: z.infer<typeof generationSchema> | undefined, delimiter: string): GenerationSettings {
  const temperature = given?.do_sample === false ? 0 : given?.temperature ?? 0;
  return {
    until: given?.until ?? [delimiter],
    maxTokens: given?.max_gen_toks ?? given?.max_new_tokens ?? given?.max_tokens ?? given?.max_completion_tokens ?? 256,
    temperature,
    topK: given?.top_k,
    topP: given?.top_p,
    minP: given?.min_p,
    repetitionPenalty: given?.repetition_penalty,
  };
}

/** The first thing that is wrong, with its place. */
function schemaError(file: YamlFile, error: z.ZodError): UserError {
  const issue = deepest(error.issues[0]!, []);
  const path = issue.path;
  const name = path.join(".");
  if (issue.code === "unrecognized_keys") {
    const [key] = issue.keys as [string];
    const where = file.place(...path, key);
    return new UserError(
      "harness.key",
      `${where}: unknown setting "${[...path, key].join(".")}"`,
      didYouMean(key, path.length === 0 ? Object.keys(taskSchema.shape) : KEYS[String(path[0])] ?? []) ??
        "settings are those of TaskConfig in lm-evaluation-harness 0.4.13, as far as docs/evaluation.md lists them",
    );
  }
  const value = path.reduce<unknown>(
    (at, key) => (at as Record<string | number, unknown> | undefined)?.[key],
    file.values,
  );
  if (name === "dataset_path" && typeof value === "string") {
    return new UserError(
      "harness.value",
      `${file.place("dataset_path")}: cannot load the data set "${value}": expected json, csv or parquet`,
      "save the data set as JSON lines, and name its files with dataset_kwargs: data_files:",
    );
  }
  const missing = value === undefined ? `${name} is missing` : `${name} is ${JSON.stringify(value)}`;
  return new UserError("harness.value", `${file.place(...path)}: ${missing}: ${issue.message}`);
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  dataset_kwargs: Object.keys(dataSchema.shape),
  fewshot_config: Object.keys(fewshotSchema.shape),
  generation_kwargs: Object.keys(generationSchema.shape),
};

/** Within a union, the issue of the first member. */
function deepest(
  issue: z.core.$ZodIssue,
  before: readonly PropertyKey[],
): { code: string; message: string; path: (string | number)[]; keys?: readonly string[] } {
  const path = [...before, ...issue.path] as (string | number)[];
  if (issue.code === "unrecognized_keys") return { code: issue.code, message: issue.message, path, keys: issue.keys };
  return { code: String(issue.code), message: issue.message, path };
}
