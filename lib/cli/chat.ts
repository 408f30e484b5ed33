// `deno task chat <run|model>`: a conversation in the terminal.
import { createInterface } from "node:readline";
import process from "node:process";
import { Command, Option } from "commander";
import { type InferenceOptions, openForInference, settledSource } from "../library/mod.ts";
import { WEIGHT_FORMATS } from "../model/mod.ts";
import { defaultRunsFolder, parseWithCommander, readInteger } from "../run/mod.ts";
import { chatSession, nameOf } from "./chat-session.ts";
import type { Print } from "./command.ts";
import { saveConversation } from "./save-conversation.ts";
import { checkGates } from "./gate-colors.ts";
import { addDeviceOptions, readDeviceOptions } from "./device-options.ts";
import { addSamplingOptions, readSamplingOptions } from "./sampling-options.ts";
import { addSkippingOptions, checkSkipping, readSkippingOptions } from "./skipping-options.ts";

interface Options extends Pick<InferenceOptions, "weights"> {
  readonly model?: string;
  readonly system?: string;
  readonly maxTokens: string;
  readonly gates?: true;
  readonly runs: string;
}

function commandOf(): Command {
  const command = new Command("chat")
    .description(
      "A conversation with a model of a run, or with a checkpoint, in the terminal. /help lists what can be done; a line " +
        "that ends with a backslash continues on the next; Ctrl-C interrupts an answer, and ends the conversation where " +
        "there is none.",
    )
    .argument("<run|model>", "id or name of a run, or last; or a checkpoint: a folder, a .gguf file, an id on the hub")
    .option("--model <name>", "model of the run, as in its results (default: bts)")
    .option("--system <text>", "the system message")
    .option("--max-tokens <count>", "most tokens of an answer", "512")
    .option("--gates", "color each token by the model that speaks");
  return addDeviceOptions(addSkippingOptions(addSamplingOptions(command)))
    .addOption(new Option("--weights <format>", "how weights are held in memory").choices(WEIGHT_FORMATS))
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder());
}

/** Holds a conversation until stdin ends or it is left. */
export async function chatCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const parsed = parseWithCommander(commandOf(), args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const options = parsed.options as unknown as Options;
  const source = await settledSource(parsed.positional[0]!, { runs: options.runs });
  const maxTokens = readInteger("--max-tokens", options.maxTokens, 1, 10_000_000);
  const sampling = readSamplingOptions(parsed.options);
  const skipping = readSkippingOptions(parsed.options);
  const where = readDeviceOptions(parsed.options);
  const open = (name?: string) => openForInference(source, name, { ...options, ...where, batch: 1 });
  await using model = await open(options.model);
  if (options.gates) checkGates(model);
  checkSkipping(skipping, model);
  const gates = options.gates && { colored: isColored() };
  await using session = chatSession(model, { system: options.system, sampling, skipping, maxTokens, gates }, {
    open,
    save: saveConversation,
    write: (text) => void process.stdout.write(text),
    say: (text) => print(dim(text)),
  });
  print(dim(`${nameOf(model)}: /help lists the commands`));
  if (model.chat === undefined) print(dim("It has no chat template, so it continues the text of the conversation."));
  await readLines((line, signal) => session.take(line, signal));
}

/** Reads lines until the end of stdin, until `take` says so, or until Ctrl-C where nothing is being written. */
async function readLines(take: (line: string, signal: AbortSignal) => Promise<boolean>): Promise<void> {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal,
    prompt: terminal ? "> " : "",
  });
  let answering: AbortController | undefined;
  let ended = false; // before the lines that were read are taken
  lines.on("close", () => ended = true);
  lines.on("SIGINT", () => answering === undefined ? lines.close() : answering.abort());
  let begun = "";
  lines.prompt();
  for await (const line of lines) {
    begun += line;
    if (begun.endsWith("\\")) {
      begun = `${begun.slice(0, -1)}\n`;
      continue;
    }
    answering = new AbortController();
    const goesOn = await take(begun, answering.signal);
    answering = undefined;
    begun = "";
    if (!goesOn) break;
    if (!ended) lines.prompt();
  }
  lines.close();
}

const isColored = () => !Deno.noColor && Deno.stdout.isTerminal();

const dim = (text: string) => isColored() ? `\x1b[2m${text}\x1b[22m` : text;
