// A LoRA as PEFT saves it: `adapter_config.json` and `adapter_model.safetensors` (arXiv 2106.09685).
import { z } from "zod";
import { attempt, UserError } from "../../errors.ts";
import { exists, openWeightFiles, readJson, type WeightFiles } from "../../huggingface/mod.ts";

/** `adapter_config.json`. What decides the size of what is added has its type: another one would change it without a word. */
const configSchema = z.looseObject({
  r: z.int().positive(),
  lora_alpha: z.number(),
  use_rslora: z.boolean().nullish(),
  rank_pattern: z.record(z.string(), z.int().positive()).nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
});

type Config = Readonly<z.infer<typeof configSchema>>;

/** An open adapter. */
export interface Adapter {
  readonly name: string;
  readonly config: Config;
  readonly files: WeightFiles;
  /** What it changes, by the name of the module. */
  readonly modules: ReadonlyMap<string, AdaptedModule>;
}

/** The tensors of a module by their kind; each is the name of a tensor in the file. */
export interface AdaptedModule {
  /** `[r, in]`, or `[r, vocabulary]` of an embedding. */
  readonly a?: string;
  /** `[out, r]`, or `[width, r]` of an embedding. */
  readonly b?: string;
  readonly isEmbedding?: true;
  /** The lengths of DoRA's rows, `[out]` (arXiv 2402.09353). */
  readonly magnitude?: string;
  /** What is added to the bias, before scaling: `[out]`. */
  readonly addedBias?: string;
  /** Weights that replace those of the model, by their names in the module: `weight`, `bias`. */
  readonly replaced?: Readonly<Record<string, string>>;
}

/** How a tensor's name ends, and what it is. */
const KINDS: readonly [ending: string, kind: "a" | "b" | "magnitude" | "addedBias", isEmbedding?: true][] = [
  [".lora_A.weight", "a"],
  [".lora_B.weight", "b"],
  [".lora_B.bias", "addedBias"],
  [".lora_embedding_A", "a", true],
  [".lora_embedding_B", "b", true],
  [".lora_magnitude_vector", "magnitude"],
  [".lora_magnitude_vector.weight", "magnitude"],
];

/** Settings whose effect on the merged weights is not computed, unless they are off. */
const UNSUPPORTED = [
  "layer_replication",
  "target_parameters",
  "trainable_token_indices",
  "alora_invocation_tokens",
  "use_qalora",
  "use_bdlora",
  "arrow_config",
  "kasa_config",
  "velora_config",
  "monteclora_config",
];
/** Ways to start the training of an adapter that change the model itself. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/;

const BY_PEFT = "merge it with merge_and_unload() of Python's peft, and give the folder of the result";

/**
 * Opens an adapter; it stays open with the model that it is merged into.
 *
 * @throws UserError `merge.lora` for a folder without one, and for kinds of adapters that cannot be merged exactly
 */
export async function openAdapter(name: string): Promise<Adapter> {
  const refuse = (what: string, hint: string) => new UserError("merge.lora", `Cannot merge "${name}": ${what}`, hint);
  const path = `${name}/adapter_config.json`;
  if (!await exists(path)) {
    throw refuse(
      await exists(name) ? "the folder has no adapter_config.json" : "there is no such folder",
      "after + stands the folder of a LoRA, as save_pretrained() of Python's peft writes it",
    );
  }
  const config = await readJson(path);
  if (config.peft_type !== "LORA") {
    throw refuse(
      `it is an adapter of the type ${JSON.stringify(config.peft_type ?? null)}, and only LORA can be merged`,
      BY_PEFT,
    );
  }
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const found = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], config);
    throw refuse(
      `its adapter_config.json has ${JSON.stringify(found ?? null)} for "${path.join(".")}": ${message}`,
      "take the file as save_pretrained() of Python's peft wrote it",
    );
  }
  const key = UNSUPPORTED.find((key) => !isOff(config[key]));
  if (key !== undefined) throw refuse(`its adapter_config.json sets "${key}", which cannot be merged here`, BY_PEFT);
  const start = config.init_lora_weights;
  if (typeof start === "string" && CHANGES_BASE.test(start)) {
    throw refuse(
      `its init_lora_weights is "${start}", for which training changed the model itself`,
      "convert it to an ordinary LoRA with path_initial_model_for_weight_conversion of Python's peft",
    );
  }
  if (await exists(`${name}/adapter_model.bin`) && !await exists(`${name}/adapter_model.safetensors`)) {
    throw refuse(
      "its weights are a pickle (adapter_model.bin), which could run any program when it is read",
      "load it in Python's peft and save it with save_pretrained()",
    );
  }
  const files = await openWeightFiles(name, "adapter_model");
  return { name, config: parsed.data, files, modules: modulesOf(files) };
}

function isOff(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === false;
}

function modulesOf({ weights }: WeightFiles): Map<string, AdaptedModule> {
  const modules = new Map<string, AdaptedModule>();
  const add = (module: string, what: AdaptedModule) => modules.set(module, { ...modules.get(module), ...what });
  for (const stored of weights.keys()) {
    const name = stored.replace(/^base_model\.model\./, "");
    const kind = KINDS.find(([ending]) => name.endsWith(ending));
    if (kind !== undefined) {
      const [ending, what, isEmbedding] = kind;
      add(name.slice(0, -ending.length), { [what]: stored, ...(isEmbedding ? { isEmbedding } : {}) });
      continue;
    }
    const plain = name.replace(/\.(base_layer|modules_to_save)(?=\.[^.]+$)/, "");
    const [module, part] = [plain.slice(0, plain.lastIndexOf(".")), plain.slice(plain.lastIndexOf(".") + 1)];
    add(module, { replaced: { ...modules.get(module)?.replaced, [part]: stored } });
  }
  return modules;
}

/**
 * Rank and scale of a module: `alpha / r`, or with rank-stabilized LoRA `alpha / √r` (arXiv 2312.03732). Patterns are
 * regular expressions for the end of the module's name, the first that matches counts.
 */
export function scaleOf({ name, config }: Adapter, module: string): { readonly r: number; readonly scale: number } {
  const by = (patterns: Readonly<Record<string, number>> | null | undefined, otherwise: number) =>
    Object.entries(patterns ?? {}).find(([pattern]) => matches(name, pattern, module))?.[1] ?? otherwise;
  const r = by(config.rank_pattern, config.r);
  const alpha = by(config.alpha_pattern, config.lora_alpha);
  return { r, scale: alpha / (config.use_rslora ? Math.sqrt(r) : r) };
}

function matches(name: string, pattern: string, module: string): boolean {
  const regex = attempt(() => new RegExp(`^(.*\\.)?(${pattern})$`));
  if (regex !== undefined) return regex.test(module);
  throw new UserError(
    "merge.lora",
    `Cannot merge "${name}": ${JSON.stringify(pattern)} in its adapter_config.json is no pattern`,
    "the keys of rank_pattern and alpha_pattern are regular expressions for the ends of modules' names, such as q_proj",
  );
}
