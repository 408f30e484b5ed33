// Sets of Unicode code points, without surrogates.

/** Ranges in ascending order that neither overlap nor touch: first and last code point in turn. */
export type CodePoints = readonly number[];

/** All that UTF-8 can write. */
export const ANY: CodePoints = [0, 0xd7ff, 0xe000, 0x10ffff];

/** The set of all code points in ranges, in any order: first and last in turn. */
export function codePoints(...ranges: readonly number[]): CodePoints {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const joined: number[] = [];
  for (const [first, last] of pairs) {
    if (joined.length > 0 && first <= joined.at(-1)! + 1) joined[joined.length - 1] = Math.max(joined.at(-1)!, last);
    else joined.push(first, last);
  }
  return both(joined, ANY);
}

export function union(...sets: readonly CodePoints[]): CodePoints {
  return codePoints(...sets.flat());
}

export function complement(set: CodePoints): CodePoints {
  const gaps = [0];
  for (let i = 0; i < set.length; i += 2) gaps.push(set[i]! - 1, set[i + 1]! + 1);
  gaps.push(0x10ffff);
  return both(gaps.filter((_, i) => gaps[i - i % 2]! <= gaps[i - i % 2 + 1]!), ANY);
}

/** The code points that are in both sets. */
export function both(a: CodePoints, b: CodePoints): CodePoints {
  const found: number[] = [];
  for (let i = 0, k = 0; i < a.length && k < b.length;) {
    const first = Math.max(a[i]!, b[k]!);
    const last = Math.min(a[i + 1]!, b[k + 1]!);
    if (first <= last) found.push(first, last);
    if (a[i + 1]! < b[k + 1]!) i += 2;
    else k += 2;
  }
  return found;
}

export function characters(text: string): CodePoints {
  return codePoints(...Array.from(text, (character) => character.codePointAt(0)!).flatMap((code) => [code, code]));
}

const properties = new Map<string, CodePoints>();

/** The code points that a regular expression of one character matches, such as `\p{L}`. */
export function matching(pattern: string): CodePoints {
  let found = properties.get(pattern);
  if (found !== undefined) return found;
  const runs = new RegExp(`(?:${pattern})+`, "gu");
  const ranges: number[] = [];
  for (const [start, end] of [[0, 0xd7ff], [0xe000, 0xffff], [0x10000, 0x10ffff]] as const) {
    const width = end > 0xffff ? 2 : 1;
    for (let from = start; from <= end; from += 0x1000) {
      const codes = Array.from({ length: Math.min(0x1000, end - from + 1) }, (_, i) => from + i);
      for (const { index, 0: { length } } of String.fromCodePoint(...codes).matchAll(runs)) {
        ranges.push(from + index / width, from + (index + length) / width - 1);
      }
    }
  }
  properties.set(pattern, found = codePoints(...ranges));
  return found;
}

/**
 * How UTF-8 writes a range: sequences of byte ranges, first and last byte in turn (after Rust's `utf8-ranges`).
 *
 * @param first not a surrogate, and none lies between it and `last`
 */
export function utf8Sequences(first: number, last: number): readonly (readonly number[])[] {
  for (const end of [0x7f, 0x7ff, 0xffff]) {
    if (first <= end && end < last) return [...utf8Sequences(first, end), ...utf8Sequences(end + 1, last)];
  }
  if (last < 0x80) return [[first, last]];
  const length = last < 0x800 ? 2 : last < 0x10000 ? 3 : 4;
  for (let i = 1; i < length; i++) {
    const low = (1 << (6 * i)) - 1;
    if ((first & ~low) === (last & ~low)) continue;
    const cut = (first & low) !== 0 ? (first | low) + 1 : (last & low) !== low ? last & ~low : undefined;
    if (cut !== undefined) return [...utf8Sequences(first, cut - 1), ...utf8Sequences(cut, last)];
  }
  const [from, to] = [utf8(first), utf8(last)];
  return [Array.from(from).flatMap((byte, i) => [byte, to[i]!])];
}

const encoder = new TextEncoder();
const utf8 = (code: number) => encoder.encode(String.fromCodePoint(code));
