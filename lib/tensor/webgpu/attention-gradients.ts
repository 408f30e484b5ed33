// Attention's gradients on WebGPU (FlashAttention-2, arXiv 2307.08691, algorithm 2). The queries' gradient and the keys'
// and values' are computed by separate programs, so that no two workgroups add to the same number.
import {
  accumulate,
  clearRows,
  common,
  eachOfFour,
  keyOf,
  QUERY_TILE,
  queryDeclarations,
  rowTile,
  rowWriter,
  tileLoader,
  UNIFORMS,
  VECTOR,
  writeRows,
} from "./attention-code.ts";
import { DOCUMENT_FUNCTIONS, documentLimit, SPANS } from "./attention-documents.ts";
import type { AttentionLayout } from "./attention-layout.ts";
import { type Program, program } from "./program.ts";
import { ROW_THREADS, rowFunction, rowStart } from "./row-sums.ts";

/** Reads the output and its gradient; writes `Σ dy ∘ out` of each query into the second half of `rowStats`. */
export function rowDotsProgram(sharers: number): Program {
  return program(`attentionRowDots ${sharers}`, (features) => ({
    reads: { out: VECTOR, dy: VECTOR },
    writes: { rowStats: "f32" },
    uniforms: { rows: "u32", steps: "u32", T: "u32", H: "u32" },
    size: ROW_THREADS,
    declarations: rowFunction(features, "rowSum", sharers, "sum"),
    main: `${rowStart(sharers)}
  var dots = 0.0;
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) {
      dots += dot(out[row * uniforms.steps + i], dy[row * uniforms.steps + i]);
    }
  }
  let sum = rowSum(lane, share, dots);
  if (inside && share == 0u) {
    let head = row % uniforms.H;
    let t = row / uniforms.H % uniforms.T;
    let batch = row / uniforms.H / uniforms.T;
    let B = uniforms.rows / uniforms.H / uniforms.T;
    let T4 = (uniforms.T + 3u) / 4u * 4u;
    rowStats[((B + batch) * uniforms.H + head) * T4 + t] = sum;
  }`,
  }));
}

/** Reads q, k, v, the output's gradient, `rowStats` and spans; writes dq. */
export function queryGradientProgram(layout: AttentionLayout): Program {
  return program(keyOf("attentionGradQ", layout), () => ({
    reads: { q: VECTOR, k: VECTOR, v: VECTOR, dy: VECTOR, rowStats: VECTOR, spans: SPANS },
    writes: { dq: VECTOR },
    uniforms: UNIFORMS,
    size: layout.threads,
    declarations: [
      queryDeclarations(layout),
      rowTile(layout, "dy"),
      tileLoader("dy", "queries", "dy"),
      rowWriter("dq", "queries"),
    ].join("\n"),
    main: `${QUERY_TILE}
  let logSums = rowStats[(batch * uniforms.H + head) * blocks() + row0 / 4u + y];
  let rowDots = rowStats[((uniforms.B + batch) * uniforms.H + head) * blocks() + row0 / 4u + y];
  load_dy_dy(lane, batch, head, row0);
${clearRows(layout, "dq")}
  for (var start = begin; start < end; start += COLUMNS) {
    let count = min(COLUMNS, end - start);
    load_v_column(lane, batch, keyHead, start);
    workgroupBarrier();
    let gradients = dyScores(x, y); // of the weights
    workgroupBarrier();
    load_k_column(lane, batch, keyHead, start);
    workgroupBarrier();
    var block = queryScores(x, y);
${
      eachOfFour((j) => `
    let key${j} = start + x + ${j}u * ACROSS;
    let allowed${j} = (vec4<u32>(key${j}) <= positions) & sameDocument(batch, key${j}, documents);
    let gradient${j} = exp(block[${j}] - logSums) * (gradients[${j}] - rowDots) * uniforms.scale;
    block[${j}] = select(vec4<f32>(0.0), gradient${j}, allowed${j});`)
    }
    shareWeights(x, y, block);
    workgroupBarrier();
${accumulate(layout, "dq")}
    workgroupBarrier();
  }
${writeRows(layout, "dq", "dq", "batch", "head")}`,
  }));
}

/**
 * Reads q, k, v, the output's gradient, `rowStats` and spans; writes dk and dv, `[H / G, B, S, G, D]`. The rows are keys,
 * and the columns the queries of one head; what the query heads of one key head contribute is still to be summed.
 */
export function keyGradientProgram(layout: AttentionLayout): Program {
  return program(keyOf("attentionGradKV", layout), () => ({
    reads: { q: VECTOR, k: VECTOR, v: VECTOR, dy: VECTOR, rowStats: VECTOR, spans: SPANS },
    writes: { dk: VECTOR, dv: VECTOR },
    uniforms: UNIFORMS,
    size: layout.threads,
    declarations: [
      common(layout),
      rowTile(layout, "key"),
      rowTile(layout, "value"),
      tileLoader("k", "keys", "key"),
      tileLoader("v", "keys", "value"),
      tileLoader("q", "queries", "column", " * uniforms.scale"),
      tileLoader("dy", "queries", "column"),
      rowWriter("dk", "keys"),
      rowWriter("dv", "keys"),
      DOCUMENT_FUNCTIONS,
      documentLimit("lastQuery"),
    ].join("\n"),
    main: `
  let x = lane % ACROSS;
  let y = lane / ACROSS;
  let tiles = (uniforms.S + ROWS - 1u) / ROWS;
  let row0 = (group % tiles) * ROWS;
  let head = group / tiles % uniforms.H;
  let batch = group / tiles / uniforms.H;
  let sharing = uniforms.H / uniforms.G;
  let keyHead = head / sharing;
  let past = uniforms.S - uniforms.T;
  let keys = vec4<u32>(row0 + 4u * y) + FOUR;
  let documents = documentsOf(batch, row0 + 4u * y);
  load_k_key(lane, batch, keyHead, row0);
  load_v_value(lane, batch, keyHead, row0);
${clearRows(layout, "dk")}
${clearRows(layout, "dv")}
  let begin = (max(row0, past) - past) / COLUMNS * COLUMNS;
  let end = lastQuery(lane, batch, row0) + 1u;
  for (var start = begin; start < end; start += COLUMNS) {
    let count = min(COLUMNS, end - start);
    load_q_column(lane, batch, head, start);
    workgroupBarrier();
    var block = keyScores(x, y);
${
      eachOfFour((j) => `
    let query${j} = start + x + ${j}u * ACROSS;
    let inside${j} = (keys <= vec4<u32>(past + query${j})) & vec4<bool>(query${j} < uniforms.T);
    let allowed${j} = inside${j} & sameDocument(batch, query${j}, documents);
    let stats${j} = (batch * uniforms.H + head) * blocks() + query${j} / 4u;
    let logSum${j} = rowStats[stats${j}][query${j} % 4u];
    block[${j}] = select(vec4<f32>(0.0), exp(block[${j}] - logSum${j}), allowed${j});`)
    }
    shareWeights(x, y, block);
    workgroupBarrier();
    load_dy_column(lane, batch, head, start);
    workgroupBarrier();
${accumulate(layout, "dv")}
    let gradients = valueScores(x, y); // of the weights
    workgroupBarrier();
${
      eachOfFour((j) => `
    let rowDot${j} = rowStats[uniforms.B * uniforms.H * blocks() + stats${j}][query${j} % 4u];
    block[${j}] = select(vec4<f32>(0.0), block[${j}] * (gradients[${j}] - rowDot${j}), allowed${j});`)
    }
    shareWeights(x, y, block);
    load_q_column(lane, batch, head, start);
    workgroupBarrier();
${accumulate(layout, "dk")}
    workgroupBarrier();
  }
${writeRows(layout, "dk", "dk", "head % sharing * uniforms.B + batch", "keyHead")}
${writeRows(layout, "dv", "dv", "head % sharing * uniforms.B + batch", "keyHead")}`,
  }));
}
