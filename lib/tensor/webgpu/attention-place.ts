// Where an attention program's invocation is, which documents its rows belong to, and which scores count.
import { type AttentionLayout, each } from "./attention-code.ts";

export const UNIFORMS = { B: "u32", T: "u32", S: "u32", H: "u32", G: "u32", scale: "f32" };

/** The least that a score can be: finite, because a difference of infinities is not a number. */
export const NOTHING = "-1.0e30";

/**
 * Where an invocation is: the tile of rows and `owner`, the query head. The tiles with the most columns come first, so
 * that none of these is left for the end: the last queries, the first keys.
 */
export function place(layout: AttentionLayout, length: "T" | "S"): string {
  const tile = "group % tileCount";
  return `
  let x = lane % ${layout.across}u;
  let y = lane / ${layout.across}u;
  let tileCount = (uniforms.${length} + ${layout.rows - 1}u) / ${layout.rows}u;
  let tile = ${length === "T" ? `tileCount - 1u - ${tile}` : tile};
  let owner = (group / tileCount) % uniforms.H;
  let batch = group / tileCount / uniforms.H;
  let row0 = tile * ${layout.rows}u;
  let past = uniforms.S - uniforms.T;`;
}

export const keyOf = (name: string, { D, rows, columns }: AttentionLayout, documents: boolean) =>
  `${name} ${D} ${rows}x${columns} ${documents}`;

/** Documents, first and last positions, `[3, B, T]`: one buffer, because some devices bind only eight. */
export function spanReads(documents: boolean): Record<string, string> {
  return documents ? { spans: "i32" } : {};
}

/**
 * Declares `limitOf()`: the first position of the documents of a tile's rows, or the last, the same for all invocations.
 */
export function spanLimit(layout: AttentionLayout, documents: boolean, choose: "min" | "max", length: string): string {
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
export function rowDocuments(documents: boolean, length: string): string {
  if (!documents) return "";
  const at = (i: number) => `spans[batch * uniforms.${length} + min(row0 + y * 4u + ${i}u, uniforms.${length} - 1u)]`;
  return `  let rowDocuments = vec4<i32>(${each(4).map(at).join(", ")});`;
}

/** `allowed{j}` over rows that are queries, for a column that is a key. */
export function allowKeys({ across }: AttentionLayout, documents: boolean): string {
  return each(4).map((j) => `
    let key${j} = column0 + x + ${j * across}u;
    let allowed${j} = (vec4<u32>(key${j}) <= positions) & vec4<bool>(key${j} < uniforms.S)${
    documents ? ` & (vec4<i32>(spans[batch * uniforms.S + min(key${j}, uniforms.S - 1u)]) == rowDocuments)` : ""
  };`).join("");
}

/** A column tile of keys or values, by the key-value head `other`; or of queries, by the head `other`. */
export function columnsOf(buffer: string, first: string, end: string, heads: string, scale?: string) {
  const firstHead = `batch * ${end} * ${heads} + other`;
  return { tile: "column", buffer, first, end, firstHead, stepHeads: heads, ...(scale === undefined ? {} : { scale }) };
}
