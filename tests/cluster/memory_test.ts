// The memory of jobs on each device, against sums by hand.
import assert from "node:assert/strict";
import { deviceMemory, leastSharding, SHARDINGS } from "../../lib/cluster/memory.ts";
import { job } from "./paper.ts";

Deno.test("`deviceMemory()` is 16 bytes per trained and 2 per frozen parameter, sharded", () => {
  const small = job({ trained: 1000, frozen: 500, unit: 100, activations: 0, logits: 0 });
  assert.equal(deviceMemory(small, 10, "none").total, 16 * 1000 + 2 * 500);
  assert.equal(deviceMemory(small, 10, "optimizer").total, 4 * 1000 + 2 * 500 + 12 * 100);
  assert.equal(deviceMemory(small, 10, "full").total, 16 * 100 + 2 * 50 + 2 * 100);
  // A single device has everything, and nothing to gather.
  for (const sharding of SHARDINGS) assert.equal(deviceMemory(small, 1, sharding).total, 16 * 1000 + 2 * 500);
  const { activations } = deviceMemory(job({ activations: 7, logits: 5 }), 4, "none");
  assert.equal(activations, 2 * 7 + 2 * 4 * 5);
});

Deno.test("`leastSharding()` shards no more than necessary", () => {
  const large = job({ trained: 1e9, frozen: 0, unit: 1e7, activations: 0, logits: 0 });
  assert.equal(leastSharding(large, 8, 17e9).sharding, "none");
  assert.equal(leastSharding(large, 8, 6e9).sharding, "optimizer");
  assert.equal(leastSharding(large, 8, 3e9).sharding, "full");
  assert.equal(leastSharding(large, 8, 1e9).sharding, "full", "too large anyway");
});
