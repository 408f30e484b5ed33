// What is known before anything is asked: the files of the answers, and whether answers fit the model.
import { UserError } from "../errors.ts";
import type { KeptFile } from "../run/mod.ts";
import { MAX_TOKENS, type TaskConfig } from "./config.ts";
import type { Subject } from "./subject.ts";

/** A file's name on every system. */
export const fileName = (name: string): string => name.replaceAll(/[^\p{L}\p{N}._-]/gu, "_");

/** The files of the answers to these tasks, each with what its answers depend on besides the requests. */
export function answerFiles(tasks: readonly TaskConfig[], subject: Subject, identity: string): KeptFile[] {
  return tasks.map(({ name, outputType, generation, repeats, fewshot: { chosen, count } }) => ({
    name: `${fileName(name)}.jsonl`,
    conditions: {
      model: identity,
      bos: subject.opening,
      context: subject.model.contextLength,
      ...(chosen ? { fewshot: count } : {}),
      ...(outputType === "generate_until" ? { generation, repeats } : {}),
    },
  }));
}

/** @throws UserError `harness.length` when an answer alone would fill the model's context */
export function checkLength(
  { outputType, generation: { maxTokens }, file, name }: TaskConfig,
  { model }: Subject,
): void {
  if (outputType !== "generate_until" || maxTokens < model.contextLength) return;
  const settings = (file.values["generation_kwargs"] ?? {}) as Readonly<Record<string, unknown>>;
  const key = MAX_TOKENS.find((one) => settings[one] !== undefined && settings[one] !== null);
  const what = key === undefined
    ? `${file.place("generation_kwargs")}: ${name} has no max_gen_toks, and the harness's default of ${maxTokens}`
    : `${file.place("generation_kwargs", key)}: ${key} of ${maxTokens}`;
  throw new UserError(
    "harness.length",
    `${what} does not fit the model's context of ${model.contextLength} tokens, of which the prompt needs at least one`,
    `${key === undefined ? "set generation_kwargs: max_gen_toks" : "lower it"} to less than ${model.contextLength}`,
  );
}
