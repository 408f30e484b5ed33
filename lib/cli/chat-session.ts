// A conversation with a model: its messages, what the commands do to it, and the answers.
import { basename } from "node:path";
import { didYouMean, explainError, UserError } from "../errors.ts";
import { type ChatMessage, renderChat } from "../huggingface/mod.ts";
import type { SamplingSettings, SkippingSettings } from "../infer/mod.ts";
import type { InferenceModel } from "../library/mod.ts";
import { gateColors } from "./gate-colors.ts";
import { defaultSampling, optionOf, readSamplingOptions, samplingNames } from "./sampling-options.ts";
import { checkSkipping, readSkippingOptions, skippingText } from "./skipping-options.ts";

/** What a conversation needs from outside. */
export interface ChatHost {
  /** Opens another model of the run; the caller of {@linkcode chatSession} keeps the first. */
  open(name: string): Promise<InferenceModel>;
  /**
   * Writes a line behind those of a file of conversations.
   *
   * @param earlier the line that it takes the place of, if the file still ends with it
   */
  save(path: string, line: string, earlier: string | undefined): Promise<void>;
  /** Writes a part of an answer. */
  write(text: string): void;
  /** Says something that is not part of an answer. */
  say(text: string): void;
}

export interface ChatOptions {
  readonly system: string | undefined;
  /** What the command line asks for; a model's defaults are below it. */
  readonly sampling: SamplingSettings;
  /** When experts rest; of no effect for models without any that may. */
  readonly skipping?: { readonly skip?: SkippingSettings };
  readonly maxTokens: number;
  /** Whether answers are colored by the model that speaks at each token, and the colors explained. */
  readonly gates?: { readonly colored: boolean } | undefined;
}

export interface ChatSession extends AsyncDisposable {
  /**
   * Takes a line: a command if it begins with `/`, otherwise a message, which is answered. What is wrong with it is said,
   * and changes nothing.
   *
   * @param signal ends the answer; what was written of it is kept
   * @returns false if the conversation is over
   */
  take(line: string, signal?: AbortSignal): Promise<boolean>;
}

interface Command {
  readonly usage: string;
  readonly help: string;
  run(rest: string): Promise<boolean | void> | boolean | void;
}

/** What `/set` sets. */
const SETTINGS = [...samplingNames, "maxTokens", "skip"];

/** Starts a conversation. */
export function chatSession(first: InferenceModel, options: ChatOptions, host: ChatHost): ChatSession {
  let model = first;
  let own: InferenceModel | undefined; // a model that was opened here
  let system = options.system;
  let sampling = options.sampling;
  let { maxTokens, skipping } = options;
  let turns: ChatMessage[] = [];
  /** What was written of this conversation, by file. */
  const saved = new Map<string, string>();

  const messages = (): ChatMessage[] => [
    ...(system === undefined || system === "" ? [] : [{ role: "system", content: system }]),
    ...turns,
  ];

  async function answer(text: string, signal?: AbortSignal): Promise<void> {
    turns.push({ role: "user", content: text });
    let written = "";
    try {
      const prompt = promptIds(model, messages());
      checkRoom(model, prompt.length);
      const colors = options.gates && model.gates && gateColors(model.gates, options.gates.colored);
      const began = performance.now();
      const stream = model.engine.generate({
        prompt,
        maxTokens,
        sampling: { ...defaultSampling(model.generation), ...sampling },
        ...(signal === undefined ? {} : { signal }),
        ...(colors === undefined ? {} : { gates: "generated" }),
        ...(model.model.canRest ? skipping : {}),
      });
      let firstAt = NaN;
      for (;;) {
        const next = await stream.next();
        written += next.value.text;
        host.write(colors?.paint(next.value.text, next.done ? undefined : next.value.gates) ?? next.value.text);
        if (Number.isNaN(firstAt)) firstAt = performance.now();
        if (!next.done) continue;
        host.write(written.endsWith("\n") ? "" : "\n");
        if (colors !== undefined) host.say(colors.legend());
        const skipped = skippingText(model, [next.value]);
        if (skipped !== undefined) host.say(skipped);
        host.say(speedOf(next.value.generatedTokens, firstAt - began, performance.now() - firstAt, next.value.finish));
        break;
      }
      turns.push({ role: "assistant", content: written });
    } catch (error) {
      turns.pop();
      throw error;
    }
  }

  const commands: Readonly<Record<string, Command>> = {
    help: {
      usage: "/help",
      help: "lists the commands",
      run: () => host.say(Object.values(commands).map(({ usage, help }) => `${usage.padEnd(22)}${help}`).join("\n")),
    },
    model: {
      usage: "/model [name]",
      help: "switches to another model of the run, or says which one is answering",
      async run(name) {
        if (name === "") return host.say(nameOf(model));
        const opened = await host.open(name);
        await own?.[Symbol.asyncDispose]();
        [model, own] = [opened, opened];
        const plain = options.gates !== undefined && model.gates === undefined;
        host.say(`${nameOf(model)} answers from now on${plain ? ", without colors: it weighs no other models" : ""}`);
      },
    },
    system: {
      usage: "/system [text]",
      help: "sets the system message, or removes it",
      run(text) {
        system = text === "" ? undefined : text;
        host.say(text === "" ? "There is no system message now" : "The system message is set");
      },
    },
    set: {
      usage: "/set <name> <number>",
      help: `sets ${SETTINGS.map((name) => optionOf(name).slice(2)).join(", ")}`,
      run(text) {
        const [name = "", value = ""] = text.split(/\s+/);
        const key = SETTINGS.find((one) => one === name || optionOf(one) === `--${name}`);
        if (key === undefined) {
          const names = SETTINGS.map((one) => optionOf(one).slice(2));
          throw new UserError(
            "chat.setting",
            name === "" ? "/set takes a setting and a number" : `There is no setting "${name}"`,
            didYouMean(name, names, "", names.join(", ")),
          );
        }
        if (key === "maxTokens") maxTokens = readTokens(value);
        else if (key === "skip") {
          const { every } = skipping?.skip ?? {};
          const read = readSkippingOptions({ skip: value, ...(every === undefined ? {} : { skipEvery: every }) });
          checkSkipping(read, model);
          skipping = read;
        } else sampling = { ...sampling, ...readSamplingOptions({ [key]: value }) };
        host.say(`${optionOf(key).slice(2)} is ${value} now`);
      },
    },
    drop: {
      usage: "/drop",
      help: "forgets the oldest question and its answer",
      run() {
        if (turns.length === 0) return host.say("There is nothing to forget");
        turns = turns.slice(2);
        host.say(turns.length === 2 ? "1 question is left" : `${turns.length / 2} questions are left`);
      },
    },
    reset: {
      usage: "/reset",
      help: "forgets the conversation, but not the system message",
      run() {
        turns = [];
        saved.clear();
        host.say("The conversation starts over");
      },
    },
    save: {
      usage: "/save <file>",
      help: "adds the conversation to a file, as a line of JSON as training reads it",
      async run(path) {
        if (path === "") throw new UserError("chat.save", "/save needs a file", "write /save chat.jsonl");
        if (turns.length === 0) throw new UserError("chat.save", "There is nothing to save yet");
        const line = `${JSON.stringify({ messages: messages() })}\n`;
        await host.save(path, line, saved.get(path));
        saved.set(path, line);
        host.say(`Saved: ${path}`);
      },
    },
    quit: { usage: "/quit", help: "ends the conversation", run: () => false },
  };

  return {
    async take(line, signal) {
      const text = line.trim();
      try {
        if (text === "") return true;
        if (!text.startsWith("/")) {
          await answer(text, signal);
          return true;
        }
        const [, name, rest] = /^\/(\S*)\s*([^]*)$/.exec(text)!;
        if (!Object.hasOwn(commands, name!)) {
          const names = Object.keys(commands);
          throw new UserError(
            "chat.command",
            `There is no command /${name}`,
            didYouMean(name!, names, "/", "/help lists them"),
          );
        }
        return await commands[name!]!.run(rest!) !== false;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        host.say(explainError(error));
        return true;
      }
    },
    async [Symbol.asyncDispose]() {
      await own?.[Symbol.asyncDispose]();
    },
  };
}

/** What a model is called: its name in the run, or its file or folder. */
export const nameOf = ({ name, source }: InferenceModel): string => name ?? basename(source);

/**
 * The conversation as the model reads it. A model without a template was not told how conversations are written: it
 * continues their text, one message after another.
 */
function promptIds({ chat, tokenizer, opening }: InferenceModel, messages: readonly ChatMessage[]): number[] {
  if (chat !== undefined) return tokenizer.encode(renderChat(chat, messages, { addGenerationPrompt: true }));
  return [...opening, ...tokenizer.encode(messages.map(({ content }) => `${content}\n`).join(""))];
}

/** @throws UserError `chat.context` */
function checkRoom({ model: { contextLength } }: InferenceModel, tokens: number): void {
  if (tokens < contextLength) return;
  throw new UserError(
    "chat.context",
    `The conversation has ${tokens} tokens, and the model takes ${contextLength} with its answer`,
    "/drop forgets the oldest question, /reset starts over",
  );
}

function readTokens(text: string): number {
  const value = Number(text);
  if (text !== "" && Number.isInteger(value) && value > 0) return value;
  throw new UserError("chat.setting", `max-tokens cannot be "${text}": expected a positive whole number`);
}

/** `[31 tokens, 42.1 tokens/s, the first after 130 ms]`. */
function speedOf(tokens: number, first: number, later: number, finish: string): string {
  const parts = [
    `${tokens} ${tokens === 1 ? "token" : "tokens"}`,
    ...(tokens > 1 ? [`${((tokens - 1) / later * 1000).toPrecision(3)} tokens/s`] : []),
    `the first after ${Math.round(first)} ms`,
    ...(finish === "length" ? ["cut at the limit: /set max-tokens for more"] : []),
    ...(finish === "cancelled" ? ["interrupted"] : []),
  ];
  return `[${parts.join(", ")}]`;
}
