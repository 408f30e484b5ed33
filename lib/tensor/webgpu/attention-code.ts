// WGSL that attention's three programs share. Each holds a tile of rows (queries, or keys for their gradients) and goes
// through tiles of columns (keys, or queries); scores live in registers, so that no T×T matrix exists anywhere.
//
// An invocation (x, y) makes a 4×4 block of scores: rows 4y … 4y+3, columns x, x+across, x+2·across, x+3·across; `s0` to
// `s3` are vectors over its rows, one a column. Then the weights go through workgroup memory, and it adds to its rows
// of the output the vectors x, x+across, … of the head.

/** Tile sizes, multiples of 4. */
export interface AttentionTiling {
  readonly rows: number;
  readonly columns: number;
}

/** From the fastest to the one that fits everywhere. */
const TILINGS: readonly AttentionTiling[] = [
  { rows: 32, columns: 32 },
  { rows: 32, columns: 16 },
  { rows: 16, columns: 16 },
  { rows: 8, columns: 8 },
];

/** Sizes that follow from the tiling and the head size D. */
export interface AttentionLayout extends AttentionTiling {
  readonly D: number;
  /** Invocations along columns and rows. */
  readonly across: number;
  readonly down: number;
  readonly threads: number;
  /** Vectors of four in a head. */
  readonly vectors: number;
  /** Vectors of the output that an invocation makes. */
  readonly perThread: number;
  /** Vectors from one row of a tile to the next: one more than it holds, so that rows lie in different banks. */
  readonly stride: number;
  /** Vectors from one column of weights to the next. */
  readonly weightStride: number;
}

/** The largest layout whose `rowTiles` row tiles and one column tile fit; undefined if none does. */
export function attentionLayout(D: number, rowTiles: number, bytes: number): AttentionLayout | undefined {
  return TILINGS.map((tiling) => layoutOf(D, tiling)).find((layout) => storageOf(layout, rowTiles) <= bytes);
}

export function layoutOf(D: number, { rows, columns }: AttentionTiling): AttentionLayout {
  const [across, down] = [columns / 4, rows / 4];
  const vectors = Math.ceil(D / 4);
  const perThread = Math.ceil(vectors / across);
  const sizes = { threads: across * down, vectors, perThread, stride: perThread * across + 1, weightStride: down + 1 };
  return { D, rows, columns, across, down, ...sizes };
}

/** Bytes of workgroup memory. */
export function storageOf(layout: AttentionLayout, rowTiles: number): number {
  const { rows, columns, stride, weightStride, threads } = layout;
  return 16 * ((rowTiles * rows + columns) * stride + columns * weightStride + threads) + 4 * rows;
}

export const each = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Declares tiles, each with a function that loads it. */
export function tiles(layout: AttentionLayout, rowTiles: readonly string[]): string {
  const { rows, columns, stride, weightStride, threads } = layout;
  const declared = [...rowTiles.map((name) => [name, rows] as const), ["column", columns] as const];
  return `
${declared.map(([name, n]) => `var<workgroup> ${name}Tile: array<vec4<f32>, ${n * stride}>;`).join("\n")}
var<workgroup> weights: array<vec4<f32>, ${columns * weightStride}>;
var<workgroup> exchange: array<vec4<f32>, ${threads}>;`;
}

/** Whether heads can be read as vectors. */
export function aligned({ D }: AttentionLayout): boolean {
  return D % 4 === 0;
}

/** The WGSL type of a buffer of heads. */
export function headType(layout: AttentionLayout): string {
  return aligned(layout) ? "vec4<f32>" : "f32";
}

/** Declares `${buffer}At(head, vector)`: vector of the head whose number is `head`, 0 beyond its size. */
export function headReader(layout: AttentionLayout, buffer: string): string {
  const { D, vectors } = layout;
  if (aligned(layout)) {
    return `fn ${buffer}At(head: u32, vector: u32) -> vec4<f32> { return ${buffer}[head * ${vectors}u + vector]; }`;
  }
  const part = (i: number) => `  if (d + ${i}u < ${D}u) { some[${i}] = ${buffer}[at + ${i}u]; }`;
  return `fn ${buffer}At(head: u32, vector: u32) -> vec4<f32> {
  let d = vector * 4u;
  let at = head * ${D}u + d;
  var some = vec4<f32>(0.0);
${each(4).map(part).join("\n")}
  return some;
}`;
}

/** Statements that write `value` as vector `vector` of the head `head`. */
export function writeHead(
  layout: AttentionLayout,
  buffer: string,
  head: string,
  vector: string,
  value: string,
): string {
  const { D, vectors } = layout;
  if (aligned(layout)) {
    return `if (${vector} < ${vectors}u) { ${buffer}[${head} * ${vectors}u + ${vector}] = ${value}; }`;
  }
  return each(4).map((i) =>
    `if (${vector} * 4u + ${i}u < ${D}u) { ${buffer}[${head} * ${D}u + ${vector} * 4u + ${i}u] = ${value}[${i}]; }`
  ).join(" ");
}

/**
 * Statements that load a tile: rows `first …` of `buffer`, whose heads are `stepHeads` apart from `firstHead` on;
 * zeros from row `end` on.
 */
export function load(
  layout: AttentionLayout,
  call: {
    tile: string;
    buffer: string;
    first: string;
    end: string;
    firstHead: string;
    stepHeads: string;
    scale?: string;
  },
): string {
  const { vectors, perThread, across, stride, threads } = layout;
  const { tile, buffer, first, end, firstHead, stepHeads, scale } = call;
  const n = tile === "column" ? layout.columns : layout.rows;
  const padded = perThread * across;
  return `
  for (var e = lane; e < ${n * padded}u; e += ${threads}u) {
    let line = e / ${padded}u;
    let vector = e % ${padded}u;
    var value = vec4<f32>(0.0);
    if (${first} + line < ${end} && vector < ${vectors}u) {
      value = ${buffer}At(${firstHead} + (${first} + line) * ${stepHeads}, vector)${scale ? ` * ${scale}` : ""};
    }
    ${tile}Tile[line * ${stride}u + vector] = value;
  }`;
}

/** Statements that make `${name}0` to `${name}3`: products of a row tile with the column tile. */
export function scores(layout: AttentionLayout, name: string, rowTile: string): string {
  const { vectors, stride, across } = layout;
  return `
${each(4).map((j) => `    var ${name}${j} = vec4<f32>(0.0);`).join("\n")}
    for (var d = 0u; d < ${vectors}u; d++) {
${each(4).map((i) => `      let r${i} = ${rowTile}Tile[(y * 4u + ${i}u) * ${stride}u + d];`).join("\n")}
${
    each(4).map((j) =>
      `      let c${j} = columnTile[(x + ${j * across}u) * ${stride}u + d];
      ${name}${j} += vec4<f32>(dot(r0, c${j}), dot(r1, c${j}), dot(r2, c${j}), dot(r3, c${j}));`
    ).join("\n")
  }
    }`;
}

/** Statements that put the weights `${name}0` to `${name}3` into workgroup memory. */
export function shareWeights({ across, weightStride }: AttentionLayout, name: string): string {
  return each(4).map((j) => `    weights[(x + ${j * across}u) * ${weightStride}u + y] = ${name}${j};`).join("\n");
}

/** The names of an invocation's output vectors: row i, part p. */
export function outputs({ perThread }: AttentionLayout, name: string): string[] {
  return each(4).flatMap((i) => each(perThread).map((p) => `${name}${i}_${p}`));
}

/** Statements that add weights times the column tile to an invocation's outputs. */
export function accumulate(layout: AttentionLayout, name: string): string {
  const { columns, weightStride, stride, perThread, across } = layout;
  return `
    for (var c = 0u; c < ${columns}u; c++) {
      let weight = weights[c * ${weightStride}u + y];
${
    each(perThread).map((p) =>
      `      let value${p} = columnTile[c * ${stride}u + x + ${p * across}u];
${each(4).map((i) => `      ${name}${i}_${p} = fma(vec4<f32>(weight[${i}]), value${p}, ${name}${i}_${p});`).join("\n")}`
    )
      .join("\n")
  }
    }`;
}

/** Statements that combine a vector over the rows among the invocations that share them: `operation(a, b)`. */
export function combineRows(
  { across, down }: AttentionLayout,
  name: string,
  operation: (a: string, b: string) => string,
): string {
  const all = each(across).map((i) => `exchange[${i * down}u + y]`).reduce(operation);
  return `
    exchange[x * ${down}u + y] = ${name};
    workgroupBarrier();
    let ${name}All = ${all};`;
}
