// Cuts a conversation into windows of tokens, of which the assistant's are scored.
import { byteLength, type Chat, encodeScored, type Tokenizer } from "../data/mod.ts";

/** A stretch of a conversation. */
export interface ConversationWindow {
  /** At most one more than the longest window. After the first window, the first is the last of the window before. */
  readonly tokens: Int32Array;
  /** For each token 1 if it is scored, else 0. */
  readonly scored: Uint8Array;
  /** UTF-8 bytes of the text that is scored, as the template writes it. */
  readonly bytes: number;
}

/**
 * Cuts a conversation into windows of about the same length; those without a scored token are left out. The bytes of a
 * scored part of the text that two windows share are divided among them by tokens.
 *
 * @param time the most tokens of a window that may be scored
 */
export function cutConversation(text: string, chat: Chat, tokenizer: Tokenizer, time: number): ConversationWindow[] {
  const { ids, scored } = encodeScored(text, chat.scored, tokenizer);
  const total = scored.reduce((sum, one) => sum + one, 0);
  const first = chat.scored[0]?.[0] === 0 ? byteLength(tokenizer.decode(ids.slice(0, 1), { specialTokens: true })) : 0;
  const bytes = chat.scored.reduce((sum, [from, to]) => sum + byteLength(text.slice(from, to)), -first);
  const size = Math.ceil((ids.length - 1) / Math.ceil((ids.length - 1) / time));
  const windows: ConversationWindow[] = [];
  /** Scored tokens and bytes in the windows so far. */
  let [done, counted] = [0, 0];
  for (let at = 0; at < ids.length - 1; at += size) {
    const own = scored.slice(at, at + size + 1);
    if (at > 0) own[0] = 0;
    const count = own.reduce((sum, one) => sum + one, 0);
    if (count === 0) continue;
    done += count;
    const through = Math.round(bytes * done / total);
    windows.push({ tokens: Int32Array.from(ids.slice(at, at + size + 1)), scored: own, bytes: through - counted });
    counted = through;
  }
  return windows;
}
