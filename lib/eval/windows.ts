// Chooses the windows of held-out documents on which all methods are scored.
import { type Document, rankName, type Tokenizer } from "../data/mod.ts";
import { hash32 } from "../random.ts";
import { cutConversation } from "./cut-conversation.ts";
import { cutDocument, MIN_WINDOW } from "./cut-document.ts";

/** A stretch of a document that a model scores by itself. */
export interface EvaluationWindow {
  /** Index of the document among those given. */
  readonly document: number;
  /** `<|endoftext|>` and the tokens of the text, at most `time + 1`; all but the first are scored. */
  readonly tokens: Int32Array;
  /** For each token 1 if it is scored, else 0, if it is a window of a conversation. */
  readonly scored?: Uint8Array;
  /** UTF-8 bytes of the scored text. */
  readonly bytes: number;
}

/** How much to score. */
export interface WindowOptions {
  /** Maximum number of scored tokens per window: the model's context length or less. */
  readonly time: number;
  /** Maximum number of scored tokens. @default Infinity */
  readonly maxTokens?: number | undefined;
  /** Maximum number of windows. @default Infinity */
  readonly maxWindows?: number | undefined;
}

/**
 * The windows of held-out documents, in the order of the documents.
 *
 * Every window begins with `<|endoftext|>` and is scored like a document of its own: all of its text counts, without
 * context from the previous window. So all methods see the same text under the same conditions (an ensemble's posterior
 * starts uniform in each window), windows are independent, and the result depends on no stride; it is somewhat higher than
 * with overlapping windows. The windows of a document have about the same length and end between characters.
 *
 * A conversation is scored as it is trained on: its tokens are those of its text alone, and only its scored ones count.
 * Windows after the first begin with the token before their text, and windows without a scored token are left out.
 *
 * Under a budget, documents are visited in a fixed pseudo-random order, one window of each before a second of any. The
 * choice depends only on the documents, their order and the budget. There is at least one window, of up to
 * {@linkcode MIN_WINDOW} tokens if the budget is smaller.
 *
 * @throws UserError `eval.tokenizer` when the tokenizer does not give back a document's text
 *
 * @example
 * ```ts
 * import { openTokenizer, trainTokenizer } from "@stitchbook/stitchbook/data";
 * import { evaluationWindows } from "@stitchbook/stitchbook/eval";
 * import assert from "node:assert/strict";
 *
 * const tokenizer = openTokenizer(trainTokenizer([], { vocabSize: 257 })); // one token per byte
 * const text = "All of its text counts.";
 * const windows = evaluationWindows([{ id: "a", text }], tokenizer, { time: 8 });
 * assert.equal(windows.length, 3);
 * assert.equal(windows.reduce((sum, { bytes }) => sum + bytes, 0), text.length);
 * ```
 */
export function evaluationWindows(
  documents: readonly Document[],
  tokenizer: Tokenizer,
  { time, maxTokens = Infinity, maxWindows = Infinity }: WindowOptions,
): EvaluationWindow[] {
  const longest = Math.min(time, Math.max(maxTokens, MIN_WINDOW));
  const order = documents.map((_, i) => i).filter((i) => documents[i]!.text.length > 0);
  const rank = new Map(order.map((i) => [i, hash32("document", rankName(documents[i]!), i)]));
  order.sort((a, b) => rank.get(a)! - rank.get(b)! || a - b);

  // Documents are encoded lazily, so that a small budget does not encode a large corpus.
  const cut = new Map<number, EvaluationWindow[]>();
  const windowsOf = (document: number) => {
    let windows = cut.get(document);
    if (windows === undefined) {
      const { text, chat } = documents[document]!;
      windows = chat === undefined
        ? cutDocument(text, tokenizer, longest).map(({ tokens, bytes }) => ({
          document,
          tokens: Int32Array.from([tokenizer.endOfText, ...tokens]),
          bytes,
        }))
        : cutConversation(text, chat, tokenizer, longest).map((window) => ({ document, ...window }));
      cut.set(document, windows);
    }
    return windows;
  };
  const chosen: { window: EvaluationWindow; place: number }[] = [];
  let tokens = 0;
  for (let round = 0, left = order; left.length > 0; round++) {
    left = left.filter((document) => windowsOf(document).length > round);
    for (const document of left) {
      const windows = windowsOf(document);
      // Each document's windows are visited in a shuffled order; otherwise only beginnings would be scored.
      const place = shuffledPlace(document, windows.length, round);
      const window = windows[place]!;
      const scored = window.tokens.length - 1;
      if (chosen.length > 0 && (tokens + scored > maxTokens || chosen.length >= maxWindows)) return inOrder(chosen);
      tokens += scored;
      chosen.push({ window, place });
    }
  }
  return inOrder(chosen);
}

function inOrder(chosen: { window: EvaluationWindow; place: number }[]): EvaluationWindow[] {
  return chosen.sort((a, b) => a.window.document - b.window.document || a.place - b.place).map(({ window }) => window);
}

/** The `round`-th element of a fixed permutation of 0 to `count - 1`: a walk with a step that is coprime to `count`. */
function shuffledPlace(document: number, count: number, round: number): number {
  const gcd = (a: number, b: number): number => b === 0 ? a : gcd(b, a % b);
  let step = 1 + hash32("step", document) % count;
  while (gcd(step, count) !== 1) step++;
  return (hash32("first", document) % count + round * step) % count;
}
