// Where the assistant's words are in the text of a conversation: what a model learns to write.
import { UserError } from "../errors.ts";
import { type ChatMessage, type ChatTemplate, renderChat, type RenderOptions } from "./chat-template.ts";

/** The text of a conversation, and the assistant's part of it. */
export interface RenderedAnswers {
  readonly text: string;
  /** From and to, in UTF-16 units, ascending. */
  readonly answers: readonly (readonly [from: number, to: number])[];
}

const GENERATION = /\{%(-?)\s*(end)?generation\s*(-?)%\}/g;

/**
 * Renders a conversation and finds the assistant's words in it.
 *
 * - A template with `{% generation %}` says itself what they are, as for `return_assistant_tokens_mask` of Python's
 *   transformers.
 * - Otherwise they are what a message of the assistant adds to the messages before it and the generation prompt, with the end
 *   of its turn. Where a template writes earlier turns in another way once the conversation goes on, such as without their
 *   thoughts, it is the part of the text that depends on the message, and the end of the turn.
 *
 * @throws UserError `chat.answers` when they cannot be told from the rest, and as {@linkcode renderChat} does
 */
export function renderAnswers(
  chat: ChatTemplate,
  messages: readonly ChatMessage[],
  options: Pick<RenderOptions, "tools"> = {},
): RenderedAnswers {
  const text = renderChat(chat, messages, options);
  const render = (some: readonly ChatMessage[], addGenerationPrompt = false) =>
    renderChat(chat, some, { ...options, addGenerationPrompt });
  const mark = unusedCharacter([text, chat.template]);
  if (chat.template.search(GENERATION) >= 0) {
    const marked = renderChat({ ...chat, template: withMarks(chat.template, mark) }, messages, options);
    return { text, answers: betweenMarks(marked, mark, text) };
  }
  const answers = messages.flatMap(({ role }, i) =>
    role === "assistant" ? [added(render, messages, i, text, mark)] : []
  );
  return { text, answers };
}

/** A character for private use that is in none of the texts. */
function unusedCharacter(texts: readonly string[]): string {
  for (let code = 0xe000;; code++) {
    const character = String.fromCharCode(code);
    if (!texts.some((text) => text.includes(character))) return character;
  }
}

/** Writes a mark at both ends of what the template generates; blanks around the tags are trimmed as before. */
function withMarks(template: string, mark: string): string {
  return template.replaceAll(
    GENERATION,
    (_, before: string, _end, after: string) => `{%${before} if true %}{{ "${mark}" }}{% endif ${after}%}`,
  );
}

function betweenMarks(marked: string, mark: string, text: string): (readonly [number, number])[] {
  const parts = marked.split(mark);
  if (parts.join("") !== text || parts.length % 2 === 0) throw cannotTell("its {% generation %} blocks are not closed");
  const answers: (readonly [number, number])[] = [];
  let at = 0;
  parts.forEach((part, i) => {
    if (i % 2 === 1 && part !== "") answers.push([at, at + part.length]);
    at += part.length;
  });
  return answers;
}

/** What message `i` adds to the text. */
function added(
  render: (messages: readonly ChatMessage[], addGenerationPrompt?: boolean) => string,
  messages: readonly ChatMessage[],
  i: number,
  text: string,
  mark: string,
): readonly [number, number] {
  const before = i === 0 ? undefined : render(messages.slice(0, i), true);
  const through = i === messages.length - 1 ? text : render(messages.slice(0, i + 1));
  const start = before !== undefined && text.startsWith(before) ? before.length : undefined;
  const end = text.startsWith(through) ? through.length : undefined;
  if (start !== undefined && end !== undefined && end >= start) return [start, end];
  // Another message in its place shows where it stands.
  const other = { ...messages[i]!, content: mark };
  const [head, tail] = render(messages.with(i, other)).split(mark);
  const [, close] = render([...messages.slice(0, i), other]).split(mark);
  const why = `message ${i + 1} of ${messages.length} is written in another way when the conversation goes on`;
  if (head === undefined || tail === undefined || close === undefined) throw cannotTell(why);
  const contentEnd = text.length - tail.length;
  const closed = [close, close.trimEnd()].find((ending) => text.startsWith(ending, contentEnd));
  const to = end ?? (closed === undefined ? undefined : contentEnd + closed.length);
  const from = start ?? (text.startsWith(head) ? beginOf(head, before, messages[i - 1]) : undefined);
  if (from === undefined || to === undefined || !text.endsWith(tail) || from > to) throw cannotTell(why);
  return [from, to];
}

/** How many characters of what a prompt ends with are looked for. */
const PROMPT_END = 6;

/**
 * Where a message begins that stands after `head`: the template may write something of its own before the message's words, such
 * as empty thoughts.
 *
 * @param prompt the messages before it, as the template writes them if nothing follows
 */
function beginOf(head: string, prompt: string | undefined, previous: ChatMessage | undefined): number {
  const words = previous?.content?.trim() ?? "";
  const ending = prompt?.slice(-PROMPT_END) ?? "";
  const begin = head.lastIndexOf(ending) + ending.length;
  return ending !== "" && begin >= Math.max(ending.length, head.lastIndexOf(words) + words.length)
    ? begin
    : head.length;
}

function cannotTell(why: string): UserError {
  return new UserError(
    "chat.answers",
    `The model's chat template does not show which words are the assistant's: ${why}`,
    "put {% generation %} and {% endgeneration %} around them in a copy of the template, and name it with data.template; " +
      "or use data.loss=all",
  );
}
