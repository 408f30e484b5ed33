// Attention's programs: the output, the queries' gradient, the keys' and values' gradient (FlashAttention-2, arXiv
// 2307.08691, with the two gradients apart, so that no number is added to by two workgroups).
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
import { type Program, program } from "./program.ts";

const UNIFORMS = { B: "u32", T: "u32", S: "u32", H: "u32", G: "u32", scale: "f32" };

/** The least that a score can be: finite, because a difference of infinities is not a number. */
const NOTHING = "-1.0e30";

/** Where an invocation is, and which head it works on: `owner` heads a batch, tiles from the last to the first. */
function place(layout: AttentionLayout, length: string, owners: string): string {
  return `
  let x = lane % ${layout.across}u;
  let y = lane / ${layout.across}u;
  let tileCount = (uniforms.${length} + ${layout.rows - 1}u) / ${layout.rows}u;
  let tile = tileCount - 1u - group % tileCount;
  let owner = (group / tileCount) % uniforms.${owners};
  let batch = group / tileCount / uniforms.${owners};
  let row0 = tile * ${layout.rows}u;
  let past = uniforms.S - uniforms.T;`;
}

const key = (name: string, { D, rows, columns }: AttentionLayout, documents: boolean) =>
  `${name} ${D} ${rows}x${columns} ${documents}`;

/** Documents, first and last positions, `[3, B, T]`: one buffer, because some devices bind only eight. */
function spanReads(documents: boolean): Record<string, string> {
  return documents ? { spans: "i32" } : {};
}

/**
 * Declares `limitOf()`: the first position of the documents of a tile's rows, or the last, the same for all invocations.
 */
function spanLimit(layout: AttentionLayout, documents: boolean, choose: "min" | "max", length: string): string {
  if (!documents) return "";
  const part = choose === "min" ? 1 : 2;
  return `
var<workgroup> spanLimit: u32;
fn limitOf(lane: u32, batch: u32, row0: u32) -> u32 {
  if (lane == 0u) {
    let base = (${part}u * uniforms.B + batch) * uniforms.${length};
    var limit = u32(spans[base + row0]);
    for (var r = row0 + 1u; r < min(row0 + ${layout.rows}u, uniforms.${length}); r++) {
      limit = ${choose}(limit, u32(spans[base + r]));
    }
    spanLimit = limit;
  }
  return workgroupUniformLoad(&spanLimit);
}`;
}

/** Tile vectors over four rows: their documents, or nothing. */
function rowDocuments(documents: boolean, length: string): string {
  if (!documents) return "";
  const at = (i: number) => `spans[batch * uniforms.${length} + min(row0 + y * 4u + ${i}u, uniforms.${length} - 1u)]`;
  return `  let rowDocuments = vec4<i32>(${each(4).map(at).join(", ")});`;
}

/** `allowed{j}` over rows that are queries, for a column that is a key. */
function allowKeys({ across }: AttentionLayout, documents: boolean): string {
  return each(4).map((j) => `
    let key${j} = column0 + x + ${j * across}u;
    let allowed${j} = (vec4<u32>(key${j}) <= positions) & vec4<bool>(key${j} < uniforms.S)${
    documents ? ` & (vec4<i32>(spans[batch * uniforms.S + min(key${j}, uniforms.S - 1u)]) == rowDocuments)` : ""
  };`).join("");
}

/** Reads q, k, v; writes the output and, into the first half of `sums`, the log-sum-exp of each row: `[2, B, H, T]`. */
export function attentionProgram(layout: AttentionLayout, documents: boolean): Program {
  const type = headType(layout);
  return program({
    key: key("attention", layout, documents),
    reads: { q: type, k: type, v: type, ...spanReads(documents) },
    writes: { out: type, sums: "f32" },
    uniforms: UNIFORMS,
    size: layout.threads,
    declarations: ["q", "k", "v"].map((name) => headReader(layout, name)).join("\n") + tiles(layout, ["query"]) +
      spanLimit(layout, documents, "min", "T"),
    main: `${place(layout, "T", "H")}
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
  });
}

/** A column tile of keys or values, by the key-value head `other`; or of queries, by the head `other`. */
function columnsOf(buffer: string, first: string, end: string, heads: string, scale?: string) {
  const firstHead = `batch * ${end} * ${heads} + other`;
  return { tile: "column", buffer, first, end, firstHead, stepHeads: heads, ...(scale === undefined ? {} : { scale }) };
}

/** Reads q, k, v, the output and its gradient; writes dq and, into the second half of `sums`, `Σ dy ∘ out` of each row. */
export function queryGradientProgram(layout: AttentionLayout, documents: boolean): Program {
  const type = headType(layout);
  return program({
    key: key("attentionGradQ", layout, documents),
    reads: { q: type, k: type, v: type, out: type, dy: type, ...spanReads(documents) },
    writes: { dq: type, sums: "f32" },
    uniforms: UNIFORMS,
    size: layout.threads,
    declarations: ["q", "k", "v", "out", "dy"].map((name) => headReader(layout, name)).join("\n") +
      tiles(layout, ["query", "dy"]) + spanLimit(layout, documents, "min", "T"),
    main: `${place(layout, "T", "H")}
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
${writeRows(layout, "dq", "g", "T", "H")}`,
  });
}

/** Statements that write an invocation's outputs into the owner's rows. */
function writeRows(layout: AttentionLayout, buffer: string, name: string, length: string, owners: string): string {
  return each(4).map((i) => `
  if (row0 + y * 4u + ${i}u < uniforms.${length}) {
    let head = (batch * uniforms.${length} + row0 + y * 4u + ${i}u) * uniforms.${owners} + owner;
${
    each(layout.perThread).map((p) =>
      `    { let part = x + ${p * layout.across}u; ${writeHead(layout, buffer, "head", "part", `${name}${i}_${p}`)} }`
    ).join("\n")
  }
  }`).join("");
}

/**
 * Reads q, k, v, the output's gradient and `sums`; writes dk and dv. The rows are keys; each goes through the queries of
 * all heads that read its own.
 */
export function keyGradientProgram(layout: AttentionLayout, documents: boolean): Program {
  const type = headType(layout);
  const query = (buffer: string, scale?: string) =>
    load(layout, columnsOf(buffer, "column0", "uniforms.T", "uniforms.H", scale));
  return program({
    key: key("attentionGradKV", layout, documents),
    reads: { q: type, k: type, v: type, dy: type, sums: "f32", ...spanReads(documents) },
    writes: { dk: type, dv: type },
    uniforms: UNIFORMS,
    size: layout.threads,
    declarations: ["q", "k", "v", "dy"].map((name) => headReader(layout, name)).join("\n") +
      tiles(layout, ["key", "value"]) + spanLimit(layout, documents, "max", "S"),
    main: `${place(layout, "S", "G")}
  let keys = vec4<u32>(row0 + y * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
${rowDocuments(documents, "S")}
${
      ["key k", "value v"].map((words) => {
        const [tile, buffer] = words.split(" ") as [string, string];
        return load(layout, {
          ...{ tile, buffer, first: "row0", end: "uniforms.S" },
          ...{ firstHead: "batch * uniforms.S * uniforms.G + owner", stepHeads: "uniforms.G" },
        });
      }).join("")
    }
${[...outputs(layout, "gk"), ...outputs(layout, "gv")].map((name) => `  var ${name} = vec4<f32>(0.0);`).join("\n")}
  let begin = (max(row0, past) - past) / ${layout.columns}u * ${layout.columns}u;
  let end = ${documents ? "limitOf(lane, batch, row0) + 1u" : "uniforms.T"};
  let sharing = uniforms.H / uniforms.G;
  for (var other = owner * sharing; other < (owner + 1u) * sharing; other++) {
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
  }
${writeRows(layout, "dk", "gk", "S", "G")}
${writeRows(layout, "dv", "gv", "S", "G")}`,
  });
}
