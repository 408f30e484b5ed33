// pass@k against its definition, and its interval.
import assert from "node:assert/strict";
import { meanPassAtK, passAtK } from "../../lib/code/mod.ts";
import { random } from "../../lib/random.ts";

Deno.test("`passAtK()` is the share of choices of k answers with one that passed", () => {
  for (let n = 1; n <= 9; n++) {
    for (let c = 0; c <= n; c++) {
      for (let k = 1; k <= n; k++) {
        // Each set of answers is the bits of a number; the first c answers passed.
        const sets = Array.from({ length: 1 << n }, (_, bits) => bits).filter((bits) => ones(bits) === k);
        const share = sets.filter((bits) => (bits & ((1 << c) - 1)) !== 0).length / sets.length;
        assert.ok(Math.abs(passAtK({ n, c }, k) - share) < 1e-12, `n ${n}, c ${c}, k ${k}`);
      }
    }
  }
});

const ones = (bits: number) => bits.toString(2).replaceAll("0", "").length;

Deno.test("`passAtK()` is exact at its ends, and for many answers", () => {
  assert.equal(passAtK({ n: 100_000, c: 0 }, 100), 0);
  assert.equal(passAtK({ n: 100_000, c: 100_000 }, 1), 1);
  assert.equal(passAtK({ n: 200, c: 101 }, 100), 1);
  assert.ok(Math.abs(passAtK({ n: 100_000, c: 1 }, 100) - 1e-3) < 1e-12);
  for (const [n, c, k] of [[3, 4, 1], [3, 1, 4], [3, 1, 0], [3, -1, 1], [3.5, 1, 1], [0, 0, 1], [3, NaN, 1]] as const) {
    assert.throws(() => passAtK({ n, c }, k), RangeError);
  }
});

Deno.test("`passAtK()` is unbiased, which 1 − (1 − c/n)^k is not", () => {
  const seed = 1;
  const { float: draw } = random(seed);
  const [p, n, k, rounds] = [0.2, 6, 3, 20_000];
  const wanted = 1 - (1 - p) ** k;
  let unbiased = 0, plugIn = 0;
  for (let i = 0; i < rounds; i++) {
    let c = 0;
    for (let j = 0; j < n; j++) if (draw() < p) c++;
    unbiased += passAtK({ n, c }, k) / rounds;
    plugIn += (1 - (1 - c / n) ** k) / rounds;
  }
  assert.ok(Math.abs(unbiased - wanted) < 0.01, `${unbiased}, seed ${seed}`);
  assert.ok(Math.abs(plugIn - wanted) > 0.02, `${plugIn}, seed ${seed}`);
});

Deno.test("`meanPassAtK()` is the mean over problems, within its interval", () => {
  const { value, low, high, samples } = meanPassAtK([{ n: 4, c: 1 }, { n: 4, c: 4 }, { n: 4, c: 0 }], 2);
  assert.ok(Math.abs(value - 0.5) < 1e-12 && samples === 3);
  assert.ok(low > 0 && low < 0.1 && high > 0.9 && high < 1, `${low} to ${high}`);
  // None of 40 does not mean never; more answers to few problems say little about other problems.
  const none = meanPassAtK(Array.from({ length: 40 }, () => ({ n: 1, c: 0 })), 1);
  assert.ok(none.value === 0 && none.low === 0 && none.high > 0.05 && none.high < 0.1);
  const one = meanPassAtK([{ n: 10, c: 5 }], 1);
  assert.ok(one.low < 0.25 && one.high > 0.75);
});

Deno.test("the interval of `meanPassAtK()` covers the mean over such problems 93 % of the time at least", () => {
  const seed = 2;
  const { float: draw } = random(seed);
  for (const k of [1, 4]) {
    let covered = 0;
    const rounds = 300;
    // Problems are passed with a probability p that is uniform: the mean of 1 − (1 − p)^k is k / (k + 1).
    for (let i = 0; i < rounds; i++) {
      const attempts = Array.from({ length: 40 }, () => {
        const p = draw();
        return { n: 8, c: Array.from({ length: 8 }, draw).filter((x) => x < p).length };
      });
      const { low, high } = meanPassAtK(attempts, k);
      if (low <= k / (k + 1) && k / (k + 1) <= high) covered++;
    }
    assert.ok(covered / rounds >= 0.93, `k ${k}: ${covered} of ${rounds}, seed ${seed}`);
  }
});
