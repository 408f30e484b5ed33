// Random text that is hard to tokenize.
import { random } from "../../../lib/random.ts";

const SPACES = [..." \t\n\r\f\v\x85\xa0\u2028\u2029\ufeff\u200b\u3000\u1680\u180e\u202f\u205f\u2003   "];
const PIECES = ["'s", "'S", "'ſ", "'ll", "'LL", "'Re", "'", "'\u212a", "12345", "٣", "½", "Ⅷ", "\u{11de5}", "▁", "▁▁"]
  .concat(["<s>", "</s>", "<|endoftext|>", "<|im_start|>", "<think>", "<unk>", "<0x0A>", "é", "e\u0301", "ﬁ", "한"])
  .concat(["\u{16d67}\u{16d67}", "\u{105d2}\u0307", "👩‍👩‍👧", "🇩🇪"]);
/** Blocks with marks, and letters that combine. */
const BLOCKS = [0x300, 0x900, 0x1100, 0x1ab0, 0x1dc0, 0x10a00, 0x11000, 0x11300, 0x16100, 0x1e000];

/**
 * Texts of up to 3000 characters each, of every code point, assigned or not, with more of those that are treated in a special
 * way, many of them repeated.
 *
 * @param characters in all texts
 */
export function randomTexts(seed: number, characters: number): string[] {
  const stream = random(seed, "unicode");
  const kinds: readonly (() => string)[] = [
    () => String.fromCharCode(32 + stream.int(95)),
    () => String.fromCharCode(97 + stream.int(26)),
    () => stream.pick(SPACES),
    () => String.fromCharCode(stream.int(0x10000)),
    () => String.fromCodePoint(0x10000 + stream.int(0x10000)),
    () => String.fromCodePoint(stream.int(2) === 0 ? stream.int(0x3000) : 0x10000 + stream.int(0x100000)),
    () => String.fromCodePoint(stream.pick(BLOCKS) + stream.int(0x80)),
    () => stream.pick(PIECES),
  ];
  const texts: string[] = [];
  for (let made = 0; made < characters;) {
    const length = 1 + stream.int(3000);
    const parts: string[] = [];
    while (parts.length < length) {
      const kind = stream.pick(kinds);
      const repeats = stream.int(8) === 0 ? stream.int(12) : 1;
      for (let i = 0; i < repeats; i++) parts.push(kind());
    }
    texts.push(parts.join("").toWellFormed());
    made += parts.length;
  }
  return texts;
}
