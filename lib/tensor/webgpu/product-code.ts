// WGSL of the tiled matrix product. A workgroup computes one tile of C from strips of A and B in workgroup memory; each
// invocation keeps its part of the tile in registers, so the text has a variable for each of its vectors.
import { unpackFunctions } from "./half-code.ts";
import { type Program, program, range } from "./program.ts";

/** How C is tiled: a workgroup computes `rows × columns`, an invocation `threadRows × threadColumns` of those. */
export interface Tiling {
  readonly rows: number;
  readonly columns: number;
  readonly threadRows: 4 | 8;
  readonly threadColumns: 4 | 8;
}

/** Steps along the inner dimension that workgroup memory holds. */
export const DEPTH = 16;

/**
 * In each, every invocation loads one 4×4 block of the strips. The first takes 16 KiB of workgroup memory, which every
 * device has.
 */
export const TILINGS: readonly Tiling[] = [
  { rows: 128, columns: 128, threadRows: 8, threadColumns: 8 },
  { rows: 64, columns: 64, threadRows: 8, threadColumns: 4 },
  { rows: 32, columns: 32, threadRows: 4, threadColumns: 4 },
];

/** Invocations in a workgroup. */
export function threadsOf({ rows, columns, threadRows, threadColumns }: Tiling): number {
  return (rows / threadRows) * (columns / threadColumns);
}

/** Bytes of workgroup memory. */
export function storageOf({ rows, columns }: Tiling): number {
  return (rows + columns) * DEPTH * 4;
}

/** What a product's text depends on; never on a size. */
export interface ProductVariant {
  readonly tiling: Tiling;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether the rows of A, B and C start at multiples of four numbers. */
  readonly alignedA: boolean;
  readonly alignedB: boolean;
  readonly alignedC: boolean;
  /** Whether B holds packed halves; it must be aligned then. */
  readonly halfB: boolean;
  /** Whether a tensor of C's shape is added. */
  readonly adds: boolean;
}

/**
 * The program: reads A, B and, if it `adds`, a tensor to add; writes C. Workgroups go through the columns of tiles, then
 * the rows, then the splits of the inner dimension, then the batch; each split writes a C of its own.
 */
export function productProgram(variant: ProductVariant): Program {
  const { tiling, transposeA, transposeB, alignedA, alignedB, alignedC, halfB, adds } = variant;
  const { rows, columns, threadRows, threadColumns } = tiling;
  // unaligned matrices are read number by number, which works for both orders
  const orders = [transposeA && alignedA, transposeB && alignedB];
  const flags = [...orders, alignedA, alignedB, alignedC, halfB, adds].map(Number).join("");
  const type = (aligned: boolean) => aligned ? "vec4<f32>" : "f32";
  return program(`product ${rows}x${columns} ${threadRows}x${threadColumns} ${flags}`, (features) => ({
    reads: { a: type(alignedA), b: halfB ? "vec2<i32>" : type(alignedB), ...(adds ? { plus: type(alignedC) } : {}) },
    writes: { c: type(alignedC) },
    uniforms: {
      M: "u32",
      N: "u32",
      K: "u32",
      strideA: "u32", // from one matrix of the batch to the next; 0 if all are multiplied by the same one
      strideB: "u32",
      edgeStrideA: "u32", // from one row of A, or column of B, to the next
      edgeStrideB: "u32",
      stepStrideA: "u32", // from one step of the inner dimension to the next
      stepStrideB: "u32",
      batch: "u32",
      splits: "u32",
      perSplit: "u32",
    },
    size: threadsOf(tiling),
    declarations: [
      halfB ? unpackFunctions(features) : "",
      sizes(tiling),
      alignedA ? blockOfVectors("A", "uniforms.M", transposeA) : blockOfNumbers("A", "uniforms.M"),
      alignedB ? blockOfVectors("B", "uniforms.N", !transposeB, halfB) : blockOfNumbers("B", "uniforms.N"),
      storeFunction(alignedC, adds),
    ].join("\n"),
    main: mainOf(tiling),
  }));
}

/** Declares the tiling's sizes and the strips of A and B that a workgroup multiplies next. */
function sizes({ rows, columns, threadRows, threadColumns }: Tiling): string {
  return `
const ROWS = ${rows}u;
const COLUMNS = ${columns}u;
const DEPTH = ${DEPTH}u;
// invocations along the columns and the rows of a tile
const ACROSS = ${columns / threadColumns}u;
const DOWN = ${rows / threadRows}u;
// vectors of four numbers in one step of the strips
const WIDTH_A = ${rows / 4}u;
const WIDTH_B = ${columns / 4}u;
const STRIP_B = ${DEPTH * rows / 4}u; // where B's strip begins

var<workgroup> strips: array<vec4<f32>, ${DEPTH * (rows + columns) / 4}>;`;
}

/**
 * Declares `block${name}()`: reads a 4×4 block whose column i has four neighbors along the tile's edge at step i of the
 * inner dimension, with zeros outside of the matrix. `edgeInner` says that such neighbors are adjacent in the buffer.
 */
function blockOfVectors(name: "A" | "B", edges: string, edgeInner: boolean, half = false): string {
  const buffer = name.toLowerCase();
  const fetch = (i: number) =>
    edgeInner
      ? `fetch${name}(base, step + ${i}u, uniforms.K, edge, ${edges})`
      : `fetch${name}(base, edge + ${i}u, ${edges}, step, uniforms.K)`;
  const block = `mat4x4<f32>(\n    ${[0, 1, 2, 3].map(fetch).join(",\n    ")})`;
  return `
// Numbers inner … inner + 3 of line \`outer\`.
fn fetch${name}(base: u32, outer: u32, outers: u32, inner: u32, inners: u32) -> vec4<f32> {
  if (outer >= outers || inner >= inners) { return vec4<f32>(0.0); }
  let vector = ${buffer}[(base + outer * inners + inner) / 4u];
  return ${half ? "unpackFour(vector)" : "vector"};
}

fn block${name}(base: u32, edge: u32, step: u32) -> mat4x4<f32> {
  return ${edgeInner ? block : `transpose(${block})`};
}`;
}

/**
 * The same for a matrix that is not aligned, in either order. It also reads numbers outside of the matrix, which WebGPU
 * makes harmless, and drops them: branches around each number are slow to compile.
 */
function blockOfNumbers(name: "A" | "B", edges: string): string {
  const buffer = name.toLowerCase();
  return `
fn fetch${name}(base: u32, edge: u32, step: u32) -> vec4<f32> {
  let stride = uniforms.edgeStride${name};
  let at = base + edge * stride + step * uniforms.stepStride${name};
  let numbers = vec4<f32>(${buffer}[at], ${buffer}[at + stride], ${buffer}[at + 2u * stride], ${buffer}[at + 3u * stride]);
  let end = select(0u, ${edges}, step < uniforms.K);
  return select(vec4<f32>(0.0), numbers, vec4<u32>(edge) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(end));
}

fn block${name}(base: u32, edge: u32, step: u32) -> mat4x4<f32> {
  return mat4x4<f32>(
    fetch${name}(base, edge, step),
    fetch${name}(base, edge, step + 1u),
    fetch${name}(base, edge, step + 2u),
    fetch${name}(base, edge, step + 3u));
}`;
}

/** Declares `store()`, which writes four numbers of a row of C; a short loop is quicker to compile than its copies. */
function storeFunction(aligned: boolean, adds: boolean): string {
  const body = aligned
    ? `if (column < uniforms.N) { c[at / 4u] = sum${adds ? " + plus[at / 4u]" : ""}; }`
    : `for (var i = 0u; i < min(4u, max(column, uniforms.N) - column); i++) {
    c[at + i] = sum[i]${adds ? " + plus[at + i]" : ""};
  }`;
  return `
fn store(firstRow: u32, row: u32, column: u32, sum: vec4<f32>) {
  if (row >= uniforms.M) { return; }
  let at = (firstRow + row) * uniforms.N + column;
  ${body}
}`;
}

function mainOf({ rows, threadRows, threadColumns }: Tiling): string {
  const blocksA = rows / 4 * DEPTH / 4;
  const partsA = range(threadRows / 4);
  const partsB = range(threadColumns / 4);
  // vector q of row i of the rows' part p
  const sums = partsA.flatMap((p) =>
    range(4).flatMap((i) => partsB.map((q) => ({ name: `sum${p * 4 + i}_${q}`, p, i, q })))
  );
  const lines = (text: (sum: typeof sums[number]) => string) => sums.map(text).join("\n");
  return `
  let tilesN = (uniforms.N + COLUMNS - 1u) / COLUMNS;
  let tilesM = (uniforms.M + ROWS - 1u) / ROWS;
  let column0 = (group % tilesN) * COLUMNS;
  let row0 = (group / tilesN % tilesM) * ROWS;
  let split = group / (tilesN * tilesM) % uniforms.splits;
  let matrix = group / (tilesN * tilesM * uniforms.splits);
  let begin = split * uniforms.perSplit;
  let end = min(begin + uniforms.perSplit, uniforms.K);
  // Each invocation loads one block, of A or of B: neighboring invocations read neighboring addresses, and write to
  // different banks of workgroup memory.
  let loadsA = lane < ${blocksA}u;
  let index = select(lane - ${blocksA}u, lane, loadsA);
  let width = select(WIDTH_B, WIDTH_A, loadsA);
  let edgeInner = select(uniforms.edgeStrideB, uniforms.edgeStrideA, loadsA) == 1u;
  let edge = select(index % 8u + 8u * (index / 32u), index % width, edgeInner);
  let step = 4u * select(index / 8u % 4u, index / width, edgeInner);
  let place = select(STRIP_B, 0u, loadsA) + step * width + edge;
  let x = lane % ACROSS;
  let y = lane / ACROSS;
${lines(({ name }) => `  var ${name} = vec4<f32>(0.0);`)}
  var next: mat4x4<f32>;
  for (var k = begin; ; k += DEPTH) {
    // the next strips are on their way while the last ones are multiplied
    if (k < end) {
      if (loadsA) { next = blockA(matrix * uniforms.strideA, row0 + 4u * edge, k + step); }
      else { next = blockB(matrix * uniforms.strideB, column0 + 4u * edge, k + step); }
    }
    if (k > begin) {
      for (var s = 0u; s < DEPTH; s++) {
${partsA.map((p) => `        let a${p} = strips[s * WIDTH_A + y + ${p}u * DOWN];`).join("\n")}
${partsB.map((q) => `        let b${q} = strips[STRIP_B + s * WIDTH_B + x + ${q}u * ACROSS];`).join("\n")}
${lines(({ name, p, i, q }) => `        ${name} = fma(vec4<f32>(a${p}[${i}]), b${q}, ${name});`)}
      }
    }
    workgroupBarrier();
    if (k >= end) { break; }
${range(4).map((i) => `    strips[place + ${i}u * width] = next[${i}];`).join("\n")}
    workgroupBarrier();
  }
  let firstRow = (split * uniforms.batch + matrix) * uniforms.M;
  let row = row0 + 4u * y;
  let column = column0 + 4u * x;
${
    lines(({ name, p, i, q }) =>
      `  store(firstRow, row + ${p}u * 4u * DOWN + ${i}u, column + ${q}u * 4u * ACROSS, ${name});`
    )
  }`;
}
