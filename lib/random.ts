// Seeded random numbers: a stream (`random`) and a counter-based hash (`hash32`), the same on every machine.

/** Anything that names a stream or a place in it. Numbers count as 64-bit integers, strings by their UTF-16 units. */
export type Key = number | string;

/** A stream of random numbers. */
export interface Random {
  /** Uniform over 0 to 2^32 - 1. */
  uint32(): number;
  /** Uniform in [0, 1), with 53 bits. */
  float(): number;
  /** A uniform whole number from 0 to `count - 1`; `count` from 1 to 2^32. */
  int(count: number): number;
  /** A uniform whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** Standard normal. */
  normal(): number;
  /** A uniform element of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** The elements in random order, in a new array. */
  shuffle<T>(list: readonly T[]): T[];
}

/**
 * A stream that depends on the seed and the names only: `random(7, "weights", layer)` never shifts when another
 * part of the program draws more or fewer numbers.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(random(7, "weights").shuffle([1, 2, 3]), random(7, "weights").shuffle([1, 2, 3]));
 * assert.notEqual(random(7, "weights").normal(), random(7, "batches").normal());
 * ```
 */
export function random(seed: number, ...names: readonly Key[]): Random {
  const uint32 = sfc32(seed, names);
  const float = () => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992;
  const int = (count: number) => scaled(uint32, count);
  let spare: number | undefined;
  return {
    uint32,
    float,
    int,
    between: (low, high) => low + int(high - low + 1),
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      // Box-Muller; 1 - float() is never 0.
      const radius = Math.sqrt(-2 * Math.log(1 - float()));
      const angle = 2 * Math.PI * float();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    pick(list) {
      if (list.length === 0) throw new RangeError("Cannot pick from an empty list");
      return list[int(list.length)]!;
    },
    shuffle(list) {
      const result = [...list];
      for (let i = result.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [result[i], result[j]] = [result[j]!, result[i]!];
      }
      return result;
    },
  };
}

/**
 * Counter-based: a uniform whole number from 0 to 2^32 - 1 that is a pure function of the keys, so that any position
 * of a sequence can be had without the ones before it: `hash32(seed, "batch", step, row)`.
 */
export function hash32(...keys: readonly Key[]): number {
  let h = 0x9e3779b9;
  for (const key of keys) {
    if (typeof key === "number") {
      h = absorb(h, key | 0);
      // The part above 32 bits, and the sign: 0 and 2^32 are different keys.
      h = absorb(h, Math.floor(key / 4294967296) | 0);
    } else {
      for (let i = 0; i < key.length; i++) h = absorb(h, key.charCodeAt(i));
      h = absorb(h, ~key.length); // so that ("ab", "c") differs from ("a", "bc")
    }
  }
  return finish(h ^ (keys.length << 1));
}

/** MurmurHash3's step for one 32-bit word (Austin Appleby, public domain). */
function absorb(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  h ^= k;
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

/** MurmurHash3's finaliser: every input bit reaches every output bit. */
function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Chris Doty-Humphrey's sfc32 (PractRand): 128 bits of state, period at least 2^32. */
function sfc32(seed: number, names: readonly Key[]): () => number {
  let a = hash32(seed, ...names, 1) | 0;
  let b = hash32(seed, ...names, 2) | 0;
  let c = hash32(seed, ...names, 3) | 0;
  let counter = 1;
  const next = () => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** Uniform below `count` without bias, by rejecting the uneven rest. */
function scaled(uint32: () => number, count: number): number {
  if (!Number.isInteger(count) || count < 1 || count > 4294967296) {
    throw new RangeError(`Cannot draw below ${count}: the count must be a whole number from 1 to 2^32`);
  }
  const limit = 4294967296 - 4294967296 % count;
  let value = uint32();
  while (value >= limit) value = uint32();
  return value % count;
}
