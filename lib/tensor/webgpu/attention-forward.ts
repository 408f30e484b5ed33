// Attention's output on WebGPU (FlashAttention-2, arXiv 2307.08691, algorithm 1).
import {
  accumulate,
  clearRows,
  eachOfFour,
  eachPart,
  keyOf,
  QUERY_TILE,
  queryDeclarations,
  rowWriter,
  UNIFORMS,
  VECTOR,
  writeRows,
} from "./attention-code.ts";
import { SPANS } from "./attention-documents.ts";
import type { AttentionLayout } from "./attention-layout.ts";
import { type Program, program } from "./program.ts";

/**
 * Reads q, k, v and spans; writes the output and, into the first half of `rowStats` `[2, B, H, T4]`, the logarithm of the
 * sum of each query's exponentials.
 */
export function attentionProgram(layout: AttentionLayout): Program {
  return program(keyOf("attention", layout), () => ({
    reads: { q: VECTOR, k: VECTOR, v: VECTOR, spans: SPANS },
    writes: { out: VECTOR, rowStats: VECTOR },
    uniforms: UNIFORMS,
    size: layout.threads,
    declarations: [
      queryDeclarations(layout),
      rowWriter("out", "queries"),
      `var<workgroup> exchange: array<vec4<f32>, THREADS>;`,
      SCALE_ROWS,
    ].join("\n"),
    main: `${QUERY_TILE}
  // of each row: the largest score so far and the sum of the exponentials of the scores less it
  var largest = vec4<f32>(NOTHING);
  var total = vec4<f32>(0.0);
${clearRows(layout, "out")}
  for (var start = begin; start < end; start += COLUMNS) {
    let count = min(COLUMNS, end - start);
    load_k_column(lane, batch, keyHead, start);
    workgroupBarrier();
    var block = queryScores(x, y);
${
      eachOfFour((j) => `
    let key${j} = start + x + ${j}u * ACROSS;
    let allowed${j} = (vec4<u32>(key${j}) <= positions) & sameDocument(batch, key${j}, documents);
    block[${j}] = select(vec4<f32>(NOTHING), block[${j}], allowed${j});`)
    }
    exchange[x * DOWN + y] = max(max(block[0], block[1]), max(block[2], block[3]));
    workgroupBarrier();
    let before = largest;
    for (var i = 0u; i < min(ACROSS, count); i++) { largest = max(largest, exchange[i * DOWN + y]); }
${eachOfFour((j) => `    block[${j}] = select(vec4<f32>(0.0), exp(block[${j}] - largest), allowed${j});`)}
    let fade = exp(before - largest);
    total = total * fade + block[0] + block[1] + block[2] + block[3];
${eachPart(layout, (p) => `    out${p} = scaleRows(out${p}, fade);`)}
    shareWeights(x, y, block);
    load_v_column(lane, batch, keyHead, start);
    workgroupBarrier();
${accumulate(layout, "out")}
    workgroupBarrier();
  }
  exchange[x * DOWN + y] = total;
  workgroupBarrier();
  total = vec4<f32>(0.0);
  for (var i = 0u; i < min(ACROSS, end - begin); i++) { total += exchange[i * DOWN + y]; }
  if (x == 0u && row0 + 4u * y < uniforms.T) {
    rowStats[(batch * uniforms.H + head) * blocks() + row0 / 4u + y] = largest + log(total);
  }
${eachPart(layout, (p) => `  out${p} = scaleRows(out${p}, 1.0 / total);`)}
${writeRows(layout, "out", "out", "batch", "head")}`,
  }));
}

const SCALE_ROWS = `
fn scaleRows(rows: mat4x4<f32>, factors: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(rows[0] * factors.x, rows[1] * factors.y, rows[2] * factors.z, rows[3] * factors.w);
}`;
