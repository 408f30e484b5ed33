// The validation loss: weighted by batch, and by domain.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { validate, type ValidationBatch } from "../../lib/train/validation.ts";

await tf.setBackend("cpu");

/** A batch whose loss is its only token. */
const batch = (token: number, more: Partial<ValidationBatch> = {}): ValidationBatch => ({
  batch: 1,
  time: 1,
  inputs: Int32Array.of(token),
  targets: Int32Array.of(0),
  documents: Int32Array.of(0),
  ...more,
});
const loss = ({ inputs }: { readonly inputs: tf.Tensor2D }) => inputs.mean().toFloat() as tf.Scalar;

Deno.test("`validate()` weighs batches, and gives the mean of each domain", async () => {
  const before = tf.memory().numTensors;
  const plain = await validate([batch(2), batch(4)], loss);
  assert.deepEqual([plain.loss, plain.domains.size], [3, 0]);
  const { loss: mean, domains } = await validate([
    batch(1, { domain: "english", weight: 0.4 }),
    batch(3, { domain: "english", weight: 0.4 }),
    batch(12, { domain: "code", weight: 0.2 }),
  ], loss);
  assert.ok(Math.abs(mean - (0.4 * 1 + 0.4 * 3 + 0.2 * 12)) < 1e-6);
  assert.deepEqual([...domains.keys()], ["english", "code"]);
  assert.ok(Math.abs(domains.get("english")! - 2) < 1e-6 && Math.abs(domains.get("code")! - 12) < 1e-6);
  assert.equal(tf.memory().numTensors, before);
});
