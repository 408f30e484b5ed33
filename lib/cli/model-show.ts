// `deno task model show`: what a checkpoint is, and whether it can be used.
import { Command } from "commander";
import { bytesOf } from "../gguf/mod.ts";
import { endIds, type GenerationConfig } from "../huggingface/mod.ts";
import { headSizeOf, type ModelConfig } from "../model/mod.ts";
import { byteSize } from "../report/mod.ts";
import { jsonLine, parseWithCommander, printable } from "../run/mod.ts";
import type { Print } from "./command.ts";
import { count, type ModelFacts, modelFacts } from "./model-facts.ts";

/** Prints the facts of a model folder, a model on the hub or a GGUF file. @throws UserError when it is missing or damaged */
export async function showModelCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("model show")
    .description(
      "Shows a model's family, shape, parameters, memory at each precision, tokenizer and chat template, and what " +
        "cannot be used. Weights are not read, and those of a model on the hub are not downloaded.",
    )
    .argument("<path>", "GGUF file, Hugging Face folder, or an id on the hub, such as org/model")
    .option("--json", "write one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const facts = await modelFacts(parsed.positional[0]!);
  print(parsed.options.json ? jsonLine({ ...facts, memory: memoryOf(facts.parameters) }) : asText(facts));
}

/** Bytes of the weights at each precision; Q8_0 takes 34 bytes for 32 of them. */
function memoryOf(parameters: number): Readonly<Record<string, number>> {
  return Object.fromEntries((["F32", "BF16", "Q8_0"] as const).map((type) => [type, bytesOf(type, parameters)]));
}

function asText(facts: ModelFacts): string {
  const { path, format, name, family, license, config, parameters, stored, tokenizer, chatTemplate, generation } =
    facts;
  const memory = Object.entries(memoryOf(parameters)).map(([type, bytes]) => `${byteSize(bytes)} as ${type}`);
  const lines: Readonly<Record<string, string | undefined>> = {
    name,
    family,
    license,
    ...(config === undefined ? {} : shapeLines(config)),
    parameters: count(parameters),
    "stored as": Object.entries(stored).map(([type, tensors]) => `${tensors} ${type}`).join(", "),
    memory: memory.join(", "),
    tokenizer: tokenizer ?? "none",
    "special ids": Object.entries(facts.special).map(([role, id]) => `${role.toUpperCase()} ${id}`).join(", ") ||
      "none",
    "chat template": chatTemplate === undefined ? "none" : `${count(chatTemplate.length)} characters`,
    generation: generation === undefined ? undefined : generationText(generation),
  };
  const rows = Object.entries(lines).flatMap(([label, value]) =>
    value === undefined ? [] : [`  ${label.padEnd(14)} ${printable(value)}`]
  );
  const unusable = facts.unusable.map((reason) => `cannot be used: ${printable(reason)}`);
  return [printable(`${path}: ${format}`), ...rows, ...unusable].join("\n");
}

/** Where texts end, and settings such as `temperature`. */
function generationText(generation: GenerationConfig): string {
  const { bos_token_id: _bos, pad_token_id: _pad, eos_token_id: _eos, transformers_version: _, ...settings } =
    generation;
  const shown = Object.entries(settings).filter(([key, value]) => !key.startsWith("_") && value !== null)
    .map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return [`ends at ${endIds(generation).join(", ") || "no token"}`, ...shown].join("; ");
}

function shapeLines(config: ModelConfig): Record<string, string> {
  const { layers, width, heads, kvHeads, inner, vocabSize, contextLength, ropeTheta, tiedEmbeddings } = config;
  const size = headSizeOf(config);
  return {
    shape: `${layers} layers, width ${width}, inner ${inner}, ${heads} heads of ${size}, ${kvHeads} for keys ` +
      `and values`,
    vocabulary: `${count(vocabSize)} rows, ${tiedEmbeddings ? "tied to the head" : "and a head of its own"}`,
    context: `${count(contextLength)} tokens, RoPE base ${count(ropeTheta)}`,
  };
}
