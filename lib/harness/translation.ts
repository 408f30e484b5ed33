// Measures of translations, BLEU and chrF, as sacrebleu 2 computes them with its defaults: the harness asks it for them.
import { pythonWords } from "./python-values.ts";

/** What an answer adds to a measure: sums over all answers make the score. */
export type Statistics = readonly number[];

/** A measure of a corpus, of 0 to 100 unless answers are much longer than what is wanted. */
export interface CorpusMeasure {
  /** What one answer adds. */
  statistics(wanted: string, answer: string): Statistics;
  /** The score from the sums. */
  score(sums: Statistics): number;
}

type Counts = ReadonlyMap<string, number>;

function countsOf(items: readonly string[], n: number, separator: string): Counts {
  const counts = new Map<string, number>();
  for (let at = 0; at + n <= items.length; at++) {
    const gram = items.slice(at, at + n).join(separator);
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

/** How many there are in all, and how many of them the other has, too. */
const total = (counts: Counts): number => counts.values().reduce((sum, count) => sum + count, 0);
const shared = (a: Counts, b: Counts): number =>
  a.entries().reduce((sum, [gram, count]) => sum + Math.min(count, b.get(gram) ?? 0), 0);

const BLEU_ORDER = 4;

/**
 * BLEU (Papineni et al. 2002): how many word n-grams of up to four words the answers have in common with what is wanted, with
 * the tokenizer 13a and exponential smoothing. The statistics are both lengths, then the shared and all n-grams by n.
 */
export const bleu: CorpusMeasure = {
  statistics(wanted, answer) {
    const [reference, own] = [tokens13a(wanted), tokens13a(answer)];
    const grams = Array.from(
      { length: BLEU_ORDER },
      (_, i) => [own, reference].map((all) => countsOf(all, i + 1, " ")),
    );
    return [
      own.length,
      reference.length,
      ...grams.map(([a, b]) => shared(a!, b!)),
      ...grams.map(([a]) => total(a!)),
    ];
  },
  score([length = 0, wantedLength = 0, ...counts]) {
    const [right, all] = [counts.slice(0, BLEU_ORDER), counts.slice(BLEU_ORDER)];
    if (!right.some((count) => count > 0)) return 0;
    const brevity = length < wantedLength ? Math.exp(1 - wantedLength / length) : 1;
    let smooth = 1;
    let logarithms = 0;
    for (let n = 0; n < BLEU_ORDER; n++) {
      if (all[n] === 0) return 0; // no answer has as many words
      logarithms += Math.log(right[n] === 0 ? 100 / ((smooth *= 2) * all[n]!) : 100 * right[n]! / all[n]!);
    }
    return brevity * Math.exp(logarithms / BLEU_ORDER);
  },
};

/** The words of mteval-v13a: punctuation apart, but for periods, commas and dashes within numbers. */
function tokens13a(text: string): string[] {
  let line = text.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ");
  for (const [escaped, plain] of [["&quot;", '"'], ["&amp;", "&"], ["&lt;", "<"], ["&gt;", ">"]] as const) {
    line = line.replaceAll(escaped, plain);
  }
  const apart = ` ${line} `
    .replaceAll(/[{-~[-` -&(-+:-@/]/g, " $& ")
    .replaceAll(/([^0-9])([.,])/gu, "$1 $2 ")
    .replaceAll(/([.,])([^0-9])/gu, " $1 $2")
    .replaceAll(/([0-9])(-)/g, "$1 $2 ");
  return pythonWords(apart);
}

const CHARACTER_ORDER = 6;
const BETA = 2;

/**
 * chrF (Popović 2015), or with `wordOrder` 2 chrF++ (Popović 2017): precision and recall of character n-grams of up to six
 * characters, and of word n-grams, with recall counted twice. The statistics are three counts for each order: of the answer, of
 * what is wanted, and of both.
 */
export function chrf(wordOrder: number): CorpusMeasure {
  const grams = (text: string) => [
    ...orders(CHARACTER_ORDER, [...pythonWords(text).join("")], ""),
    ...orders(wordOrder, wordOrder === 0 ? [] : wordsWithPunctuationApart(text), " "),
  ];
  return {
    statistics(wanted, answer) {
      const [own, reference] = [grams(answer), grams(wanted)];
      return own.flatMap((a, i) => {
        const b = reference[i]!;
        return [b.size === 0 ? 0 : total(a), total(b), shared(a, b)];
      });
    },
    score(sums) {
      let [precision, recall, effective] = [0, 0, 0];
      for (let i = 0; i < sums.length; i += 3) {
        const [own, wanted, both] = sums.slice(i, i + 3) as [number, number, number];
        if (own === 0 || wanted === 0) continue;
        precision += both / own;
        recall += both / wanted;
        effective++;
      }
      if (effective === 0 || precision + recall === 0) return 0;
      [precision, recall] = [precision / effective, recall / effective];
      return 100 * (1 + BETA ** 2) * precision * recall / (BETA ** 2 * precision + recall);
    },
  };
}

const orders = (order: number, items: readonly string[], separator: string): Counts[] =>
  Array.from({ length: order }, (_, i) => countsOf(items, i + 1, separator));

/** Of each word, a sign of ASCII's punctuation at its end is apart, or else one at its start. */
function wordsWithPunctuationApart(text: string): string[] {
  const sign = /[!-/:-@[-`{-~]/;
  return pythonWords(text).flatMap((word) => {
    const characters = [...word];
    if (characters.length === 1) return [word];
    if (sign.test(characters.at(-1)!)) return [characters.slice(0, -1).join(""), characters.at(-1)!];
    return sign.test(characters[0]!) ? [characters[0]!, characters.slice(1).join("")] : [word];
  });
}
