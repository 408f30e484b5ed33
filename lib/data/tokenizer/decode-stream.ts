// Text from ids that arrive one by one.
import type { Tokenizer } from "../types.ts";

/** Turns ids into text as they arrive. */
export interface DecodeStream {
  /** The text that an id adds: empty until a character is complete. */
  push(id: number): string;
  /** The text of ids that are still held back, such as a part of a character: U+FFFD for what is missing. */
  end(): string;
}

/**
 * Decodes ids one by one, in the steps of Python's `DecodeStream`; the texts join to that of `decode()`. A window of ids is
 * decoded each time, because a token's text may depend on its neighbors.
 */
export function decodeStream(
  tokenizer: Pick<Tokenizer, "decode">,
  options?: Parameters<Tokenizer["decode"]>[1],
): DecodeStream {
  const decode = (ids: readonly number[]) => tokenizer.decode(ids, options);
  /** Ids whose text was returned last, and ids that are held back. */
  let ids: number[] = [];
  /** The text of the former, and how many they are. */
  let shown = "";
  let count = 0;
  const rest = (text: string) => text.startsWith(shown) ? text.slice(shown.length) : decode(ids.slice(count));
  return {
    push(id) {
      if (shown === "" && ids.length > 0) {
        const text = decode(ids);
        if (!text.endsWith("\uFFFD")) [shown, count] = [text, ids.length];
      }
      ids.push(id);
      const text = decode(ids);
      if (text.length <= shown.length || text.endsWith("\uFFFD")) return "";
      const added = rest(text);
      const kept = ids.length - count;
      ids = ids.slice(count);
      shown = decode(ids);
      count = kept;
      return added;
    },
    end() {
      const added = rest(decode(ids));
      [ids, shown, count] = [[], "", 0];
      return added;
    },
  };
}
