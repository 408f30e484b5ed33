// Long texts in little space: cut in the middle, so that those that differ still look different. Pure.

/** Letters as people count them: an emoji is one, however many code points it has. */
const letters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** The most that is looked at of a text: nobody tells longer ones apart by eye. */
const LONGEST = 1_000;

/**
 * A short form of each text: itself where it has at most `most` letters, and otherwise its beginning and its end, or of
 * texts that would look alike, what follows their common beginning.
 *
 * @param most letters of a short form, the ellipsis included, at least 5
 */
export function shortTexts(texts: Iterable<string>, most: number): ReadonlyMap<string, string> {
  const short = new Map<string, string>();
  const long = new Map<string, string[]>();
  for (const text of new Set(texts)) {
    // Most texts are short, and then counting letters is needless.
    const split = text.length <= most ? undefined : lettersOf(text);
    if (split === undefined || split.length <= most) short.set(text, text);
    else long.set(text, split);
  }
  const alike = Map.groupBy(long, ([, split]) => middleCut(split, most));
  for (const [form, same] of alike) {
    if (same.length === 1) short.set(same[0]![0], form);
    else for (const [text, split] of same) short.set(text, cutAt(split, sharedStart(split, same), most));
  }
  return short;
}

function lettersOf(text: string): string[] {
  return Array.from(letters.segment(text.slice(0, LONGEST)), ({ segment }) => segment);
}

/** Beginning and end, the end longer, as names of one kind begin alike; of whole words, if a word begins nearby. */
function middleCut(split: readonly string[], most: number): string {
  const room = Math.floor((most - 1) * 0.4);
  const head = split.slice(0, room);
  const tail = split.slice(split.length - (most - 1 - room));
  const [before, after] = [head.findLastIndex(isBetween), tail.findIndex(isBetween)];
  const end = before + 1 >= 0.75 * room ? before + 1 : room;
  const start = after >= 0 && after + 1 <= 0.25 * tail.length ? after + 1 : 0;
  return `${head.slice(0, end).join("")}…${tail.slice(start).join("")}`;
}

const isBetween = (letter: string) => /[\s/:._-]/.test(letter);

/** A little of the beginning, and what follows the first `common` letters. */
function cutAt(split: readonly string[], common: number, most: number): string {
  const head = Math.floor(most / 5);
  const room = most - head - 2;
  const from = Math.max(head, Math.min(common - 1, split.length - room));
  const rest = split.slice(from, from + room).join("");
  return `${split.slice(0, head).join("")}…${rest}${from + room < split.length ? "…" : ""}`;
}

/** How many letters a text shares with the beginning of the one that is most like it. */
function sharedStart(split: readonly string[], all: readonly (readonly [string, readonly string[]])[]): number {
  const shared = all.flatMap(([, other]) => other === split ? [] : [commonStart(split, other)]);
  return Math.max(...shared);
}

function commonStart(one: readonly string[], other: readonly string[]): number {
  const at = one.findIndex((letter, i) => letter !== other[i]);
  return at < 0 ? one.length : at;
}
