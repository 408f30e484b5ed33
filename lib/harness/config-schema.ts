// The schema of a task's settings, and what is said of settings that do not fit it.
import { z } from "zod";
import { didYouMean, UserError } from "../errors.ts";
import { OUTPUT_TYPES } from "./metrics.ts";
import type { YamlFile } from "./yaml-file.ts";

const text = z.union([z.string(), z.int()]);
const target = z.union([z.string(), z.int(), z.array(z.unknown())]);
export const choices = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);
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

export const generationSchema = z.strictObject({
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

export const taskSchema = z.strictObject({
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
  repeats: z.int().min(1).max(10_000).default(1),
  filter_list: optional(
    z.array(z.strictObject({ name: z.string(), filter: z.array(z.record(z.string(), z.unknown())).min(1) })).min(1),
  ),
  gen_prefix: optional(z.string()),
  metadata: z.unknown().optional(),
  // Without effect on the harness's numbers, too.
  should_decontaminate: z.unknown().optional(),
  doc_to_decontamination_query: z.unknown().optional(),
});

/** The first thing that is wrong, with its place. */
export function schemaError(file: YamlFile, error: z.ZodError): UserError {
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
