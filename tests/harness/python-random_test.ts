// The Mersenne Twister and `sample()`, compared with Python's.
import assert from "node:assert/strict";
import { pythonRandom } from "../../lib/harness/python-random.ts";
import { PYTHON } from "./expected.ts";

Deno.test("`pythonRandom()` draws what Python draws, one sample after another", () => {
  const { sample } = pythonRandom(1234);
  const sizes = [[10, 3], [100, 2], [30, 7], [1000, 6], [21, 5], [22, 5], [5, 5]] as const;
  const drawn = sizes.map(([n, k]) => sample(Array.from({ length: n }, (_, i) => i), k));
  assert.deepEqual(drawn, PYTHON.draws);
  assert.deepEqual([0, 1, 99, 1234, 2 ** 32 - 1].map((seed) => pythonRandom(seed).random()), PYTHON.floats);
  assert.throws(() => sample([1, 2], 3), RangeError);
});
