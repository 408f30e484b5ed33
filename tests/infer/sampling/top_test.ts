// Partial selection against a full sort.
import assert from "node:assert/strict";
import { mostLikely, topTokens } from "../../../lib/infer/sampling/top.ts";
import { random } from "../../../lib/random.ts";

const SEED = crypto.getRandomValues(new Uint32Array(1))[0]!;
console.log(`seed ${SEED}`);

Deno.test("`topTokens()` and `mostLikely()` give what a full sort gives, the lowest id first among equals", () => {
  for (let round = 0; round < 300; round++) {
    const stream = random(SEED, round);
    const V = stream.between(1, 80);
    const values = stream.pick([3, 30, 1e6]);
    const logits = Float32Array.from({ length: V }, () => stream.int(values) - values / 2);
    if (stream.int(3) === 0) logits.sort();
    if (stream.int(3) === 0) logits.fill(-Infinity, 0, stream.int(V));
    const order = Array.from(logits.keys()).sort((a, b) => logits[a] === logits[b] ? a - b : logits[b]! - logits[a]!);
    const count = stream.between(0, V + 3);
    assert.deepEqual([...topTokens(logits, count)], order.slice(0, count));
    assert.equal(mostLikely(logits), order[0]);
  }
});
