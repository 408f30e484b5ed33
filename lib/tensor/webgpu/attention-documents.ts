// WGSL that keeps attention within documents, and where their spans come from.
import type * as tf from "@tensorflow/tfjs";
import type { StitchbookWebGPU } from "./backend.ts";
import { perElement } from "./kernel.ts";

/**
 * WGSL type of `spans`, int32 `[3, B, T4]`: for each position its document, and the first and the last position with the
 * same document. T4 is T rounded up to a multiple of four; the positions past T repeat the last one.
 */
export const SPANS = "vec4<i32>";

/** Declares `documentsOf()` and `sameDocument()`, which do not read `spans` if there are no documents. */
export const DOCUMENT_FUNCTIONS = `
// The length of a row of positions, in blocks of four.
fn blocks() -> u32 { return (uniforms.T + 3u) / 4u; }

// The documents of four positions, the first a multiple of four.
fn documentsOf(batch: u32, first: u32) -> vec4<i32> {
  if (uniforms.hasDocuments == 0u) { return vec4<i32>(0); }
  return spans[batch * blocks() + first / 4u];
}

// Which of these documents a position belongs to.
fn sameDocument(batch: u32, position: u32, documents: vec4<i32>) -> vec4<bool> {
  if (uniforms.hasDocuments == 0u) { return vec4<bool>(true); }
  return vec4<i32>(spans[batch * blocks() + position / 4u][position % 4u]) == documents;
}`;

/**
 * Declares `firstKey()` or `lastQuery()`, the first or last position that a tile's documents reach; tiles of columns
 * beyond it are skipped. All invocations get the same value.
 */
export function documentLimit(name: "firstKey" | "lastQuery"): string {
  const { part, choose, start, unlimited } = name === "firstKey"
    ? { part: 1, choose: "min", start: "uniforms.T", unlimited: "0u" }
    : { part: 2, choose: "max", start: "0", unlimited: "uniforms.T - 1u" };
  return `
var<workgroup> documentLimit: u32;

fn ${name}(lane: u32, batch: u32, row0: u32) -> u32 {
  if (uniforms.hasDocuments == 0u) { return ${unlimited}; }
  if (lane == 0u) {
    var limits = vec4<i32>(i32(${start}));
    for (var block = row0 / 4u; block < min((row0 + ROWS) / 4u, blocks()); block++) {
      limits = ${choose}(limits, spans[(${part}u * uniforms.B + batch) * blocks() + block]);
    }
    documentLimit = u32(${choose}(${choose}(limits.x, limits.y), ${choose}(limits.z, limits.w)));
  }
  return workgroupUniformLoad(&documentLimit);
}`;
}

/** Writes `spans` of documents `[B, T]`. */
export function findSpans(backend: StitchbookWebGPU, documents: tf.TensorInfo, spans: tf.TensorInfo): void {
  const [B, T4] = spans.shape.slice(1) as [number, number];
  perElement(backend, {
    key: "documentSpans",
    count: B * T4,
    reads: { documents: ["i32", documents] },
    writes: { spans: ["i32", spans] },
    uniforms: { T: documents.shape[1]!, T4 },
    body: () => `
  let start = i / uniforms.T4 * uniforms.T;
  let end = start + uniforms.T;
  let document = documents[min(start + i % uniforms.T4, end - 1u)];
  var first = start;
  while (documents[first] != document) { first++; }
  var last = end - 1u;
  while (documents[last] != document) { last--; }
  spans[i] = document;
  spans[uniforms.count + i] = i32(first - start);
  spans[2u * uniforms.count + i] = i32(last - start);`,
  });
}
