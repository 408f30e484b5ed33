// Chat templates: conversations as the text that a model was trained on.
import { UserError } from "../errors.ts";
import {
  Environment,
  type JinjaDialect,
  JinjaLimitError,
  type JinjaProgram,
  parseJinja,
  pythonText,
  renderJinja,
  toPlain,
} from "../jinja/mod.ts";
import { exists, readBytes, readJson } from "./files.ts";
import { strftime } from "./strftime.ts";

/** One message; a template may read further keys than these. */
export interface ChatMessage {
  /** `system`, `user`, `assistant`, or another that the template knows. */
  readonly role: string;
  /** Null in a message that only calls tools. */
  readonly content: string | null;
  readonly [key: string]: unknown;
}

/** A checkpoint's chat template. */
export interface ChatTemplate {
  /** In Jinja. */
  readonly template: string;
  /** Special tokens by the names that templates give them: `bos_token`, `eos_token`, … */
  readonly tokens: Readonly<Record<string, string>>;
}

const TOKENS = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/**
 * The chat template of a Hugging Face folder: `chat_template.jinja`, or else `chat_template` in `tokenizer_config.json`, of
 * several there the one named `default`.
 *
 * @returns undefined if it has none
 * @throws UserError for files that cannot be read
 */
export async function readChatTemplate(folder: string): Promise<ChatTemplate | undefined> {
  const path = `${folder}/tokenizer_config.json`;
  const settings = await exists(path) ? await readJson(path) : {};
  const file = `${folder}/chat_template.jinja`;
  const template = await exists(file)
    ? new TextDecoder().decode(await readBytes(file))
    : defaultTemplate(settings["chat_template"]);
  if (template === undefined) return undefined;
  const map = `${folder}/special_tokens_map.json`;
  const all = { ...(await exists(map) ? await readJson(map) : {}), ...settings };
  const tokens = TOKENS.flatMap((name) => {
    const token = tokenText(all[name]);
    return token === undefined ? [] : [[name, token] as const];
  });
  return { template, tokens: Object.fromEntries(tokens) };
}

/** `chat_template` is a text, or a list of `{ name, template }`. */
function defaultTemplate(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const found: unknown = value.find((one) => one?.name === "default")?.template;
  return typeof found === "string" ? found : undefined;
}

/** A token is a text, or an object with the text in `content`. */
function tokenText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  const content = (value as { readonly content?: unknown } | null | undefined)?.content;
  return typeof content === "string" ? content : undefined;
}

/** How to render a conversation. */
export interface RenderOptions {
  /** Whether the text ends with the beginning of the assistant's next message. @default false */
  readonly addGenerationPrompt?: boolean;
  /** JSON schemas of the tools that the model may call. */
  readonly tools?: readonly unknown[] | undefined;
}

/**
 * The text of a conversation, as `apply_chat_template(messages, tokenize=False)` of Python's transformers gives it, without
 * documents. It has the special tokens that the template writes; when it is tokenized, none are added.
 *
 * @throws UserError `chat.refused` for a conversation that the template refuses (`raise_exception`) or cannot render,
 *   `chat.empty`, and `chat.template` for a template that is not Jinja
 */
export function renderChat(
  { template, tokens }: ChatTemplate,
  messages: readonly ChatMessage[],
  { addGenerationPrompt = false, tools }: RenderOptions = {},
): string {
  if (messages.length === 0) throw new UserError("chat.empty", "Cannot render a conversation without messages");
  const program = compiled(template);
  // Like transformers, leaves out keys without a value: templates ask whether a key is there.
  const given = messages.map((message) =>
    Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null && value !== undefined))
  );
  const environment = new Environment();
  const variables = {
    ...GLOBALS,
    ...tokens,
    messages: given,
    tools: tools ?? null,
    documents: null,
    add_generation_prompt: addGenerationPrompt,
  };
  for (const [name, value] of Object.entries(variables)) environment.set(name, value);
  try {
    return renderJinja(program, environment, AS_TRANSFORMERS);
  } catch (error) {
    if (error instanceof JinjaLimitError) {
      throw new UserError("chat.template", `The model's chat template ${error.message}`, "check its loops");
    }
    throw failure(
      "chat.refused",
      "The model's chat template refuses the conversation",
      error,
      "check the roles and the order of its messages",
    );
  }
}

/** The longest range of Jinja2's sandbox. */
const LONGEST_RANGE = 100_000;

/** What templates find besides the conversation. */
const GLOBALS = {
  True: true,
  False: false,
  None: null,
  true: true,
  false: false,
  none: null,
  raise_exception(message: unknown): never {
    throw new Error(String(message));
  },
  strftime_now: (format: unknown) => strftime(new Date(), String(format)),
  range,
};

/** Python's `range()`, as long as Jinja2's sandbox lets it be. */
function range(...bounds: unknown[]): number[] {
  if (bounds.length < 1 || bounds.length > 3 || !bounds.every(Number.isInteger)) {
    throw new Error("range() takes one to three whole numbers");
  }
  const [from, to, by = 1] = (bounds.length === 1 ? [0, ...bounds] : bounds) as number[];
  if (by === 0) throw new Error("range() needs a step other than 0");
  const count = Math.max(0, Math.ceil((to! - from!) / by));
  if (count > LONGEST_RANGE) {
    throw new Error(`Range too big. The sandbox blocks ranges larger than MAX_RANGE (${LONGEST_RANGE}).`);
  }
  return Array.from({ length: count }, (_, i) => from! + i * by);
}

/** Prints as Python's Jinja2 does. */
const AS_TRANSFORMERS: JinjaDialect = {
  python: true,
  print: (value) => value.type === "UndefinedValue" ? "" : pythonText(toPlain(value)),
};

/** The template that was used last, and its program: corpora have many conversations in one format. */
let last: { readonly template: string; readonly program: JinjaProgram } | undefined;

function compiled(template: string): JinjaProgram {
  if (last?.template !== template) {
    try {
      last = { template, program: parseJinja(template, { trim: true }) };
    } catch (error) {
      throw failure("chat.template", "The model's chat template cannot be read", error);
    }
  }
  return last!.program;
}

/** Jinja's errors, and those of `raise_exception` in a template, are the template's words. */
function failure(code: string, what: string, error: unknown, hint?: string): UserError {
  return new UserError(code, `${what}: ${error instanceof Error ? error.message : error}`, hint);
}
