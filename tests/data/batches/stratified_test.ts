// Validation batches by domain: exact shares, one domain each, the same every time.
import assert from "node:assert/strict";
import { memoryStream } from "../../../lib/data/batches/stream.ts";
import { stratifiedBatches } from "../../../lib/data/batches/stratified.ts";

const stream = (first: number) =>
  memoryStream({
    tokens: Int32Array.from({ length: 200 }, (_, i) => first + i),
    starts: Int32Array.of(0, 90),
    bytes: 200,
  });
const STREAMS = { english: stream(0), code: stream(1000), math: stream(2000) };
const MIX = { english: 4, code: 1, math: 0 };

Deno.test("`stratifiedBatches()` gives every domain of the datamix batches of its own, with its exact share", () => {
  for (const batches of [1, 2, 4, 10]) {
    const drawn = stratifiedBatches(STREAMS, MIX, { batches, batch: 3, time: 8 });
    const weights = new Map<string, number>();
    for (const { domain, weight, inputs, batch, time } of drawn) {
      assert.deepEqual([batch, time, inputs.length], [3, 8, 24]);
      assert.deepEqual([...new Set(inputs.map((token) => Math.floor(token / 1000)))], [domain === "english" ? 0 : 1]);
      weights.set(domain, (weights.get(domain) ?? 0) + weight);
    }
    assert.deepEqual([...weights.keys()], ["english", "code"]);
    assert.ok(Math.abs(weights.get("english")! - 0.8) < 1e-12 && Math.abs(weights.get("code")! - 0.2) < 1e-12);
    assert.ok(Math.abs(drawn.length - batches) <= 1);
    assert.deepEqual(stratifiedBatches(STREAMS, MIX, { batches, batch: 3, time: 8 }), drawn);
  }
  assert.deepEqual(stratifiedBatches(STREAMS, MIX, { batches: 0, batch: 3, time: 8 }), []);
});
