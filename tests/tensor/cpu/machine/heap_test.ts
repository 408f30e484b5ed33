// The allocator of the shared memory: blocks never overlap, large ones begin at pages, and nothing is lost.
import assert from "node:assert/strict";
import { random } from "../../../../lib/random.ts";
import { type Block, createHeap, LARGE } from "../../../../lib/tensor/cpu/machine/heap.ts";
import { PAGE_BYTES } from "../../../../lib/tensor/cpu/machine/pages.ts";

const MIB = 1 << 20;

Deno.test("blocks lie apart, large ones on pages, in whatever order they are allocated and freed", () => {
  const seed = Date.now() % 1e6;
  console.log(`seed ${seed}`);
  const chance = random(seed, "heap");
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
  const heap = createHeap(memory, 4096, { limit: 64 * MIB });
  const held: Block[] = [];
  let [refused, sum] = [0, 0];
  for (let i = 0; i < 4000; i++) {
    if (chance.int(5) < 3) {
      const wanted = 1 + chance.int(chance.int(3) === 0 ? 6 * MIB : 20_000);
      try {
        const block = heap.allocate(wanted);
        assert.ok(block.bytes >= wanted && block.bytes <= Math.max(wanted + 64, 1.13 * wanted));
        assert.equal(block.address % (block.bytes >= LARGE ? PAGE_BYTES : 64), 0);
        assert.ok(block.address >= 4096 && block.address + block.bytes <= memory.buffer.byteLength);
        held.push(block);
        sum += block.bytes;
      } catch (error) {
        assert.equal((error as { code?: string }).code, "tensor.memory");
        refused++;
      }
    } else if (held.length > 0) {
      const [block] = held.splice(chance.int(held.length), 1) as [Block];
      heap.free(block);
      sum -= block.bytes;
    }
    assert.equal(heap.usedBytes(), sum);
    if (i % 50 > 0) continue;
    const sorted = held.toSorted((a, b) => a.address - b.address);
    sorted.forEach((block, j) => assert.ok(j === 0 || sorted[j - 1]!.address + sorted[j - 1]!.bytes <= block.address));
  }
  assert.ok(refused > 0);
  held.forEach(heap.free);
  // Everything is merged again, units of small blocks included.
  assert.equal(heap.allocate(56 * MIB).bytes, 56 * MIB);
});

Deno.test("a small block still finds a place when all units belong to large ones, and a large one among small ones", () => {
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
  const heap = createHeap(memory, 4096, { limit: 16 * MIB });
  const large = [heap.allocate(6 * MIB), heap.allocate(5 * MIB)];
  const small: Block[] = [];
  assert.throws(() => {
    for (;;) small.push(heap.allocate(4096));
  }, { code: "tensor.memory" });
  assert.ok(small.length * 4096 > 4.9 * MIB, String(small.length));
  large.forEach(heap.free);
  small.slice(8).forEach(heap.free);
  assert.equal(heap.allocate(14 * MIB).bytes, 14 * MIB);
});

Deno.test("blocks of one phase take the place of slightly smaller ones of the phase before", () => {
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
  const heap = createHeap(memory, 4096);
  // As activations and gradients do: what a layer kept is freed from the last layer to the first, while its gradients come.
  for (let step = 0; step < 3; step++) {
    const layers = Array.from(
      { length: 60 },
      () => [1.125, 1.125, 1.125, 3, 3, 3].map((size) => heap.allocate(size * MIB)),
    );
    const gradients: Block[] = [];
    for (const layer of layers.reverse()) {
      layer.forEach(heap.free);
      for (const size of [1.266, 1.266, 3.375, 3.375]) gradients.push(heap.allocate(size * MIB));
    }
    gradients.forEach(heap.free);
  }
  const share = heap.reservedBytes() / heap.peakBytes();
  assert.ok(share < 1.25, `${share.toFixed(2)} times the bytes in use`);
});
