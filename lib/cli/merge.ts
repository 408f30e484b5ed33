// `deno task merge`: merges model folders weight by weight.
import { UserError } from "../errors.ts";
import {
  type FolderMergeReport,
  mergeFolders,
  mergeRecipe,
  readRecipe,
  WEIGHT_METHODS,
  type WeightMethod,
  weightMethod,
  withModels,
  withoutFolder,
} from "../merge/mod.ts";
import { jsonLine, parseWithCommander, stopSignal } from "../run/mod.ts";
import type { Print } from "./command.ts";
import { type MergeModels, mergeModels } from "./merge-models.ts";
import {
  commandFor,
  dtypeOf,
  flagOf,
  methodIn,
  type Options,
  readShard,
  settingsOf,
  tokenizerOf,
} from "./merge-options.ts";

/** Merges the folders given as arguments and prints a summary. */
export async function mergeCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const parsed = parseWithCommander(commandFor(methodIn(args)), args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const given = parsed.options as unknown as Options;
  if (given.config !== undefined) return await mergeByConfig(given, parsed.positional, print);
  if (given.method === undefined) {
    const names = WEIGHT_METHODS.map(({ name }) => name).join(", ");
    throw new UserError(
      "merge.method",
      "Cannot merge without a method",
      `name one with --method: ${names}; or a mergekit file with --config`,
    );
  }
  const method = weightMethod(given.method);
  const models = mergeModels(given.runs);
  const asked = tokenizerOf(given);
  const tokenizer = asked === undefined || ["base", "union"].includes(asked.source)
    ? asked
    : { ...asked, source: await models.find(asked.source) };
  const { chatTemplate } = given;
  const options = { ...requestOf(given), settings: settingsOf(given), tokenizer, chatTemplate };
  const base = given.base === undefined ? undefined : await models.find(given.base);
  const inputs = await inputsOf(method, base, await Promise.all(parsed.positional.map(models.find)));
  await report(given, models, print, () => mergeFolders({ method: method.name, ...inputs, ...options }));
}

/** Merges as a mergekit file says. */
async function mergeByConfig(given: Options, folders: readonly string[], print: Print): Promise<void> {
  const { seed, ...settings } = settingsOf(given);
  const { method, base, tokenizerSource, padToMultipleOf, chatTemplate } = given;
  const said = { method, base, ...settings, tokenizerSource, padToMultipleOf, chatTemplate };
  const doubled = Object.entries(said).find(([, value]) => value !== undefined)?.[0];
  if (doubled !== undefined || folders.length > 0) {
    const what = doubled === undefined ? `the model ${folders[0]}` : `--${flagOf(doubled)}`;
    throw new UserError(
      "merge.config",
      `Cannot take ${what} besides --config: the file says what to merge and how`,
      `write it into ${given.config}, or leave out --config`,
    );
  }
  const request = { ...requestOf(given), seed };
  const recipe = await readRecipe(given.config!);
  const models = mergeModels(given.runs);
  const found = await withModels(recipe, models.find);
  await report(given, models, print, () => mergeRecipe(found, request));
}

/** The part of a merge that the options alone say. */
function requestOf(given: Options) {
  if (given.out === undefined) {
    throw new UserError("merge.out", "Cannot merge without an output folder", "name one with --out");
  }
  return {
    out: given.out,
    dtype: given.dtype === undefined ? undefined : dtypeOf(given.dtype),
    allowConfigMismatch: given.allowConfigMismatch,
    shardBytes: readShard(given.shard),
    signal: stopSignal(),
    onTensor: given.json || !Deno.stderr.isTerminal() ? undefined : showProgress,
  };
}

/** Merges, and prints what came of it. */
async function report(
  given: Options,
  { asGiven, withNames }: MergeModels,
  print: Print,
  merge: () => Promise<FolderMergeReport>,
): Promise<void> {
  const began = performance.now();
  const made = await withNames(merge);
  const merged = { ...made, warnings: made.warnings.map(asGiven) };
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  print(given.json ? jsonLine({ ...merged, seconds }) : asText(merged, seconds));
}

/** The base and the models. The two of SLERP may be given either way. */
async function inputsOf(method: WeightMethod, base: string | undefined, folders: readonly string[]) {
  if (method.name !== "slerp") return { base, models: folders };
  const both = base === undefined ? folders : [base, ...await withoutFolder(folders, base)];
  if (both.length === 2) return { base: both[0], models: both.slice(1) };
  throw new UserError(
    "merge.models",
    `The method slerp takes exactly two models, one of which may be the base, not ${both.length}`,
    "--help lists methods that merge more models",
  );
}

function showProgress(done: number, total: number, name: string): void {
  const line = done === total ? "" : `${done}/${total} ${name}`;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[2K${line}`));
}

function asText(report: FolderMergeReport, seconds: number): string {
  const { out, method, tensors, parameters, bytes, files, warnings } = report;
  const [unit, name] = bytes >= 1e9 ? [1e9, "GB"] : bytes >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  const size = `${(bytes / unit).toFixed(1)} ${name}`;
  return [
    `Merged by ${method} into ${out}: ${tensors} tensors, ${parameters.toLocaleString("en")} parameters, ` +
    `${size} in ${files.length} file${files.length === 1 ? "" : "s"}, ${seconds} s`,
    ...warnings.map((warning) => `warning: ${warning}`),
  ].join("\n");
}
