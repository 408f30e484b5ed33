// Embedding lookup on WebGPU, and its gradient without atomics: the positions of each id form a linked list, and each row
// of the gradient adds up its own list in order.
import type * as tf from "@tensorflow/tfjs";
import { checkIds, EMBEDDING, EMBEDDING_GRAD } from "../ops/embedding.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { type KernelFunction, perElement, register, sizeOf, stockKernel } from "./kernel.ts";
import { lanesFor } from "./program.ts";

type Info = tf.TensorInfo;

const embedding: KernelFunction = ({ inputs: { table, ids }, backend }) => {
  backend.check(table!);
  const [vocab, d] = table!.shape as [number, number];
  const [rows] = ids!.shape as [number];
  checkNewIds(backend, ids!, vocab);
  const { width, type } = lanesFor(d);
  const steps = d / width;
  const y = backend.output([rows, d]);
  perElement(backend, {
    key: `embedding ${type}`,
    count: rows * steps,
    reads: { table: [type, table!], ids: ["i32", ids!] },
    writes: { y: [type, y] },
    uniforms: { steps },
    body: () => "  y[i] = table[u32(ids[i / uniforms.steps]) * uniforms.steps + i % uniforms.steps];",
  });
  return y;
};

/**
 * Checks ids if JavaScript still has them, as with a new batch.
 *
 * @throws UserError `tensor.dtype`, `tensor.index`
 */
export function checkNewIds(backend: StitchbookWebGPU, ids: Info, vocab: number): void {
  backend.check(ids, "int32");
  checkIds(backend.hostValues(ids) ?? [], vocab);
}

/**
 * For each of `rows` ids, the sum of the rows of `dy` with that id.
 *
 * @param ids int32 `[n]`; ids outside of `[0, rows)` are skipped
 * @param dy float32 `[n, …]`
 */
function sumById(backend: StitchbookWebGPU, ids: Info, dy: Info, rows: number): Info {
  const n = sizeOf(ids.shape);
  const d = sizeOf(dy.shape) / n;
  const out = backend.output([rows, ...dy.shape.slice(ids.shape.length)]);
  // positions count from 1; 0 ends a list
  const first = backend.output([rows], "int32");
  const next = backend.output([n], "int32");
  const lists = { first: ["i32", first], next: ["i32", next] } as const;
  perElement(backend, {
    key: "clearLists",
    count: Math.max(rows, n),
    reads: {},
    writes: lists,
    uniforms: { rows, ids: n },
    body: () => `
  if (i < uniforms.rows) { first[i] = 0; }
  if (i < uniforms.ids) { next[i] = 0; }`,
  });
  perElement(backend, {
    key: "linkIds",
    count: n,
    reads: { ids: ["i32", ids] },
    writes: lists,
    uniforms: { rows },
    body: () => `
  let id = ids[i];
  if (id < 0 || u32(id) >= uniforms.rows) { return; }
  var before = i;
  while (before > 0u && ids[before - 1u] != id) { before--; }
  if (before == 0u) { first[id] = i32(i) + 1; } else { next[before - 1u] = i32(i) + 1; }`,
  });
  const { width, type } = lanesFor(d);
  const steps = d / width;
  perElement(backend, {
    key: `sumById ${type}`,
    count: rows * steps,
    reads: { dy: [type, dy], ...lists },
    writes: { out: [type, out] },
    uniforms: { steps },
    body: () => `
  var place = first[i / uniforms.steps];
  var sum = ${type}(0.0);
  while (place != 0) {
    sum += dy[u32(place - 1) * uniforms.steps + i % uniforms.steps];
    place = next[place - 1];
  }
  out[i] = sum;`,
  });
  for (const tensor of [first, next]) backend.release(tensor);
  return out;
}

const embeddingGrad: KernelFunction = ({ inputs: { ids, dy }, attrs, backend }) => {
  backend.check(dy!);
  backend.check(ids!, "int32");
  return sumById(backend, ids!, dy!, attrs["vocab"] as number);
};

register(EMBEDDING, embedding);
register(EMBEDDING_GRAD, embeddingGrad);

/** The gradient of `tf.gather`; the stock kernel uses atomics. */
const stock = stockKernel("UnsortedSegmentSum");
register("UnsortedSegmentSum", (call) => {
  const { x, segmentIds } = call.inputs as { x: Info; segmentIds: Info };
  const plain = x.dtype === "float32" && segmentIds.dtype === "int32" && segmentIds.shape.length === 1 &&
    sizeOf(x.shape) > 0;
  if (!plain) return stock(call);
  return sumById(call.backend, segmentIds, x, call.attrs["numSegments"] as number);
});
