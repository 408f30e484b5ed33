// Turns the messages of a record into a document.
import { UserError } from "../../errors.ts";
import type { Chat, ChatRenderer, Document, Message } from "../types.ts";
import type { LoadOptions } from "./options.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Code of the error for conversations that no template can write: it is about all of them. */
export const NO_TEMPLATE = "data.no-template";

/**
 * A conversation as text, in the format of a chat template.
 *
 * @param where file, place and field, for messages
 * @param tools the record's tools, if it has any
 * @throws UserError naming the message and what is wrong with it; without a template; for a conversation that it refuses, or
 *   in which nothing would be trained on
 */
export function conversation(
  list: readonly unknown[],
  tools: unknown,
  where: string,
  { loss = "assistant", chat }: Pick<LoadOptions, "loss" | "chat">,
): Pick<Document, "text"> & { readonly chat: Chat } {
  const messages = list.map((one, i) => message(decoded(one, where), `${where}, message ${i + 1}`));
  if (messages.length === 0) throw bad(`${where} has no messages`);
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) {
    throw bad(`${where} is beside a field "tools" that is no list`);
  }
  if (chat === undefined) {
    throw new UserError(
      NO_TEMPLATE,
      `${where} is a conversation, but the tokenizer has no chat template to write it with`,
      "take the seed from a checkpoint with a chat template (pretrained.seed), or name a template: a Jinja file or chatml, " +
        "such as data.template=chatml",
    );
  }
  const { text, answers } = rendered(chat, messages, decoded(tools, where) as unknown[] | undefined, where, loss);
  if (!text.isWellFormed() || text.includes("\0")) {
    throw bad(`${where} has half of a surrogate pair or a NUL character`);
  }
  const scored = loss === "all" ? [[0, text.length] as const] : answers;
  if (scored.every(([from, to]) => from >= to)) {
    throw bad(
      `${where} has no message of the assistant, so nothing of it would be trained on`,
      "remove the record, skip such records with data.skipBad=true, or train on all words with data.loss=all",
    );
  }
  const first = messages.find(({ role }) => role !== "system");
  return { text, chat: { scored, opening: Math.max(0, text.indexOf(first?.content?.trim() ?? "")) } };
}

function rendered(
  chat: ChatRenderer,
  messages: readonly Message[],
  tools: readonly unknown[] | undefined,
  where: string,
  loss: "assistant" | "all",
): ReturnType<ChatRenderer["answers"]> {
  try {
    return loss === "all" ? { text: chat.text(messages, tools), answers: [] } : chat.answers(messages, tools);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError("data.bad-conversation", `${where}: ${error.message}`, error.hint);
  }
}

/** Checks a message; one that only calls tools may be without content. */
function message(value: unknown, where: string): Message {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(`${where} is no object`);
  const { role, content, ...more } = value as Readonly<Record<string, unknown>>;
  if (typeof role !== "string" || role === "") {
    const keys = Object.keys(value);
    throw bad(`${where} has no "role" of text: it has ${keys.slice(0, 8).join(", ") || "nothing"}`);
  }
  const isCall = (content === null || content === undefined) && Array.isArray(more["tool_calls"]);
  if (typeof content !== "string" && !isCall) throw bad(`${where} (${role}) has no "content" of text`);
  return { ...more, role, content: isCall ? null : content as string };
}

/** Parquet's texts are bytes until they are known to be needed. */
function decoded(value: unknown, where: string): unknown {
  if (value instanceof Uint8Array) return decodeUtf8(value, where);
  if (Array.isArray(value)) return value.map((one) => decoded(one, where));
  if (typeof value !== "object" || value === null) return value ?? undefined;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, decoded(one, where)]));
}

function bad(what: string, hint?: string): UserError {
  return new UserError(
    "data.bad-conversation",
    what,
    hint ??
      'expected [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]; data.skipBad=true skips ' +
        "such records",
  );
}
