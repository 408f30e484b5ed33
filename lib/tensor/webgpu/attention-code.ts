// WGSL shared by attention's programs (FlashAttention-2, arXiv 2307.08691). A workgroup holds a tile of rows (queries, or
// keys for their gradients) and loops over tiles of columns (keys, or queries); the scores stay in registers, so no T×T
// matrix is ever stored.
//
// Invocation (x, y) computes a 4×4 block of scores: rows 4y … 4y+3 and columns x, x+ACROSS, x+2·ACROSS, x+3·ACROSS. The
// block is a `mat4x4` whose column j holds the four rows' scores with column x+j·ACROSS. The weights made of the scores
// pass through workgroup memory; then the invocation accumulates vectors x, x+ACROSS, … of its four output rows, each in
// a `mat4x4` whose column i belongs to row 4y+i.
//
// Drivers unroll loops whose bounds they know, and some then compile for minutes. So the text depends on the tiling only:
// the head size is a uniform, and inner loops end where the data ends.
import { DOCUMENT_FUNCTIONS, documentLimit } from "./attention-documents.ts";
import type { AttentionLayout } from "./attention-layout.ts";
import { range } from "./program.ts";

/** WGSL type of the buffers of heads: the head size is a multiple of four. */
export const VECTOR = "vec4<f32>";

export const UNIFORMS = {
  B: "u32",
  T: "u32",
  S: "u32",
  H: "u32",
  G: "u32",
  vectors: "u32", // of four numbers, in a head
  hasDocuments: "u32", // whether `spans` is used; if not, each batch entry is one document
  scale: "f32", // of the scores
};

export const keyOf = (name: string, { rows, columns, parts }: AttentionLayout) =>
  `${name} ${rows}x${columns} ${parts} parts`;

/** WGSL for each of the four rows, or columns, of an invocation. */
export function eachOfFour(text: (i: number) => string): string {
  return range(4).map(text).join("\n");
}

/** WGSL for each output vector of an invocation. */
export function eachPart({ parts }: AttentionLayout, text: (part: number) => string): string {
  return range(parts).map(text).join("\n");
}

/** Declares the layout's sizes, the tile of columns, the weights and the functions on them. */
export function common({ rows, columns, across, down, threads, parts, stride, weightStride }: AttentionLayout): string {
  return `
const ROWS = ${rows}u;
const COLUMNS = ${columns}u;
const ACROSS = ${across}u;
const DOWN = ${down}u;
const THREADS = ${threads}u;
const TILE_VECTORS = ${parts * across}u; // in a row of a tile
const STRIDE = ${stride}u;
const WEIGHT_STRIDE = ${weightStride}u;
// The score of a pair that does not count. It is finite because a difference of infinities is NaN.
const NOTHING = -1.0e30;
const FOUR = vec4<u32>(0u, 1u, 2u, 3u);

var<workgroup> columnTile: array<vec4<f32>, ${columns * stride}>;
var<workgroup> weights: array<vec4<f32>, ${columns * weightStride}>;

fn shareWeights(x: u32, y: u32, block: mat4x4<f32>) {
  weights[x * WEIGHT_STRIDE + y] = block[0];
  weights[(x + ACROSS) * WEIGHT_STRIDE + y] = block[1];
  weights[(x + 2u * ACROSS) * WEIGHT_STRIDE + y] = block[2];
  weights[(x + 3u * ACROSS) * WEIGHT_STRIDE + y] = block[3];
}

// sum + the outer product of value and weight
fn addOuter(sum: mat4x4<f32>, value: vec4<f32>, weight: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(
    fma(value, vec4<f32>(weight.x), sum[0]),
    fma(value, vec4<f32>(weight.y), sum[1]),
    fma(value, vec4<f32>(weight.z), sum[2]),
    fma(value, vec4<f32>(weight.w), sum[3]),
  );
}`;
}

/** Declares a tile of rows and `${name}Scores()`, its products with the tile of columns. */
export function rowTile({ rows, stride }: AttentionLayout, name: string): string {
  return `
var<workgroup> ${name}Tile: array<vec4<f32>, ${rows * stride}>;

fn ${name}Scores(x: u32, y: u32) -> mat4x4<f32> {
  var scores: mat4x4<f32>;
  let row = 4u * y * STRIDE;
  let column = x * STRIDE;
  for (var d = 0u; d < uniforms.vectors; d++) {
    let rows = mat4x4<f32>(
      ${name}Tile[row + d],
      ${name}Tile[row + STRIDE + d],
      ${name}Tile[row + 2u * STRIDE + d],
      ${name}Tile[row + 3u * STRIDE + d],
    );
    scores[0] += columnTile[column + d] * rows;
    scores[1] += columnTile[column + ACROSS * STRIDE + d] * rows;
    scores[2] += columnTile[column + 2u * ACROSS * STRIDE + d] * rows;
    scores[3] += columnTile[column + 3u * ACROSS * STRIDE + d] * rows;
  }
  return scores;
}`;
}

/** Statements that add the weights' products with the tile of columns, of which `count` are in use, to `${name}0`, … */
export function accumulate(layout: AttentionLayout, name: string): string {
  return `
    for (var c = 0u; c < count; c++) {
      let weight = weights[c * WEIGHT_STRIDE + y];
${
    eachPart(layout, (p) =>
      `      ${name}${p} = addOuter(${name}${p}, columnTile[c * STRIDE + x + ${p}u * ACROSS], weight);`)
  }
    }`;
}

/** A buffer of heads: of queries `[B, T, H, D]`, or of keys `[B, S, G, D]`. */
export type HeadsKind = "queries" | "keys";

const SIZES = {
  queries: { length: "uniforms.T", heads: "uniforms.H" },
  keys: { length: "uniforms.S", heads: "uniforms.G" },
};

/** Declares `load_${buffer}_${tile}()`: loads a tile from row `first` of a head on, with zeros past the last row. */
export function tileLoader(buffer: string, kind: HeadsKind, tile: string, factor = ""): string {
  const { length, heads } = SIZES[kind];
  return `
fn load_${buffer}_${tile}(lane: u32, batch: u32, head: u32, first: u32) {
  for (var i = lane; i < ${tile === "column" ? "COLUMNS" : "ROWS"} * TILE_VECTORS; i += THREADS) {
    let line = i / TILE_VECTORS;
    let vector = i % TILE_VECTORS;
    let row = first + line;
    var value = vec4<f32>(0.0);
    if (row < ${length} && vector < uniforms.vectors) {
      value = ${buffer}[((batch * ${length} + row) * ${heads} + head) * uniforms.vectors + vector]${factor};
    }
    ${tile}Tile[line * STRIDE + vector] = value;
  }
}`;
}

/** Declares `write_${buffer}()`: writes a vector of each of an invocation's rows, the first of which is `row`. */
export function rowWriter(buffer: string, kind: HeadsKind): string {
  const { length, heads } = SIZES[kind];
  return `
fn write_${buffer}(batch: u32, head: u32, row: u32, vector: u32, values: mat4x4<f32>) {
  if (vector >= uniforms.vectors) { return; }
  let at = ((batch * ${length} + row) * ${heads} + head) * uniforms.vectors + vector;
  let step = ${heads} * uniforms.vectors;
${eachOfFour((i) => `  if (row + ${i}u < ${length}) { ${buffer}[at + ${i}u * step] = values[${i}]; }`)}
}`;
}

/** Statements that write the rows `${name}0`, … to a buffer. */
export function writeRows(layout: AttentionLayout, buffer: string, name: string, batch: string, head: string): string {
  return eachPart(
    layout,
    (p) => `  write_${buffer}(${batch}, ${head}, row0 + 4u * y, x + ${p}u * ACROSS, ${name}${p});`,
  );
}

/** Statements that declare and clear `${name}0`, …, an invocation's output. */
export function clearRows(layout: AttentionLayout, name: string): string {
  return eachPart(layout, (p) => `  var ${name}${p}: mat4x4<f32>;`);
}

/** What programs declare whose rows are queries, `q`, and whose columns are keys and values, `k` and `v`. */
export function queryDeclarations(layout: AttentionLayout): string {
  return [
    common(layout),
    rowTile(layout, "query"),
    tileLoader("q", "queries", "query", " * uniforms.scale"),
    tileLoader("k", "keys", "column"),
    tileLoader("v", "keys", "column"),
    DOCUMENT_FUNCTIONS,
    documentLimit("firstKey"),
  ].join("\n");
}

/** The start of their entry points: the tile of queries, and which keys they attend to. */
export const QUERY_TILE = `
  let x = lane % ACROSS;
  let y = lane / ACROSS;
  // the last queries have the most keys, so they come first
  let tiles = (uniforms.T + ROWS - 1u) / ROWS;
  let row0 = (tiles - 1u - group % tiles) * ROWS;
  let head = group / tiles % uniforms.H;
  let batch = group / tiles / uniforms.H;
  let keyHead = head / (uniforms.H / uniforms.G);
  let past = uniforms.S - uniforms.T;
  let positions = vec4<u32>(past + row0 + 4u * y) + FOUR;
  let documents = documentsOf(batch, row0 + 4u * y);
  load_q_query(lane, batch, head, row0);
  let begin = firstKey(lane, batch, row0) / COLUMNS * COLUMNS;
  let end = min(uniforms.S, past + row0 + ROWS);`;
