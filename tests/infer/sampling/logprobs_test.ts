// Log-probabilities: PyTorch's numbers, exact ties, and logits that are no numbers.
import assert from "node:assert/strict";
import { logSumExp, scoreToken } from "../../../lib/infer/sampling/logprobs.ts";
import { readCases } from "./cases.ts";

Deno.test("log-probabilities are PyTorch's in float64", async () => {
  for (const { logits, logprobs } of await readCases()) {
    const { top } = scoreToken(logits, 0, logits.length);
    assert.equal(top.length, logits.length);
    for (const { id, logprob } of top) assert.ok(Math.abs(logprob - logprobs[id]!) < 1e-12);
    assert.ok(top.every(({ logprob }, i) => i === 0 || logprob <= top[i - 1]!.logprob));
  }
});

Deno.test("a token's log-probability is the same number as in the list of the most likely", () => {
  const logits = Float32Array.of(0.1, 7.3, -2, 7.3, 0.1);
  assert.deepEqual(scoreToken(logits, 3, 3).top.map(({ id }) => id), [1, 3, 0]);
  for (const id of logits.keys()) {
    const { logprob, top } = scoreToken(logits, id, 5);
    assert.equal(logprob, top.find((one) => one.id === id)!.logprob);
  }
  const { logprob, top } = scoreToken(logits, 3, 1);
  assert.equal(logprob, top[0]!.logprob); // greedy by float equality, though another token is as likely
  assert.deepEqual(scoreToken(logits, 2).top, []);
});

Deno.test("large logits neither overflow nor vanish", () => {
  assert.ok(Math.abs(logSumExp(Float32Array.of(3e38, 3e38)) / 3e38 - 1) < 1e-6);
  assert.equal(scoreToken(Float32Array.of(-3e38, 0), 0).logprob, Math.fround(-3e38));
});

Deno.test("logits that are not finite are reported", () => {
  for (const wrong of [NaN, Infinity]) {
    const error = { name: "UserError", code: "generate.not-finite" };
    assert.throws(() => logSumExp(Float32Array.of(1, wrong, 2)), error);
    assert.throws(() => scoreToken(Float32Array.of(wrong, 1), 1), error);
  }
});
