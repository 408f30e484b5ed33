// Python's `random.Random`: the Mersenne Twister, with the functions by which the harness draws.

/** A stream of Python's random numbers. */
export interface PythonRandom {
  /** `random()`: uniform in [0, 1). */
  random(): number;
  /** `sample(list, count)`. @throws RangeError when the list is shorter */
  sample<T>(list: readonly T[], count: number): T[];
}

const N = 624;
const M = 397;

/** `random.Random(seed)`. @param seed a whole number from 0 to 2^32 − 1 */
export function pythonRandom(seed: number): PythonRandom {
  const state = seeded(seed >>> 0);
  let index = N;
  const uint32 = () => {
    if (index === N) {
      twist(state);
      index = 0;
    }
    let y = state[index++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
  /** A uniform whole number below `count`, by drawing as many bits as it has until it fits. */
  const below = (count: number) => {
    const bits = 32 - Math.clz32(count);
    for (;;) {
      const drawn = uint32() >>> (32 - bits);
      if (drawn < count) return drawn;
    }
  };
  return {
    random: () => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992,
    sample<T>(list: readonly T[], count: number): T[] {
      const n = list.length;
      if (count > n) throw new RangeError(`Cannot draw ${count} of ${n}`);
      // As CPython: a copy of the list if it is short compared to the sample, otherwise a set of places.
      const room = count > 5 ? 21 + 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 21;
      if (n <= room) {
        const pool = [...list];
        return Array.from({ length: count }, (_, i) => {
          const at = below(n - i);
          const drawn = pool[at]!;
          pool[at] = pool[n - i - 1]!;
          return drawn;
        });
      }
      const chosen = new Set<number>();
      while (chosen.size < count) {
        let at = below(n);
        while (chosen.has(at)) at = below(n);
        chosen.add(at);
      }
      return [...chosen].map((at) => list[at]!);
    },
  };
}

/** `init_by_array` of the reference implementation (Matsumoto and Nishimura), with one word. */
function seeded(word: number): Uint32Array {
  const state = new Uint32Array(N);
  state[0] = 19650218;
  for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, mixed(state[i - 1]!)) + i;
  let at = 1;
  const next = () => {
    if (++at < N) return;
    state[0] = state[N - 1]!;
    at = 1;
  };
  for (let k = 0; k < N; k++, next()) state[at] = (state[at]! ^ Math.imul(mixed(state[at - 1]!), 1664525)) + word;
  for (let k = 1; k < N; k++, next()) state[at] = (state[at]! ^ Math.imul(mixed(state[at - 1]!), 1566083941)) - at;
  state[0] = 0x80000000;
  return state;
}

const mixed = (word: number): number => word ^ (word >>> 30);

function twist(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
    state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ ((y & 1) === 0 ? 0 : 0x9908b0df);
  }
}
