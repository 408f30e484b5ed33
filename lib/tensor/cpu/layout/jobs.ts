// The kernels in WebAssembly: the arguments of their jobs, and the records in their tables of tasks. The numbers of the
// kernels, the AssemblyScript classes of their arguments and the function that dispatches by number are generated from
// this.
//
// Capital letters are sizes. `ld…` and `…Stride` are row strides in bytes, unless noted otherwise. Offsets in scratch
// memory are relative to the thread's own.
import { all, type Fields, record, type RecordLayout, type Values } from "./record.ts";

export interface Kernel<F extends Fields = Fields> {
  /** File of the WebAssembly source that exports its function, `<name>Task`. */
  readonly file: string;
  /** Arguments shared by a group of kernels, which come first. */
  readonly base: keyof typeof BASES | undefined;
  readonly arguments: RecordLayout<F>;
}

/** Arguments of all element-wise kernels (`perTask` is a multiple of 16), and of all row-wise kernels. */
export const BASES = {
  elements: { elements: "i32", perTask: "i32" },
  rows: { rows: "i32", perTask: "i32" },
} as const satisfies Record<string, Fields>;

function kernel<const F extends Fields>(file: string, fields: F): Kernel<F> {
  return { file, base: undefined, arguments: record(fields) };
}

function overElements<const F extends Fields>(file: string, fields: F): Kernel<typeof BASES.elements & F> {
  return { file, base: "elements", arguments: record({ ...BASES.elements, ...fields }) };
}

function overRows<const F extends Fields>(file: string, fields: F): Kernel<typeof BASES.rows & F> {
  return { file, base: "rows", arguments: record({ ...BASES.rows, ...fields }) };
}

const addresses = <const Names extends readonly string[]>(...names: Names) => all("usize", names);
const ints = <const Names extends readonly string[]>(...names: Names) => all("i32", names);
const floats = <const Names extends readonly string[]>(...names: Names) => all("f32", names);

/**
 * Attention: `logs` is log Σ exp of each query's scores, `[B, H, T]`, `firstKeys` the first key each query may see,
 * `[B, T]`; T queries, S keys, H query heads, G key-value heads, D the size of a head; `scale` is 1 / √D. `lds` is the
 * row stride of a strip of scores, in floats. Offsets in scratch memory: `keys` and `values`, packed.
 */
const ATTENTION = {
  ...addresses("q", "k", "v", "out", "logs", "firstKeys", "keys", "values"),
  ...ints("T", "S", "H", "G", "D", "lds"),
  ...floats("scale"),
};
/** `scores`, in scratch memory: a strip. */
const FORWARD = { ...ATTENTION, ...ints("queriesPerTask", "tasksPerHead"), ...addresses("scores") };
/**
 * In scratch memory: `scores` become probabilities, `dScores` are their gradients, `keyRows` the keys packed by rows.
 */
const BACKWARD = { ...ATTENTION, ...addresses("dout", "dq", "dk", "dv", "keyRows", "scores", "dScores") };
/**
 * With products by machine code or a BLAS: strips begin at a multiple of `unit` keys, the columns of a panel. `ranges`,
 * in scratch memory, is a table for the exponentials in machine code.
 */
const BY_CALLS = { ...ints("unit"), ...addresses("ranges") };

/** Scratch memory for a row's exponentials in machine code: a range and sums. */
const ROW_SCRATCH = addresses("range", "sums");

export const KERNELS = {
  /** Packs all panels of B `[K, N]`; the matrices of a batch are `matrixBytes` apart. */
  pack: kernel("gemm", {
    ...addresses("b", "ldb", "packed", "matrixBytes"),
    ...ints("transposed", "K", "N", "panelsPerTask", "tasksPerMatrix"),
  }),
  /**
   * C = A·B or C + A·B with packed B: tasks of `rowsPerTask` rows (a multiple of {@linkcode TILE_ROWS}) and
   * `panelsPerTask` panels. `packedA`, in scratch memory, takes a packed block of A.
   */
  gemm: kernel("gemm", {
    ...addresses("a", "lda", "packed", "c", "bytesA", "bytesPacked", "bytesC", "packedA"),
    ...ints("transposed", "M", "N", "K", "rowsPerTask", "panelsPerTask", "tasksAlongN", "tasksPerMatrix", "add"),
  }),
  /** y `[M, N]` = x·wᵀ for few rows, by inner products: packing would cost more than the product. */
  inner: kernel("gemm", { ...addresses("x", "w", "y"), ...ints("M", "N", "K", "columnsPerTask") }),
  /** The same with packed pairs in w, which are float32 only in registers. */
  innerPacked: kernel("half", {
    ...addresses("x", "w", "y"),
    ...ints("M", "N", "K", "columnsPerTask", "bfloat16"),
  }),
  /** Parts of products by the system's BLAS: a table of {@linkcode PRODUCT}. */
  blas: kernel("products", addresses("table")),
  /** Parts of products by machine code: a table of {@linkcode PRODUCT}. A part without panels packs B to `packed`. */
  tiles: kernel("products", addresses("table", "aside", "packed")),
  /** Packs panels of B: a table of {@linkcode PANELS}. */
  packPanels: kernel("panels", addresses("table")),
  /** Splits matrices B for AMX: a table of {@linkcode AMX_SPLIT}. */
  splitForAmx: kernel("amx", addresses("table", "edge")),
  /** Rows of products of one A by AMX: a table of {@linkcode AMX_TASK}, then of {@linkcode AMX_TARGET}. */
  amx: kernel("amx", addresses("table", "edge", "block", "panel", "aside")),

  /**
   * Products of one x by packed weights: a {@linkcode PACKED_WEIGHT} for each of `count`. `models` matrices of M rows are
   * multiplied by as many of each weight. Tasks are parts of all panels, `parts` in all, for each `rowsPerTask` rows. In
   * scratch memory: `part`, a {@linkcode PACKED_PART}; `edge`, sums at the edge of C; `unpacked`, panels as float32.
   */
  packed: kernel("packed", {
    ...addresses("x", "part", "edge", "unpacked"),
    ...ints("models", "M", "K", "rowsPerTask", "parts", "count"),
    weights: "usize[]",
  }),
  /** Rows of packed weights as float32: those in `ids`, or without ids all; `panelBytes` from one panel to the next. */
  packedRows: overRows("unpack", { ...addresses("panels", "panelBytes", "ids", "y"), ...ints("d", "format") }),

  attention: kernel("attention", FORWARD),
  attentionGrad: kernel("attention", { ...BACKWARD, ...addresses("queries", "douts") }),
  /** A task has `headsPerTask` heads that read the same keys, and one of `tasksPerHead` runs of queries. */
  attentionByCalls: kernel("attention-by-calls", {
    ...FORWARD,
    ...BY_CALLS,
    ...ints("headsPerTask"),
    ...addresses("scales", "sums"),
  }),
  /** `deltas` becomes the sum of out ∘ dout over each head, `[B, T, H]`; a row is a head of size D. */
  attentionDeltas: overRows("attention-by-calls", { ...addresses("out", "dout", "deltas"), ...ints("D") }),
  /** In scratch memory: `panels`, a packed strip of queries or of their gradients. */
  attentionByCallsGrad: kernel("attention-by-calls", { ...BACKWARD, ...BY_CALLS, ...addresses("deltas", "panels") }),

  /**
   * Rotates queries and keys of new tokens, and writes keys and values into caches, in panels of `unit` columns; `table` of
   * {@linkcode CACHED_ROW}. In scratch memory: `keys`, a token's rotated keys.
   */
  extendCache: overRows("cached-attention", {
    ...addresses("q", "k", "v", "cos", "sin", "rotated", "table", "keys"),
    ...ints("T", "H", "G", "D", "unit", "positions"),
  }),
  /**
   * Attention to cached keys and values. A task has a run of queries of one head (`byQueries`), or of all heads that read
   * one key-value head; `window` is 0 for none. In scratch memory: a strip of `scores`, and what its softmax needs.
   */
  cachedAttention: kernel("cached-attention", {
    ...addresses("q", "out", "table", "scores", "ranges", "sums", "scales"),
    ...ints("T", "H", "G", "D", "unit", "window", "lds", "queriesPerTask", "tasksPerHead", "byQueries"),
    ...floats("scale"),
  }),

  add: overElements("elementwise", addresses("a", "b", "y")),
  sub: overElements("elementwise", addresses("a", "b", "y")),
  mul: overElements("elementwise", addresses("a", "b", "y")),
  scale: overElements("elementwise", { ...addresses("x", "y"), ...floats("factor") }),
  fill: overElements("elementwise", { ...addresses("y"), ...floats("value") }),
  /** y = sum of `count` tensors. */
  addN: overElements("elementwise", { ...addresses("y"), ...ints("count"), tensors: "usize[]" }),
  /** The sum of each task's elements, as a float64. */
  sum: overElements("elementwise", addresses("x", "sums")),
  /** y = SiLU(gate) ∘ up */
  swiglu: overElements("elementwise", addresses("gate", "up", "y")),
  swigluGrad: overElements("elementwise", addresses("gate", "up", "dy", "dgate", "dup")),
  /** Drops elements whose hash is below `threshold`; `dropAll` stands for a threshold of 2³². */
  dropout: overElements("elementwise", {
    ...addresses("x", "y"),
    ...ints("seed", "threshold", "dropAll"),
    ...floats("scale"),
  }),
  /** Elements are words that hold two half-precision numbers each. */
  unpackHalf: overElements("half", addresses("halves", "y")),
  unpackBfloat16: overElements("half", addresses("halves", "y")),

  /** The H2E stitch: y = expert + σ(z) ∘ (projected − expert) */
  hubIntoExpert: overElements("stitch", addresses("expert", "projected", "z", "y")),
  hubIntoExpertGrad: overElements(
    "stitch",
    addresses("expert", "projected", "z", "dy", "dexpert", "dprojected", "dz"),
  ),
  /** The E2H stitch: `count` states `[rows, d]`, the hub's first; z `[rows, count, d]`. */
  expertsIntoHub: overRows("stitch", { ...addresses("z", "y"), ...ints("d", "count"), states: "usize[]" }),
  /** `tensors` are the states, then their gradients. */
  expertsIntoHubGrad: overRows("stitch", {
    ...addresses("z", "dy", "dz"),
    ...ints("d", "count"),
    tensors: "usize[]",
  }),

  /** The sum of the squared gradients of each {@linkcode ADAM_W_CHUNK}, as a float64. */
  squares: kernel("adam-w", addresses("chunks", "parameters", "sums")),
  /** `rate` is lr / (1 − β₁ᵗ), `correction2` 1 / (1 − β₂ᵗ), `rest1` 1 − β₁, `rest2` 1 − β₂. */
  adamW: kernel("adam-w", {
    ...addresses("chunks", "parameters"),
    ...floats("scale", "beta1", "beta2", "rate", "correction2", "epsilon", "rest1", "rest2"),
  }),

  rmsNorm: overRows("rows", { ...addresses("x", "w", "y"), ...ints("d"), ...floats("epsilon") }),
  /**
   * `dx` may be 0; so may `dw`, partial sums of dw by task, `[tasks, d]`, and `rest`, which is added to dx. Rows per
   * task must not depend on the number of threads, because the partial sums are added in the order of the tasks.
   */
  rmsNormGrad: overRows("rows", {
    ...addresses("x", "w", "dy", "dx", "dw", "rest"),
    ...ints("d"),
    ...floats("epsilon"),
  }),
  /** Sums n rows; the elements are columns. */
  sumRows: overElements("rows", { ...addresses("x", "y"), ...ints("n") }),
  /** Rotary embedding; a row is a position, `half` is half the size of a head. */
  rope: overRows("rows", {
    ...addresses("x", "cos", "sin", "y"),
    ...ints("heads", "half", "time"),
    ...floats("sign"),
  }),
  embedding: overRows("rows", { ...addresses("table", "ids", "y"), ...ints("d") }),
  /** Rows are rows of the table; each task scans all ids. */
  embeddingGrad: overRows("rows", { ...addresses("dy", "ids", "dtable"), ...ints("d", "count") }),
  /** `logs` becomes log Σ exp of each row. */
  crossEntropy: overRows("cross-entropy", {
    ...addresses("logits", "targets", "losses", "logs"),
    ...ROW_SCRATCH,
    ...ints("vocab"),
  }),
  crossEntropyGrad: overRows("cross-entropy", {
    ...addresses("logits", "targets", "dy", "logs", "dlogits"),
    ...ROW_SCRATCH,
    ...ints("vocab"),
  }),
  copyRows: overRows("rows", addresses("from", "fromStride", "to", "toStride", "bytes")),
} as const satisfies Record<string, Kernel>;

export type KernelName = keyof typeof KERNELS;

export const KERNEL_NAMES = Object.keys(KERNELS) as readonly KernelName[];

/** A job's arguments, by name. */
export type Arguments<Name extends KernelName> = typeof KERNELS[Name] extends Kernel<infer F> ? Values<F> : never;

/** The kernels with these shared arguments. */
type Over<Base extends keyof typeof BASES> = {
  [Name in KernelName]: keyof typeof BASES[Base] extends keyof Arguments<Name> ? Name : never;
}[KernelName];
export type ElementKernel = Over<"elements">;
export type RowKernel = Over<"rows">;
/** A kernel's other arguments. */
export type OwnArguments<Name extends KernelName> = Omit<Arguments<Name>, "elements" | "rows" | "perTask">;

/**
 * C `[M, N]` = alpha·A·B + addend. The addend has C's stride; 0 for none; a BLAS can only add to C itself. B is given
 * as it is stored, or, for machine code, packed in panels that are `panelStep` bytes apart. In a table for machine code,
 * `next` is the offset of a product that is computed next, or 0.
 */
export const PRODUCT = record({
  ...ints("M", "N", "K"),
  ...floats("alpha"),
  ...addresses("a", "lda", "b", "ldb", "panels", "panelStep", "c", "ldc", "addend", "next"),
  ...ints("transposeA", "transposeB"),
});

/** A sequence's cached keys and values, the tokens in them, and the tokens that there is room for. */
export const CACHED_ROW = record({ ...addresses("k", "v"), ...ints("past", "capacity") });

/** A packed weight with N outputs; its result, and what is added to that, or 0: in WebAssembly, the result itself. */
export const PACKED_WEIGHT = record({ ...ints("format", "N"), ...addresses("panels", "c", "addend") });

/** C `[M, N]` = x·Wᵀ + addend for some panels and rows. The addend has C's stride; 0 for none. */
export const PACKED_PART = record({
  ...ints("format", "M", "N", "K"),
  ...addresses("x", "panels", "panelBytes", "c", "ldc", "addend"),
});

/** Columns of B `[K, N]` to pack in panels. */
export const PANELS = record({ ...addresses("b", "ldb", "to"), ...ints("transposed", "K", "N") });

/** Columns of B to split; `form` as from `splitForm()`. The word at `tooLarge` becomes 1 if a number is too large. */
export const AMX_SPLIT = record({ ...addresses("from", "ld", "to", "tooLarge"), ...ints("form", "lines", "K") });

/** `rows` rows of A from row `firstRow` on; `targets` is the first target's offset in the table, in bytes. */
export const AMX_TASK = record({
  ...addresses("a", "lda", "targets"),
  ...ints("form", "firstRow", "rows", "K", "targetCount"),
});

/** A product of A: split B, and B itself in case numbers are too large to split; C and its addend, or 0. */
export const AMX_TARGET = record({
  ...addresses("strips", "b", "ldb", "tooLarge", "c", "ldc", "addend"),
  ...ints("transposeB", "N"),
});

/** Addresses of a parameter, its gradient and its moments; `keep` is 1 − lr·decay. */
export const ADAM_W_PARAMETER = record({ ...addresses("p", "g", "m", "v"), ...floats("keep") });

/** `count` elements of a parameter from `first` on. */
export const ADAM_W_CHUNK = record(ints("parameter", "first", "count"));
