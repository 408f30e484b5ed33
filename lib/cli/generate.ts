// `deno task generate <run|model> "…"`: continues a prompt, as it is written.
import { Command, Option } from "commander";
import { UserError } from "../errors.ts";
import { renderChat } from "../huggingface/mod.ts";
import {
  constraints,
  type GeneratedToken,
  type Generation,
  type GenerationRequest,
  runByName,
  type TokenConstraint,
} from "../infer/mod.ts";
import { type InferenceModel, type InferenceOptions, openForInference } from "../library/mod.ts";
import { WEIGHT_FORMATS } from "../model/mod.ts";
import { defaultRunsFolder, jsonLine, parseWithCommander, readInteger, stopSignal } from "../run/mod.ts";
import { collect, type Print } from "./command.ts";
import { checkGates, type GateColors, gateColors } from "./gate-colors.ts";
import { addDeviceOptions, readDeviceOptions } from "./device-options.ts";
import { addSamplingOptions, defaultSampling, readSamplingOptions } from "./sampling-options.ts";
import { addSkippingOptions, checkSkipping, readSkippingOptions, skippingText } from "./skipping-options.ts";
import { readTextFile } from "./text-file.ts";

interface Options extends Pick<InferenceOptions, "weights"> {
  readonly model?: string;
  readonly file?: string;
  readonly maxTokens: string;
  readonly stop: readonly string[];
  readonly count: string;
  readonly logprobs?: string;
  readonly chat?: true;
  readonly system?: string;
  readonly schema?: string;
  readonly regex?: string;
  readonly gates?: true;
  readonly stats?: true;
  readonly json?: true;
  readonly runs: string;
}

/** Where generated text goes while it is written, and what is told about it. */
export interface GenerateOutput {
  readonly print: Print;
  write(text: string): void;
  /** For statistics. */
  note(text: string): void;
  /** Whether statistics are shown without being asked for. */
  readonly isTerminal: boolean;
  /** Whether text may be colored. */
  readonly colored: boolean;
}

const TERMINAL: GenerateOutput = {
  print: console.log,
  write: (text) => writeAll(Deno.stdout, text),
  note: console.error,
  get isTerminal() {
    return Deno.stderr.isTerminal() && Deno.stdout.isTerminal();
  },
  get colored() {
    return !Deno.noColor && Deno.stdout.isTerminal();
  },
};

function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
}

function commandOf(): Command {
  const command = new Command("generate")
    .description(
      "Continues a prompt with a model of a run, or with a checkpoint, and writes the text as it is generated. The " +
        "prompt is the argument, a file, or what stdin has.",
    )
    .argument("<run|model>", "id or name of a run, or last; or a checkpoint: a folder, a .gguf file, an id on the hub")
    .argument("[prompt]", "the text to continue, or with --chat the message")
    .option("--model <name>", "model of the run, as in its results (default: bts)")
    .option("--file <path>", "file with the prompt")
    .option("--chat", "write the prompt as a message, with the model's chat template")
    .option("--system <text>", "the system message; implies --chat")
    .option("--max-tokens <count>", "most tokens to generate", "256")
    .option("--stop <text>", "ends the text where this appears; may be repeated", collect, [])
    .option("--count <number>", "texts to generate", "1")
    .option("--logprobs <k>", "with --json: log-probabilities of the k most likely tokens at each place, too")
    .option("--schema <file>", "JSON schema that the text satisfies")
    .option("--regex <pattern>", "regular expression that matches the text")
    .option("--gates", "color each token by the model that speaks; with --json, write the gates");
  return addDeviceOptions(addSkippingOptions(addSamplingOptions(command)))
    .addOption(new Option("--weights <format>", "how weights are held in memory").choices(WEIGHT_FORMATS))
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--stats", "write the number of tokens and their speed to stderr (default: on a terminal)")
    .option("--json", "write one JSON object with texts, tokens and log-probabilities");
}

/** Generates text. */
export async function generateCommand(args: readonly string[], output: GenerateOutput = TERMINAL): Promise<void> {
  const parsed = parseWithCommander(commandOf(), args);
  if (parsed.kind === "help") return output.print(parsed.text.trimEnd());
  const options = parsed.options as unknown as Options;
  const [source, argument] = parsed.positional;
  const maxTokens = readInteger("--max-tokens", options.maxTokens, 1, 10_000_000);
  const count = readInteger("--count", options.count, 1, 1000);
  const logprobs = options.logprobs === undefined ? 0 : readInteger("--logprobs", options.logprobs, 0, 1000);
  const given = readSamplingOptions(parsed.options);
  const skipping = readSkippingOptions(parsed.options);
  const where = readDeviceOptions(parsed.options);
  const constrain = await constraintOf(options);
  const prompt = await promptOf(argument, options.file);
  const signal = stopSignal();
  await using model = await openForInference(source!, options.model, { ...options, ...where, batch: count });
  if (options.gates) checkGates(model);
  checkSkipping(skipping, model);
  const ids = promptIds(model, prompt, options);
  const sampling = { ...defaultSampling(model.generation), ...given };
  const began = performance.now();
  const request = (i: number): GenerationRequest => ({
    prompt: ids,
    maxTokens,
    sampling: { ...sampling, seed: (sampling.seed ?? 0) + i },
    stop: options.stop,
    ...(options.json ? { logprobs } : {}), // they take time
    ...(options.gates ? { gates: "generated" } : {}),
    ...skipping,
    signal,
    ...constrain?.(model),
  });
  const streams = count === 1 && !options.json;
  const colors = options.gates ? Array.from({ length: count }, () => gateColors(model.gates!, output.colored)) : [];
  const texts = await Promise.all(
    Array.from(
      { length: count },
      (_, i) => readText(model, request(i), began, streams ? output.write : () => {}, colors[i]),
    ),
  );
  if (options.json) output.print(jsonLine(asJson(model, prompt, texts)));
  else if (streams) output.write(texts[0]!.text.endsWith("\n") ? "" : "\n");
  else texts.forEach(({ painted }, i) => output.print(`--- ${i + 1} ---\n${painted}`));
  if (!options.json) {
    colors.forEach((one) => output.note(one.legend()));
    const skipped = skippingText(model, texts);
    if (skipped !== undefined) output.note(skipped);
  }
  if (options.stats ?? (output.isTerminal && !options.json)) output.note(statistics(texts, performance.now() - began));
}

interface Text extends Generation {
  readonly tokens: readonly GeneratedToken[];
  /** Milliseconds from the request to the first token. */
  readonly first: number;
  /** The text in the models' colors, if it is colored. */
  readonly painted: string;
}

/** Generates one text, and hands on each part of it. */
async function readText(
  { engine }: InferenceModel,
  request: GenerationRequest,
  began: number,
  write: (text: string) => void,
  colors?: GateColors,
): Promise<Text> {
  const tokens: GeneratedToken[] = [];
  const stream = engine.generate(request);
  let first = NaN;
  let [text, painted] = ["", ""];
  for (;;) {
    const next = await stream.next();
    const piece = colors?.paint(next.value.text, next.done ? undefined : next.value.gates) ?? next.value.text;
    text += next.value.text;
    painted += piece;
    write(piece);
    if (next.done) return { ...next.value, text, painted, tokens, first };
    if (tokens.push(next.value) === 1) first = performance.now() - began;
  }
}

/** @throws UserError `generate.prompt` */
async function promptOf(argument: string | undefined, file: string | undefined): Promise<string> {
  if (argument !== undefined && file !== undefined) {
    throw new UserError("generate.prompt", "There are two prompts: an argument and --file", "give one of them");
  }
  const prompt = argument ?? (file === undefined ? await readInput() : await readTextFile(file, "generate.prompt"));
  if (prompt.trim() !== "") return prompt;
  throw new UserError(
    "generate.prompt",
    "The prompt is empty",
    'give a text: deno task generate last "Once upon a time"',
  );
}

async function readInput(): Promise<string> {
  if (!Deno.stdin.isTerminal()) return await new Response(Deno.stdin.readable).text();
  throw new UserError(
    "generate.prompt",
    "There is no prompt",
    'give it as an argument, with --file, or on stdin: deno task generate last "Once upon a time"',
  );
}

/** Makes a model's constraint from the options; undefined without one. */
async function constraintOf(
  { schema, regex }: Options,
): Promise<((model: InferenceModel) => { readonly constraint: TokenConstraint }) | undefined> {
  if (schema !== undefined && regex !== undefined) {
    throw new UserError("generate.constraint", "A text has one constraint: --schema or --regex", "leave one out");
  }
  const of = ({ tokenizer, ends, model }: InferenceModel) =>
    constraints(tokenizer, [...new Set([tokenizer.endOfText, ...ends])], model.vocabSize);
  if (regex !== undefined) return (model) => ({ constraint: of(model).regularExpression(regex) });
  if (schema === undefined) return undefined;
  const text = await readTextFile(schema, "generate.constraint");
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new UserError("generate.constraint", `${schema} is not JSON: ${(error as Error).message}`);
  }
  return (model) => ({ constraint: of(model).jsonSchema(read) });
}

/** @throws UserError `generate.chat` if the model has no chat template */
function promptIds(model: InferenceModel, prompt: string, { chat, system }: Options): number[] {
  const { tokenizer, opening } = model;
  if (chat === undefined && system === undefined) return [...opening, ...tokenizer.encode(prompt)];
  if (model.chat === undefined) {
    throw new UserError(
      "generate.chat",
      `${model.name ?? model.source} has no chat template, so it was not told how conversations are written`,
      "leave out --chat and --system, and write the prompt as the model knows it",
    );
  }
  const messages = [
    ...(system === undefined ? [] : [{ role: "system", content: system }]),
    { role: "user", content: prompt },
  ];
  return tokenizer.encode(renderChat(model.chat, messages, { addGenerationPrompt: true }));
}

function asJson({ source, name, tokenizer, gates: weighed }: InferenceModel, prompt: string, texts: readonly Text[]) {
  const withGates = texts.some(({ tokens }) => tokens[0]?.gates !== undefined);
  const one = ({ id, logprob, top, gates }: GeneratedToken) => ({
    id,
    text: tokenizer.decode([id], { specialTokens: true }),
    logprob,
    ...(gates === undefined ? {} : { gates }),
    ...(top.length === 0 ? {} : {
      top: top.map(({ id, logprob }) => ({ id, text: tokenizer.decode([id], { specialTokens: true }), logprob })),
    }),
  });
  return {
    source,
    ...(name === undefined ? {} : { model: name }),
    prompt,
    promptTokens: texts[0]!.promptTokens,
    ...(withGates ? { gates: weighed } : {}),
    texts: texts.map(({ text, finish, tokens, run }) => ({
      text,
      finish,
      ...(run === undefined ? {} : { run: runByName(run, weighed!) }),
      tokens: tokens.map(one),
    })),
  };
}

/** `38 tokens at 41.3 tokens/s, the first after 120 ms (prompt of 12 tokens)`. */
function statistics(texts: readonly Text[], milliseconds: number): string {
  const tokens = texts.reduce((sum, { generatedTokens }) => sum + generatedTokens, 0);
  const first = Math.min(...texts.map(({ first }) => first));
  const later = tokens - texts.filter(({ tokens }) => tokens.length > 0).length;
  const speed = later > 0 ? ` at ${(later / (milliseconds - first) * 1000).toPrecision(3)} tokens/s` : "";
  const began = Number.isFinite(first) ? `, the first after ${Math.round(first)} ms` : "";
  return `${tokens} ${tokens === 1 ? "token" : "tokens"}${speed}${began} (prompt of ${texts[0]!.promptTokens} tokens)`;
}
