// Choosing the windows of held-out documents on which every method is scored alike.
import { type Document, rankName, type Tokenizer } from "../data/mod.ts";
import { hash32 } from "../random.ts";
import { cutDocument, MIN_WINDOW } from "./cut-document.ts";

/** A stretch of one document that a model scores on its own. */
export interface EvaluationWindow {
  /** Index of the document among those that were given. */
  readonly document: number;
  /** `<|endoftext|>` and the text's tokens; all but the first are scored. At most `time + 1`. */
  readonly tokens: Int32Array;
  /** UTF-8 bytes of the scored text. */
  readonly bytes: number;
}

/** How much is scored. */
export interface WindowOptions {
  /** The longest context, in tokens: the model's context length or less. */
  readonly time: number;
  /** Scored tokens, at most; all when left out. */
  readonly maxTokens?: number | undefined;
  /** Windows, at most; all when left out. */
  readonly maxWindows?: number | undefined;
}

/**
 * The windows of held-out documents, in the documents' order.
 *
 * Every window begins with `<|endoftext|>` and is scored as if it were a document from its start: all of its text
 * counts, none of it has context from the window before. So every method faces the same text under the same conditions
 * (an ensemble's posterior starts uniform in each), windows are independent, and the figure depends on no stride; it is
 * somewhat higher than with overlapping windows. A document's windows are about equally long and end between characters.
 *
 * Under a budget, documents are visited in a fixed pseudo-random order, one window of each before a second of any; the
 * choice depends on nothing but the documents, their order and the budget. At least one window is given, of
 * {@linkcode MIN_WINDOW} tokens if the budget has fewer.
 *
 * @throws UserError `eval.tokenizer` when the tokenizer does not give back a document's text
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

  // Documents are encoded when their turn comes, so that a small budget does not encode a large corpus.
  const cut = new Map<number, EvaluationWindow[]>();
  const windowsOf = (document: number) => {
    let windows = cut.get(document);
    if (windows === undefined) {
      windows = cutDocument(documents[document]!.text, tokenizer, longest).map(({ tokens, bytes }) => ({
        document,
        tokens: Int32Array.from([tokenizer.endOfText, ...tokens]),
        bytes,
      }));
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
      // Round by round through the document's windows in an order of their own, or only beginnings would be scored.
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

/** The `round`-th place of a fixed permutation of `count` places: an affine walk whose step shares no factor with it. */
function shuffledPlace(document: number, count: number, round: number): number {
  const gcd = (a: number, b: number): number => b === 0 ? a : gcd(b, a % b);
  let step = 1 + hash32("step", document) % count;
  while (gcd(step, count) !== 1) step++;
  return (hash32("first", document) % count + round * step) % count;
}
