// The settings of a task, as the harness's `TaskConfig` has them. What it does not know, or we do not do, is refused.
import type { z } from "zod";
import { UserError } from "../errors.ts";
import { type choices, type generationSchema, schemaError, taskSchema } from "./config-schema.ts";
import type { YamlFile } from "./yaml-file.ts";
import { type Filter, readFilters } from "./filters.ts";
import { type Metric, type OutputType, readMetrics } from "./metrics.ts";

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

/** Settings of few-shot examples that we do not have, and why. */
const REFUSED_FEWSHOT: Readonly<Record<string, string>> = {
  process_docs: "it is Python code",
  fewshot_indices:
    "the harness 0.4.13 reads it and draws from all documents nevertheless; list the examples in samples",
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
  /** Where one of these settings is written: `task.yaml line 7`. */
  place(key: string): string;
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
    /** Whether the person chose another number than the task's own. */
    readonly chosen: boolean;
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

/** The setting that says how many tokens are generated, by any of its names. */
export const MAX_TOKENS = ["max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"] as const;

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
  for (const key of Object.keys(Object(file.values["fewshot_config"]))) {
    if (!Object.hasOwn(REFUSED_FEWSHOT, key)) continue;
    const where = file.place("fewshot_config", key);
    throw new UserError("harness.key", `${where}: cannot use fewshot_config.${key}: ${REFUSED_FEWSHOT[key]}`);
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
  const count = own === 0 ? 0 : fewshot ?? own ?? 0;
  const formatting: Formatting = {
    text: one.doc_to_text,
    target: one.doc_to_target,
    choices: listed(one.doc_to_choice),
    genPrefix: one.gen_prefix,
    fewshotDelimiter: one.fewshot_delimiter,
    targetDelimiter: one.target_delimiter,
    place: (key) => file.place(key),
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
      count,
      chosen: count !== (own ?? 0),
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
        place: (key) => Object.hasOwn(shots ?? {}, key) ? file.place("fewshot_config", key) : file.place(key),
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
    maxTokens: MAX_TOKENS.flatMap((name) => given?.[name] ?? [])[0] ?? 256,
    temperature,
    topK: given?.top_k,
    topP: given?.top_p,
    minP: given?.min_p,
    repetitionPenalty: given?.repetition_penalty,
  };
}
