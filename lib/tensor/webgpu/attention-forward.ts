// Attention's output on WebGPU (FlashAttention-2, arXiv 2307.08691).
import {
  accumulate,
  type AttentionLayout,
  combineRows,
  each,
  headReader,
  headType,
  load,
  outputs,
  scores,
  shareWeights,
  tiles,
  writeHead,
} from "./attention-code.ts";
import {
  allowKeys,
  columnsOf,
  keyOf,
  NOTHING,
  place,
  rowDocuments,
  spanLimit,
  spanReads,
  UNIFORMS,
} from "./attention-place.ts";
import { type Program, program } from "./program.ts";

/** Reads q, k, v; writes the output and, into the first half of `sums`, the log-sum-exp of each row: `[2, B, H, T]`. */
export function attentionProgram(layout: AttentionLayout, documents: boolean): Program {
  const type = headType(layout);
  return program(keyOf("attention", layout, documents), () => ({
    reads: { q: type, k: type, v: type, ...spanReads(documents) },
    writes: { out: type, sums: "f32" },
    uniforms: UNIFORMS,
    size: layout.threads,
    declarations: ["q", "k", "v"].map((name) => headReader(layout, name)).join("\n") + tiles(layout, ["query"]) +
      spanLimit(layout, documents, "min", "T"),
    main: `${place(layout, "T")}
  let other = owner / (uniforms.H / uniforms.G);
  let positions = vec4<u32>(past + row0 + y * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
${rowDocuments(documents, "T")}
${
      load(layout, {
        ...{ tile: "query", buffer: "q", first: "row0", end: "uniforms.T", scale: "uniforms.scale" },
        ...{ firstHead: "batch * uniforms.T * uniforms.H + owner", stepHeads: "uniforms.H" },
      })
    }
  var most = vec4<f32>(${NOTHING});
  var total = vec4<f32>(0.0);
${outputs(layout, "o").map((name) => `  var ${name} = vec4<f32>(0.0);`).join("\n")}
  let begin = ${documents ? `limitOf(lane, batch, row0) / ${layout.columns}u * ${layout.columns}u` : "0u"};
  let end = min(uniforms.S, past + row0 + ${layout.rows}u);
  for (var column0 = begin; column0 < end; column0 += ${layout.columns}u) {
${load(layout, columnsOf("k", "column0", "uniforms.S", "uniforms.G"))}
    workgroupBarrier();
${scores(layout, "s", "query")}
${allowKeys(layout, documents)}
${each(4).map((j) => `    s${j} = select(vec4<f32>(${NOTHING}), s${j}, allowed${j});`).join("\n")}
    let largest = max(max(s0, s1), max(s2, s3));
${combineRows(layout, "largest", (a, b) => `max(${a}, ${b})`)}
    let now = max(most, largestAll);
    let fade = exp(most - now);
    most = now;
${each(4).map((j) => `    s${j} = select(vec4<f32>(0.0), exp(s${j} - now), allowed${j});`).join("\n")}
    total = total * fade + s0 + s1 + s2 + s3;
${each(4).flatMap((i) => each(layout.perThread).map((p) => `    o${i}_${p} *= fade[${i}];`)).join("\n")}
${shareWeights(layout, "s")}
${load(layout, columnsOf("v", "column0", "uniforms.S", "uniforms.G"))}
    workgroupBarrier();
${accumulate(layout, "o")}
    workgroupBarrier();
  }
${combineRows(layout, "total", (a, b) => `${a} + ${b}`)}
${
      each(4).map((i) => `
  {
    let row = row0 + y * 4u + ${i}u;
    if (row < uniforms.T) {
      let head = (batch * uniforms.T + row) * uniforms.H + owner;
${
        each(layout.perThread).map((p) =>
          `      { let value = o${i}_${p} / totalAll[${i}]; let part = x + ${p * layout.across}u; ${
            writeHead(layout, "out", "head", "part", "value")
          } }`
        ).join("\n")
      }
      if (x == 0u) {
        sums[(batch * uniforms.H + owner) * uniforms.T + row] = most[${i}] + log(totalAll[${i}]);
      }
    }
  }`).join("")
    }`,
  }));
}
