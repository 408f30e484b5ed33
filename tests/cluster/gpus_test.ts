// The table of accelerators.
import assert from "node:assert/strict";
import { gpuNamed, GPUS } from "../../lib/cluster/gpus.ts";

Deno.test("the table of GPUs has distinct names, and plausible speeds and memory sizes", () => {
  assert.equal(new Set(GPUS.map(({ name }) => name)).size, GPUS.length);
  for (const { flops, bytes, name } of GPUS) {
    assert.ok(flops >= 50e12 && flops <= 3e15 && bytes >= 16e9 && bytes <= 300e9, name);
  }
  assert.equal(gpuNamed("H100").bytes, 80e9);
});
