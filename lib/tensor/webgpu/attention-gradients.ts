// Attention's gradients on WebGPU (FlashAttention-2, arXiv 2307.08691), those of the queries and of the keys and values
// apart, so that no number is added to by two workgroups.
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
import { allowKeys, columnsOf, keyOf, place, rowDocuments, spanLimit, spanReads, UNIFORMS } from "./attention-place.ts";
import { type Program, program } from "./program.ts";

/** Reads q, k, v, the output and its gradient; writes dq and, into the second half of `sums`, `Σ dy ∘ out` of each row. */
export function queryGradientProgram(layout: AttentionLayout, documents: boolean): Program {
  const type = headType(layout);
  return program(keyOf("attentionGradQ", layout, documents), () => ({
    reads: { q: type, k: type, v: type, out: type, dy: type, ...spanReads(documents) },
    writes: { dq: type, sums: "f32" },
    uniforms: UNIFORMS,
    size: layout.threads,
    declarations: ["q", "k", "v", "out", "dy"].map((name) => headReader(layout, name)).join("\n") +
      tiles(layout, ["query", "dy"]) + spanLimit(layout, documents, "min", "T"),
    main: `${place(layout, "T")}
  let other = owner / (uniforms.H / uniforms.G);
  let positions = vec4<u32>(past + row0 + y * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
${rowDocuments(documents, "T")}
${
      ["query q uniforms.scale", "dy dy"].map((words) => {
        const [tile, buffer, scale] = words.split(" ") as [string, string, string | undefined];
        return load(layout, {
          ...{ tile, buffer, first: "row0", end: "uniforms.T", ...(scale === undefined ? {} : { scale }) },
          ...{ firstHead: "batch * uniforms.T * uniforms.H + owner", stepHeads: "uniforms.H" },
        });
      }).join("")
    }
  workgroupBarrier();
  var some = vec4<f32>(0.0);
  var logs = vec4<f32>(0.0);
${
      each(4).map((i) => `
  if (row0 + y * 4u + ${i}u < uniforms.T) {
    let row = row0 + y * 4u + ${i}u;
    let head = (batch * uniforms.T + row) * uniforms.H + owner;
    logs[${i}] = sums[(batch * uniforms.H + owner) * uniforms.T + row];
    for (var d = x; d < ${layout.vectors}u; d += ${layout.across}u) {
      some[${i}] += dot(dyTile[(y * 4u + ${i}u) * ${layout.stride}u + d], outAt(head, d));
    }
  }`).join("")
    }
${combineRows(layout, "some", (a, b) => `${a} + ${b}`)}
${
      each(4).map((i) => `
  if (x == 0u && row0 + y * 4u + ${i}u < uniforms.T) {
    sums[((uniforms.B + batch) * uniforms.H + owner) * uniforms.T + row0 + y * 4u + ${i}u] = someAll[${i}];
  }`).join("")
    }
${outputs(layout, "g").map((name) => `  var ${name} = vec4<f32>(0.0);`).join("\n")}
  let begin = ${documents ? `limitOf(lane, batch, row0) / ${layout.columns}u * ${layout.columns}u` : "0u"};
  let end = min(uniforms.S, past + row0 + ${layout.rows}u);
  for (var column0 = begin; column0 < end; column0 += ${layout.columns}u) {
${load(layout, columnsOf("v", "column0", "uniforms.S", "uniforms.G"))}
    workgroupBarrier();
${scores(layout, "d", "dy")}
    workgroupBarrier();
${load(layout, columnsOf("k", "column0", "uniforms.S", "uniforms.G"))}
    workgroupBarrier();
${scores(layout, "s", "query")}
${allowKeys(layout, documents)}
${
      each(4).map((j) =>
        `    s${j} = select(vec4<f32>(0.0), exp(s${j} - logs) * (d${j} - someAll), allowed${j}) * uniforms.scale;`
      ).join("\n")
    }
${shareWeights(layout, "s")}
    workgroupBarrier();
${accumulate(layout, "g")}
    workgroupBarrier();
  }
${writeRows(layout, "dq", "g", "T", "(batch * uniforms.T + row) * uniforms.H + owner")}`,
  }));
}

/** Statements that write an invocation's outputs: its row `row` goes to the head numbered `head`. */
function writeRows(layout: AttentionLayout, buffer: string, name: string, length: string, head: string): string {
  const parts = (i: number) =>
    each(layout.perThread).map((p) =>
      `    { let part = x + ${p * layout.across}u; ${writeHead(layout, buffer, "head", "part", `${name}${i}_${p}`)} }`
    ).join("\n");
  return each(4).map((i) => `
  if (row0 + y * 4u + ${i}u < uniforms.${length}) {
    let row = row0 + y * 4u + ${i}u;
    let head = ${head};
${parts(i)}
  }`).join("");
}

/**
 * Reads q, k, v, the output's gradient and `sums`; writes dk and dv, `[H / G, B, S, G, D]`. The rows are keys, and the
 * columns the queries of one head; the parts that the heads of a group have in the gradients are still to be summed.
 */
export function keyGradientProgram(layout: AttentionLayout, documents: boolean): Program {
  const type = headType(layout);
  const query = (buffer: string, scale?: string) =>
    load(layout, columnsOf(buffer, "column0", "uniforms.T", "uniforms.H", scale));
  return program(keyOf("attentionGradKV", layout, documents), () => ({
    reads: { q: type, k: type, v: type, dy: type, sums: "f32", ...spanReads(documents) },
    writes: { dk: type, dv: type },
    uniforms: UNIFORMS,
    size: layout.threads,
    declarations: ["q", "k", "v", "dy"].map((name) => headReader(layout, name)).join("\n") +
      tiles(layout, ["key", "value"]) + spanLimit(layout, documents, "max", "S"),
    main: `${place(layout, "S")}
  let other = owner;
  let sharing = uniforms.H / uniforms.G;
  let keys = vec4<u32>(row0 + y * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
${rowDocuments(documents, "S")}
${
      ["key k", "value v"].map((words) => {
        const [tile, buffer] = words.split(" ") as [string, string];
        return load(layout, {
          ...{ tile, buffer, first: "row0", end: "uniforms.S" },
          ...{ firstHead: "batch * uniforms.S * uniforms.G + owner / sharing", stepHeads: "uniforms.G" },
        });
      }).join("")
    }
${[...outputs(layout, "gk"), ...outputs(layout, "gv")].map((name) => `  var ${name} = vec4<f32>(0.0);`).join("\n")}
  let begin = (max(row0, past) - past) / ${layout.columns}u * ${layout.columns}u;
  let end = ${documents ? "limitOf(lane, batch, row0) + 1u" : "uniforms.T"};
  for (var column0 = begin; column0 < end; column0 += ${layout.columns}u) {
${query("q", "uniforms.scale")}
    workgroupBarrier();
${scores(layout, "s", "key")}
${
      each(4).map((j) => `
    let query${j} = column0 + x + ${j * layout.across}u;
    let at${j} = (batch * uniforms.H + other) * uniforms.T + min(query${j}, uniforms.T - 1u);
    let allowed${j} = (keys <= vec4<u32>(past + query${j})) & vec4<bool>(query${j} < uniforms.T)${
        documents ? ` & (vec4<i32>(spans[batch * uniforms.T + min(query${j}, uniforms.T - 1u)]) == rowDocuments)` : ""
      };
    s${j} = select(vec4<f32>(0.0), exp(s${j} - sums[at${j}]), allowed${j});`).join("")
    }
${shareWeights(layout, "s")}
    workgroupBarrier();
${query("dy")}
    workgroupBarrier();
${accumulate(layout, "gv")}
${scores(layout, "d", "value")}
    workgroupBarrier();
${each(4).map((j) => `      s${j} *= d${j} - sums[uniforms.B * uniforms.H * uniforms.T + at${j}];`).join("\n")}
${shareWeights(layout, "s")}
${query("q", "uniforms.scale")}
    workgroupBarrier();
${accumulate(layout, "gk")}
    workgroupBarrier();
  }
${writeRows(layout, "dk", "gk", "S", SHARE)}
${writeRows(layout, "dv", "gv", "S", SHARE)}`,
  }));
}

/** The number of the head that a part of the keys' gradient goes to. */
const SHARE = "((owner % sharing * uniforms.B + batch) * uniforms.S + row) * uniforms.G + owner / sharing";
