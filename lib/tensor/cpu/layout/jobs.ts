// The kernels in WebAssembly: the arguments of their jobs and the records in the tables of their tasks. From this come their
// numbers, the AssemblyScript classes of their arguments, and the function that calls them by number.
//
// Capital letters are sizes. `ld…` and `…Stride` are the bytes from one row to the next, unless said otherwise. Places in
// scratch memory are counted from the beginning of the thread's own.
import { type Fields, record, type RecordLayout, type Values } from "./record.ts";

export interface Kernel<F extends Fields = Fields> {
  /** File of the WebAssembly source that exports the function, `<name>Task`. */
  readonly file: string;
  /** The arguments that it shares with others come first. */
  readonly base: keyof typeof BASES | undefined;
  readonly arguments: RecordLayout<F>;
}

/** Of kernels that treat every element alike (elements per task are a multiple of 16), and every row alike. */
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

type All<Names extends readonly string[], Type> = { readonly [Name in Names[number]]: Type };

function all<const Names extends readonly string[], const Type>(type: Type, names: Names): All<Names, Type> {
  return Object.fromEntries(names.map((name) => [name, type])) as All<Names, Type>;
}

const addresses = <const Names extends readonly string[]>(...names: Names) => all("usize", names);
const ints = <const Names extends readonly string[]>(...names: Names) => all("i32", names);
const floats = <const Names extends readonly string[]>(...names: Names) => all("f32", names);

/**
 * Attention: `logs` is log Σ exp of each query's scores, `[B, H, T]`, `firstKeys` the first key each query may see,
 * `[B, T]`; T queries, S keys, H query heads, G key-value heads, D the size of a head; `scale` is 1 / √D.
 *
 * In scratch memory are a strip of scores, `lds` floats from one row to the next, and packed keys and values.
 */
const ATTENTION = {
  ...addresses("q", "k", "v", "out", "logs", "firstKeys", "keys", "values"),
  ...ints("T", "S", "H", "G", "D", "lds"),
  ...floats("scale"),
};
const FORWARD = { ...ATTENTION, ...ints("queriesPerTask", "tasksPerHead"), ...addresses("scores") };
/** `scores` become probabilities, and `dScores` are their gradients; `keyRows` are the keys packed by rows. */
const BACKWARD = { ...ATTENTION, ...addresses("dout", "dq", "dk", "dv", "keyRows", "scores", "dScores") };
/**
 * With products in machine code or by a BLAS: strips begin at a multiple of `unit` keys, a panel's columns; `ranges` is a
 * table for the exponentials in machine code.
 */
const BY_CALLS = { ...ints("unit"), ...addresses("ranges") };

/** Scratch memory for a row's exponentials in machine code: a range and sums. */
const ROW_SCRATCH = addresses("range", "sums");

export const KERNELS = {
  /** Packs all panels of B `[K, N]`; `matrixBytes` from one matrix of a batch to the next. */
  pack: kernel("gemm", {
    ...addresses("b", "ldb", "packed", "matrixBytes"),
    ...ints("transposed", "K", "N", "panelsPerTask", "tasksPerMatrix"),
  }),
  /**
   * C = A·B or C + A·B of packed B: tasks of `rowsPerTask` rows (a multiple of {@linkcode TILE_ROWS}) and `panelsPerTask`
   * panels. A block of A is packed to `packedA` in scratch memory.
   */
  gemm: kernel("gemm", {
    ...addresses("a", "lda", "packed", "c", "bytesA", "bytesPacked", "bytesC", "packedA"),
    ...ints("transposed", "M", "N", "K", "rowsPerTask", "panelsPerTask", "tasksAlongN", "tasksPerMatrix", "add"),
  }),
  /** y `[M, N]` = x·wᵀ of few rows, by inner products: packing would cost more than the product. */
  inner: kernel("gemm", { ...addresses("x", "w", "y"), ...ints("M", "N", "K", "columnsPerTask") }),
  /** Parts of products by the system's BLAS: a table of {@linkcode PRODUCT}. */
  blas: kernel("products", addresses("table")),
  /** Parts of products in machine code, of packed B: a table of {@linkcode PRODUCT}. */
  tiles: kernel("products", addresses("table", "aside")),
  /** Runs of panels: a table of {@linkcode PANELS}. */
  packPanels: kernel("panels", addresses("table")),
  /** Splits matrices B for AMX: a table of {@linkcode AMX_SPLIT}. */
  splitForAmx: kernel("amx", addresses("table", "edge")),
  /** Rows of products of one A by AMX: a table of {@linkcode AMX_TASK}, then of {@linkcode AMX_TARGET}. */
  amx: kernel("amx", addresses("table", "edge", "block", "panel", "aside")),

  attention: kernel("attention", FORWARD),
  attentionGrad: kernel("attention", { ...BACKWARD, ...addresses("queries", "douts") }),
  attentionByCalls: kernel("attention-by-calls", { ...FORWARD, ...BY_CALLS, ...addresses("scales", "sums") }),
  /** `panels` is a packed strip of queries or of their gradients, `aside` a block of packed scores. */
  attentionByCallsGrad: kernel("attention-by-calls", { ...BACKWARD, ...BY_CALLS, ...addresses("panels", "aside") }),

  add: overElements("elementwise", addresses("a", "b", "y")),
  sub: overElements("elementwise", addresses("a", "b", "y")),
  mul: overElements("elementwise", addresses("a", "b", "y")),
  scale: overElements("elementwise", { ...addresses("x", "y"), ...floats("factor") }),
  fill: overElements("elementwise", { ...addresses("y"), ...floats("value") }),
  /** y = sum of `count` tensors. */
  addN: overElements("elementwise", { ...addresses("y"), ...ints("count"), tensors: "usize[]" }),
  /** Sums of the tasks' elements, a float64 each. */
  sum: overElements("elementwise", addresses("x", "sums")),
  /** y = SiLU(gate) ∘ up */
  swiglu: overElements("elementwise", addresses("gate", "up", "y")),
  swigluGrad: overElements("elementwise", addresses("gate", "up", "dy", "dgate", "dup")),
  /** An element is dropped if its hash is below `threshold`; `dropAll` says that the threshold is 2³². */
  dropout: overElements("elementwise", {
    ...addresses("x", "y"),
    ...ints("seed", "threshold", "dropAll"),
    ...floats("scale"),
  }),
  /** Elements are words of two half-precision numbers each. */
  unpackHalf: overElements("half", addresses("halves", "y")),

  /** The H2E stitch: y = expert + σ(z) ∘ (projected − expert) */
  hubIntoExpert: overElements("stitch", addresses("expert", "projected", "z", "y")),
  hubIntoExpertGrad: overElements(
    "stitch",
    addresses("expert", "projected", "z", "dy", "dexpert", "dprojected", "dz"),
  ),
  /** The E2H stitch of `count` states, the hub's first, `[rows, d]` each; z `[rows, count, d]`. */
  expertsIntoHub: overRows("stitch", { ...addresses("z", "y"), ...ints("d", "count"), states: "usize[]" }),
  /** The tensors are the states, then their gradients. */
  expertsIntoHubGrad: overRows("stitch", {
    ...addresses("z", "dy", "dz"),
    ...ints("d", "count"),
    tensors: "usize[]",
  }),

  /** Sums of squares of gradients, a float64 for each {@linkcode ADAM_W_CHUNK}. */
  squares: kernel("adam-w", addresses("chunks", "parameters", "sums")),
  /** `rate` is lr / (1 − β₁ᵗ), `correction2` 1 / (1 − β₂ᵗ), `rest1` 1 − β₁, `rest2` 1 − β₂. */
  adamW: kernel("adam-w", {
    ...addresses("chunks", "parameters"),
    ...floats("scale", "beta1", "beta2", "rate", "correction2", "epsilon", "rest1", "rest2"),
  }),

  rmsNorm: overRows("rows", { ...addresses("x", "w", "y"), ...ints("d"), ...floats("epsilon") }),
  /**
   * `dx` or 0; `dw` is each task's part of dw, `[tasks, d]`, or 0; `rest` is what dx is added to, or 0. Rows per task must
   * not depend on the number of threads, because the parts are added in the order of tasks.
   */
  rmsNormGrad: overRows("rows", {
    ...addresses("x", "w", "dy", "dx", "dw", "rest"),
    ...ints("d"),
    ...floats("epsilon"),
  }),
  /** Sums of n rows, column by column: the elements are columns. */
  sumRows: overElements("rows", { ...addresses("x", "y"), ...ints("n") }),
  /** Rotary embedding; a row is a position, `half` half the size of a head. */
  rope: overRows("rows", {
    ...addresses("x", "cos", "sin", "y"),
    ...ints("heads", "half", "time"),
    ...floats("sign"),
  }),
  embedding: overRows("rows", { ...addresses("table", "ids", "y"), ...ints("d") }),
  /** Rows are those of the table; each task looks through all ids. */
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

/** The kernels over elements, and over rows, and what they take besides that. */
type Over<Base extends keyof typeof BASES> = {
  [Name in KernelName]: keyof typeof BASES[Base] extends keyof Arguments<Name> ? Name : never;
}[KernelName];
export type ElementKernel = Over<"elements">;
export type RowKernel = Over<"rows">;
export type OwnArguments<Name extends KernelName> = Omit<Arguments<Name>, "elements" | "rows" | "perTask">;

/**
 * C `[M, N]` = alpha·A·B + `addend` (as C lies; 0: nothing; for a BLAS C itself or 0). B is given as it is stored (for a
 * BLAS) or packed in panels, `panelStep` bytes from one to the next (for machine code).
 */
export const PRODUCT = record({
  ...ints("M", "N", "K"),
  ...floats("alpha"),
  ...addresses("a", "lda", "b", "ldb", "panels", "panelStep", "c", "ldc", "addend"),
  ...ints("transposeA", "transposeB"),
});

/** Columns of B `[K, N]` to be packed in panels. */
export const PANELS = record({ ...addresses("b", "ldb", "to"), ...ints("transposed", "K", "N") });

/** Columns of B to be split: `form` as {@linkcode splitForm} has it. `tooLarge` is the address of a word. */
export const AMX_SPLIT = record({ ...addresses("from", "ld", "to", "tooLarge"), ...ints("form", "lines", "K") });

/** `rows` rows of A from row `firstRow` on; `targets` are the bytes from the beginning of the table to the first target. */
export const AMX_TASK = record({
  ...addresses("a", "lda", "targets"),
  ...ints("form", "firstRow", "rows", "K", "targetCount"),
});

/** What A is multiplied by: split B, and B itself for numbers that are too large to be split; C and its addend or 0. */
export const AMX_TARGET = record({
  ...addresses("strips", "b", "ldb", "tooLarge", "c", "ldc", "addend"),
  ...ints("transposeB", "N"),
});

/** Addresses of a parameter, its gradient and its moments; `keep` is what weight decay leaves, 1 − lr·decay. */
export const ADAM_W_PARAMETER = record({ ...addresses("p", "g", "m", "v"), ...floats("keep") });

/** `count` elements of a parameter from `first` on. */
export const ADAM_W_CHUNK = record(ints("parameter", "first", "count"));
