// Checks of settings that depend on one another, before anything is written.
import { namedTasks, normalizeDatamix } from "../data/mod.ts";
import { didYouMean, nearest, UserError } from "../errors.ts";
import { checkModelConfig } from "../model/mod.ts";
import { checkStitchConfig } from "../stitch/mod.ts";
import type { BtsConfig } from "./config.ts";
import { checkRoles } from "./roles.ts";

/** A byte-level tokenizer encodes a character as at most four tokens, its UTF-8 bytes. */
const TOKENS_PER_CHARACTER = 4;

/** @throws UserError naming the settings that do not fit together */
export function checkBts(config: BtsConfig): void {
  const { data, model, tokenizer, stitch, mix, experts, eval: { tasks } } = config;
  const domains = Object.keys(data.domains);
  checkModelConfig({ ...model, vocabSize: tokenizer.vocabSize });
  if (model.contextLength < TOKENS_PER_CHARACTER) {
    throw new UserError(
      "bts.context",
      `model.contextLength ${model.contextLength} is too short: one character may take ${TOKENS_PER_CHARACTER} tokens`,
    );
  }
  checkStitchConfig(stitch, model);
  normalizeDatamix(mix.seed, domains, "mix.seed");
  normalizeDatamix(mix.stitch, domains, "mix.stitch");
  const absent = experts.find((domain) => !domains.includes(domain));
  if (absent !== undefined) {
    const meant = nearest(absent, domains);
    throw new UserError(
      "bts.experts",
      `experts has "${absent}", which is not a domain: the domains are ${domains.join(", ")}`,
      meant === undefined ? `name its text, such as data.domains.${absent}='texts/*.txt'` : `did you mean "${meant}"?`,
    );
  }
  const twice = experts.find((domain, i) => experts.indexOf(domain) !== i);
  if (twice !== undefined) throw new UserError("bts.experts", `experts has "${twice}" twice: one expert per domain`);
  const names = namedTasks(data).map(({ name }) => name);
  const unknown = tasks?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UserError(
      "bts.tasks",
      `eval.tasks has "${unknown}", which is not a task: the tasks are ${names.join(", ")}`,
      didYouMean(unknown, names),
    );
  }
  checkRoles(config);
}
