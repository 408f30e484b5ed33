// Translation edit rate (Snover et al. 2006) as sacrebleu 2 computes it with its defaults, the heuristics of Tercom included.
import { pythonWords } from "./python-values.ts";
import type { CorpusMeasure } from "./translation.ts";

const LONGEST_SHIFT = 10;
const FARTHEST_SHIFT = 50;
const MOST_SHIFTS_TRIED = 1000;
const BEAM = 25;

/**
 * The edits that make the answers what is wanted, in percent of its words. An edit inserts, deletes or replaces a word, or
 * moves neighboring words. The statistics are the edits and the words that are wanted.
 */
export const editRate: CorpusMeasure = {
  statistics(wanted, answer) {
    const [own, reference] = [answer, wanted].map((text) => pythonWords(text.toLowerCase())) as [string[], string[]];
    return [editsBetween(own, reference), reference.length];
  },
  score: ([edits = 0, words = 0]) => words > 0 ? 100 * edits / words : edits > 0 ? 100 : 0,
};

function editsBetween(own: readonly string[], wanted: readonly string[]): number {
  if (wanted.length === 0) return own.length;
  let [words, shifts, tried] = [own, 0, 0];
  for (;;) {
    const shift = bestShift(words, wanted, tried);
    tried = shift.tried;
    if (tried >= MOST_SHIFTS_TRIED || shift.gain <= 0) return shifts + distance(words, wanted).edits;
    shifts++;
    words = shift.words;
  }
}

interface Shift {
  /** How many edits it saves, not counting itself. */
  readonly gain: number;
  readonly words: readonly string[];
  readonly tried: number;
}

/** The shift that saves most; of several the longest, then the one from the first place, then to the first place. */
function bestShift(own: readonly string[], wanted: readonly string[], triedBefore: number): Shift {
  const { edits, trace } = distance(own, wanted);
  const { places, ownErrors, wantedErrors } = alignment(trace);
  let tried = triedBefore;
  let best: { readonly rank: readonly number[]; readonly words: readonly string[] } | undefined;
  for (const [start, target, length] of sharedParts(own, wanted)) {
    const isRight = (errors: readonly boolean[], from: number) => !errors.slice(from, from + length).includes(true);
    const at = places[target]!;
    if (isRight(ownErrors, start) || isRight(wantedErrors, target) || (start <= at && at < start + length)) continue;
    let before = -1;
    for (let offset = -1; offset < length && target + offset < places.length; offset++) {
      const to = target + offset === -1 ? 0 : places[target + offset]! + 1;
      if (to === before) continue;
      before = to;
      const words = moved(own, start, length, to);
      const rank = [edits - distance(words, wanted).edits, length, -start, -to];
      tried++;
      if (best === undefined || isGreater(rank, best.rank)) best = { rank, words };
    }
    if (tried >= MOST_SHIFTS_TRIED) break;
  }
  return best === undefined ? { gain: 0, words: own, tried } : { gain: best.rank[0]!, words: best.words, tried };
}

function isGreater(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((one, i) => one !== b[i]);
  return at >= 0 && a[at]! > b[at]!;
}

function moved(words: readonly string[], start: number, length: number, to: number): string[] {
  const part = words.slice(start, start + length);
  const rest = [...words.slice(0, start), ...words.slice(start + length)];
  const place = to < start ? to : to > start + length ? to - length : to;
  return rest.toSpliced(place, 0, ...part);
}

/** Parts that both have, at places not far from each other: start in `own`, start in `wanted`, length. */
function* sharedParts(
  own: readonly string[],
  wanted: readonly string[],
): Generator<readonly [start: number, target: number, length: number], void, void> {
  for (let start = 0; start < own.length; start++) {
    const last = Math.min(wanted.length - 1, start + FARTHEST_SHIFT);
    for (let target = Math.max(0, start - FARTHEST_SHIFT); target <= last; target++) {
      const most = Math.min(LONGEST_SHIFT, own.length - start, wanted.length - target);
      for (let n = 0; n < most && own[start + n] === wanted[target + n]; n++) yield [start, target, n + 1];
    }
  }
}

/** What is done for a word: it is kept or replaced, one is missing in `own`, or one is too many there. */
type Operation = "same" | "replace" | "insert" | "delete";

/** The fewest insertions, deletions and replacements near the diagonal, and which they are. */
function distance(
  own: readonly string[],
  wanted: readonly string[],
): { readonly edits: number; readonly trace: readonly Operation[] } {
  const [rows, columns] = [own.length + 1, wanted.length + 1];
  const costs = new Float64Array(rows * columns).fill(Infinity);
  const operations: (Operation | undefined)[] = new Array(rows * columns);
  for (let j = 0; j < columns; j++) {
    costs[j] = j;
    operations[j] = "insert";
  }
  const ratio = own.length === 0 ? 1 : wanted.length / own.length;
  const beam = BEAM < ratio / 2 ? Math.ceil(ratio / 2 + BEAM) : BEAM;
  for (let i = 1; i < rows; i++) {
    const diagonal = Math.floor(i * ratio);
    const end = i === own.length ? columns : Math.min(columns, diagonal + beam);
    for (let j = Math.max(0, diagonal - beam); j < end; j++) {
      const at = i * columns + j;
      const take = (cost: number, operation: Operation) => {
        if (cost >= costs[at]!) return;
        costs[at] = cost;
        operations[at] = operation;
      };
      // Of equal ones the first counts.
      const same = j > 0 && own[i - 1] === wanted[j - 1];
      if (j > 0) take(costs[at - columns - 1]! + (same ? 0 : 1), same ? "same" : "replace");
      take(costs[at - columns]! + 1, "delete");
      if (j > 0) take(costs[at - 1]! + 1, "insert");
    }
  }
  const trace: Operation[] = [];
  for (let [i, j] = [rows - 1, columns - 1]; i > 0 || j > 0;) {
    const operation = operations[i * columns + j]!;
    trace.push(operation);
    if (operation !== "insert") i--;
    if (operation !== "delete") j--;
  }
  return { edits: costs.at(-1)!, trace: trace.reverse() };
}

/** By word of `wanted` the place in `own` that it is aligned with, or the one before; and which words of both are wrong. */
function alignment(trace: readonly Operation[]) {
  const places: number[] = [];
  const [ownErrors, wantedErrors]: [boolean[], boolean[]] = [[], []];
  for (const operation of trace) {
    if (operation !== "insert") ownErrors.push(operation !== "same");
    if (operation === "delete") continue;
    places.push(ownErrors.length - 1);
    wantedErrors.push(operation !== "same");
  }
  return { places, ownErrors, wantedErrors };
}
