// WGSL of the tiled matrix product. A workgroup makes one tile of C from strips of A and B in workgroup memory; each
// invocation keeps its part of the tile in registers, which is why the text is unrolled here.
import { unpackFunctions } from "./half-code.ts";
import { type Program, program } from "./program.ts";

/** How a product is cut: a workgroup makes `rows × columns` of C, an invocation `threadRows × threadColumns` of that. */
export interface Tiling {
  readonly rows: number;
  readonly columns: number;
  readonly threadRows: 4 | 8;
  readonly threadColumns: 4 | 8;
}

/** Steps along the inner dimension that workgroup memory holds. */
export const DEPTH = 16;

/**
 * Each has as many invocations as it has 4×4 blocks to load, one each. The first takes 16 KiB of workgroup memory,
 * which is what every device has.
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

/** What distinguishes one product's text from another's: never a size. */
export interface ProductVariant {
  readonly tiling: Tiling;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether rows of A, B and C begin at multiples of four numbers. */
  readonly alignedA: boolean;
  readonly alignedB: boolean;
  readonly alignedC: boolean;
  /** Whether B's numbers are packed halves; it is aligned then. */
  readonly halfB: boolean;
  /** Whether a tensor like C is added. */
  readonly adds: boolean;
}

/**
 * The program: reads A, B and what is added, writes C. Workgroups go through the columns of tiles, then the rows, then the splits of
 * the inner dimension, then the batch; each split writes a C of its own.
 */
export function productProgram(variant: ProductVariant): Program {
  const { tiling, transposeA, transposeB, alignedA, alignedB, alignedC, halfB, adds } = variant;
  const { rows, columns, threadRows, threadColumns } = tiling;
  const flags = [transposeA, transposeB, alignedA, alignedB, alignedC, halfB, adds].map(Number).join("");
  const type = (aligned: boolean) => aligned ? "vec4<f32>" : "f32";
  return program(`product ${rows}x${columns} ${threadRows}x${threadColumns} ${flags}`, (features) => ({
    reads: { a: type(alignedA), b: halfB ? "vec2<i32>" : type(alignedB), ...(adds ? { plus: type(alignedC) } : {}) },
    writes: { c: type(alignedC) },
    uniforms: {
      M: "u32",
      N: "u32",
      K: "u32",
      strideA: "u32", // from one matrix of the batch to the next; 0 if all are multiplied by one
      strideB: "u32",
      batch: "u32",
      splits: "u32",
      perSplit: "u32",
    },
    size: threadsOf(tiling),
    declarations: `${halfB ? unpackFunctions(features) : ""}
var<workgroup> stripA: array<vec4<f32>, ${DEPTH * rows / 4}>;
var<workgroup> stripB: array<vec4<f32>, ${DEPTH * columns / 4}>;
${fetchFunction("A", alignedA)}
${fetchFunction("B", alignedB, halfB)}
// A 4×4 block: column i has 4 neighbours along the tile's edge, at step i of the inner dimension.
${blockFunction("A", "uniforms.M", transposeA)}
${blockFunction("B", "uniforms.N", !transposeB)}`,
    main: mainOf(tiling, transposeA, !transposeB, alignedC, adds),
  }));
}

/** Reads 4 numbers that lie side by side: `inner … inner + 3` of line `outer`; 0 outside. */
function fetchFunction(name: "A" | "B", aligned: boolean, half = false): string {
  const buffer = name.toLowerCase();
  const signature = `fn fetch${name}(base: u32, outer: u32, outers: u32, inner: u32, inners: u32) -> vec4<f32> {
  if (outer >= outers || inner >= inners) { return vec4<f32>(0.0); }
  let at = base + outer * inners + inner;`;
  const four = `${buffer}[at / 4u]`;
  return aligned ? `${signature}\n  return ${half ? `unpackFour(${four})` : four};\n}` : `${signature}
  if (inner + 4u <= inners) { return vec4<f32>(${[0, 1, 2, 3].map((i) => `${buffer}[at + ${i}u]`).join(", ")}); }
  var some = vec4<f32>(${buffer}[at], 0.0, 0.0, 0.0);
  if (inner + 1u < inners) { some.y = ${buffer}[at + 1u]; }
  if (inner + 2u < inners) { some.z = ${buffer}[at + 2u]; }
  return some;
}`;
}

/** Reads a block; `edgeInner` says that neighbours along the tile's edge lie side by side in the buffer. */
function blockFunction(name: "A" | "B", edges: string, edgeInner: boolean): string {
  const fetch = (i: number) =>
    edgeInner
      ? `fetch${name}(base, step + ${i}u, uniforms.K, edge, ${edges})`
      : `fetch${name}(base, edge + ${i}u, ${edges}, step, uniforms.K)`;
  const block = `mat4x4<f32>(\n    ${[0, 1, 2, 3].map(fetch).join(",\n    ")})`;
  return `fn block${name}(base: u32, edge: u32, step: u32) -> mat4x4<f32> {
  return ${edgeInner ? block : `transpose(${block})`};
}`;
}

/**
 * Which block of a strip an invocation loads, so that neighbouring invocations read neighbouring addresses and write to
 * different banks of workgroup memory.
 */
function blockPlace(index: string, edges: number, edgeInner: boolean): { edge: string; step: string } {
  return edgeInner
    ? { edge: `(${index} % ${edges / 4}u)`, step: `(${index} / ${edges / 4}u)` }
    : { edge: `(${index} % 8u + 8u * (${index} / 32u))`, step: `((${index} / 8u) % 4u)` };
}

function mainOf(tiling: Tiling, edgeInnerA: boolean, edgeInnerB: boolean, alignedC: boolean, adds: boolean): string {
  const { rows, columns, threadRows, threadColumns } = tiling;
  const acrossX = columns / threadColumns;
  const blocksA = rows / 4 * DEPTH / 4;
  const placeA = blockPlace("lane", rows, edgeInnerA);
  const placeB = blockPlace(`(lane - ${blocksA}u)`, columns, edgeInnerB);
  const partsA = count(threadRows / 4);
  const partsB = count(threadColumns / 4);
  const sums = partsA.flatMap((p) => count(4).flatMap((i) => partsB.map((q) => `c${p * 4 + i}${q}`)));
  return `
  let tilesN = (uniforms.N + ${columns - 1}u) / ${columns}u;
  let tilesM = (uniforms.M + ${rows - 1}u) / ${rows}u;
  let column0 = (group % tilesN) * ${columns}u;
  let row0 = (group / tilesN % tilesM) * ${rows}u;
  let split = group / (tilesN * tilesM) % uniforms.splits;
  let matrix = group / (tilesN * tilesM * uniforms.splits);
  let begin = split * uniforms.perSplit;
  let end = min(begin + uniforms.perSplit, uniforms.K);
  let loadsA = lane < ${blocksA}u;
  let base = select(matrix * uniforms.strideB, matrix * uniforms.strideA, loadsA);
  let edge = select(${placeB.edge}, ${placeA.edge}, loadsA);
  let step = select(${placeB.step}, ${placeA.step}, loadsA);
  let x = lane % ${acrossX}u;
  let y = lane / ${acrossX}u;
${sums.map((sum) => `  var ${sum} = vec4<f32>(0.0);`).join("\n")}
  var next: mat4x4<f32>;
  if (loadsA) { next = blockA(base, row0 + edge * 4u, begin + step * 4u); }
  else { next = blockB(base, column0 + edge * 4u, begin + step * 4u); }
  for (var k = begin; k < end; k += ${DEPTH}u) {
    workgroupBarrier();
    if (loadsA) {
${count(4).map((i) => `      stripA[(step * 4u + ${i}u) * ${rows / 4}u + edge] = next[${i}];`).join("\n")}
    } else {
${count(4).map((i) => `      stripB[(step * 4u + ${i}u) * ${columns / 4}u + edge] = next[${i}];`).join("\n")}
    }
    workgroupBarrier();
    // the next strips are on their way while these are multiplied
    if (k + ${DEPTH}u < end) {
      if (loadsA) { next = blockA(base, row0 + edge * 4u, k + ${DEPTH}u + step * 4u); }
      else { next = blockB(base, column0 + edge * 4u, k + ${DEPTH}u + step * 4u); }
    }
    for (var s = 0u; s < ${DEPTH}u; s++) {
${partsA.map((p) => `      let a${p} = stripA[s * ${rows / 4}u + y + ${p * rows / threadRows}u];`).join("\n")}
${partsB.map((q) => `      let b${q} = stripB[s * ${columns / 4}u + x + ${q * acrossX}u];`).join("\n")}
${
    partsA.flatMap((p) =>
      count(4).flatMap((i) =>
        partsB.map((q) => {
          const sum = `c${p * 4 + i}${q}`;
          return `      ${sum} = fma(vec4<f32>(a${p}[${i}]), b${q}, ${sum});`;
        })
      )
    ).join("\n")
  }
    }
  }
  let C = (split * uniforms.batch + matrix) * uniforms.M;
${
    partsA.flatMap((p) =>
      count(4).flatMap((i) =>
        partsB.map((q) => {
          const row = `row0 + (y + ${p * rows / threadRows}u) * 4u + ${i}u`;
          const column = `column0 + (x + ${q * acrossX}u) * 4u`;
          return storeOf(row, column, `c${p * 4 + i}${q}`, alignedC, adds);
        })
      )
    ).join("\n")
  }`;
}

function storeOf(row: string, column: string, sum: string, aligned: boolean, adds: boolean): string {
  const store = aligned
    ? `if (column < uniforms.N) { c[at / 4u] = ${sum}${adds ? " + plus[at / 4u]" : ""}; }`
    : count(4).map((i) =>
      `if (column + ${i}u < uniforms.N) { c[at + ${i}u] = ${sum}[${i}]${adds ? ` + plus[at + ${i}u]` : ""}; }`
    ).join(" ");
  return `  { let row = ${row}; let column = ${column}; let at = (C + row) * uniforms.N + column;
    if (row < uniforms.M) { ${store} } }`;
}

function count(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
