// The matrices B of products by AMX, split into three bfloat16 parts: once for all threads, and kept if they are
// constant. Those that are not kept are split and multiplied in stages, so that large ones, such as a vocabulary's, need
// little memory.
import { AMX_EDGE_BYTES, AMX_RUN, AMX_STEP, AMX_STEP_BYTES, AMX_STRIP } from "../layout/constants.ts";
import { AMX_SPLIT } from "../layout/jobs.ts";
import { splitForm } from "../layout/native.ts";
import { createTable } from "../layout/record.ts";
import type { KeptForm } from "../machine/constant-matrices.ts";
import type { Block } from "../machine/heap.ts";
import { forElements, reserveScratch } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";
import { matricesOf, type Product, sameB } from "./product.ts";

/** Rough nanoseconds to split a number. */
const SPLITTING = 0.4;
/** Numbers of B that one task splits, at least. */
const SPLIT_NUMBERS = 16_384;
/** Memory for the word that flags numbers too large to split. */
const FLAG_BYTES = 64;
/** Most bytes of strips that are split as a whole, unless one strip has more. */
const PIECE_BYTES = 4 << 20;
/** Most bytes of a stage's strips. */
const STAGE_BYTES = 16 << 20;

/** Steps of k that are multiplied at a time. */
export interface Run {
  readonly k: number;
  readonly length: number;
}

/** The matrices B of a product. */
export interface Operand {
  readonly product: Product;
  /** Where the strips are kept, if they are. */
  readonly kept: KeptForm | undefined;
}

/** Columns of one matrix B, which are split, and found to have numbers too large to split, as a whole. */
export interface Piece {
  readonly operand: Operand;
  readonly matrix: number;
  /** The first column. */
  readonly n: number;
  readonly columns: number;
  readonly strips: number;
  /** A word that is 1 if a number is too large to be split. */
  readonly tooLarge: number;
}

/** Matrices B in stages, which take turns in the same memory. */
export interface Operands {
  readonly stages: readonly (readonly Piece[])[];
  /** The operand of each product. */
  readonly of: readonly Operand[];
  readonly block: Block;
}

/** Bytes of a strip of so many steps of k. */
export const stripBytes = (length: number) => Math.ceil(length / AMX_STEP) * AMX_STEP_BYTES;

/**
 * The distinct matrices B of products with the same K. What is a piece depends on the shape alone, so that no bytes
 * depend on what else is multiplied, or on what is kept.
 */
export function operandsOf(machine: Machine, products: readonly Product[]): Operands {
  const strip = stripBytes(Math.min(products[0]!.K, AMX_RUN));
  const bytesOf = ({ columns }: Cut) => Math.ceil(columns / AMX_STRIP) * strip;
  const first = products.map((product) => products.findIndex((other) => sameB(product, other)));
  const own = new Map(
    products.filter((_, i) => first[i] === i).map((product) => {
      const cuts = cutsOf(product, strip);
      const bytes = cuts.reduce((sum, cut) => sum + FLAG_BYTES + bytesOf(cut), 0);
      // With a longer K, each run's strips replace those of the previous run.
      const kept = product.K <= AMX_RUN ? machine.constants.find(product, "strips", bytes) : undefined;
      return [product, { cuts, operand: { product, kept } }];
    }),
  );

  const stages: { pieces: Piece[]; places: Places }[] = [{ pieces: [], places: { flags: 0, strips: 0 } }];
  for (const { cuts, operand } of own.values()) {
    const { kept } = operand;
    const keptPlaces = kept && { flags: kept.address, strips: kept.address + FLAG_BYTES * cuts.length };
    for (const cut of cuts) {
      const bytes = bytesOf(cut);
      if (kept === undefined && stages.at(-1)!.places.strips + bytes > STAGE_BYTES) {
        stages.push({ pieces: [], places: { flags: 0, strips: 0 } });
      }
      const { pieces, places } = stages.at(-1)!;
      const place = keptPlaces ?? places;
      pieces.push({ operand, ...cut, strips: place.strips, tooLarge: place.flags });
      place.flags += FLAG_BYTES;
      place.strips += bytes;
    }
  }
  const most = (name: keyof Places) => Math.max(...stages.map(({ places }) => places[name]));
  const block = machine.heap.allocate(Math.max(FLAG_BYTES, most("flags") + most("strips")));
  const inBlock = (piece: Piece): Piece => {
    if (piece.operand.kept !== undefined) return piece;
    const { tooLarge, strips } = piece;
    return { ...piece, tooLarge: block.address + tooLarge, strips: block.address + most("flags") + strips };
  };
  return {
    stages: stages.map(({ pieces }) => pieces.map(inBlock)),
    of: first.map((i) => own.get(products[i]!)!.operand),
    block,
  };
}

/** Where the next flag and the next strips go. */
interface Places {
  flags: number;
  strips: number;
}

type Cut = Pick<Piece, "matrix" | "n" | "columns">;

/** How the matrices B of a product are cut into pieces. */
function cutsOf({ batch, N, oneB }: Product, strip: number): Cut[] {
  const most = AMX_STRIP * Math.max(1, Math.floor(PIECE_BYTES / strip));
  const matrices = Array.from({ length: oneB ? 1 : batch }, (_, matrix) => matrix);
  const starts = Array.from({ length: Math.ceil(N / most) }, (_, i) => most * i);
  return matrices.flatMap((matrix) => starts.map((n) => ({ matrix, n, columns: Math.min(most, N - n) })));
}

/** Splits the pieces of a stage that are not split yet. */
export function splitPieces(machine: Machine, stage: readonly Piece[], { k, length }: Run): void {
  const pieces = stage.filter(({ operand }) => !operand.kept?.isPacked);
  if (pieces.length === 0) return;
  for (const flags of runsOf(pieces.map(({ tooLarge }) => tooLarge))) {
    forElements(machine, "fill", flags.bytes / 4, 1, { value: 0, y: flags.from });
  }
  const all = pieces.reduce((sum, { columns }) => sum + columns, 0);
  const some = AMX_STRIP * Math.ceil(Math.max(SPLIT_NUMBERS / length, all / (4 * machine.threads)) / AMX_STRIP);
  const tasks = createTable(AMX_SPLIT);
  for (const { operand: { product }, matrix, n: first, columns, strips, tooLarge } of pieces) {
    const { b, ldb: ld } = matricesOf(product, matrix);
    const form = splitForm("B", product.transposeB);
    for (let n = 0; n < columns; n += some) {
      const from = b + (product.transposeB ? (first + n) * ld + 4 * k : 4 * (first + n) + k * ld);
      const to = strips + n / AMX_STRIP * stripBytes(length);
      tasks.add({ from, ld, form, lines: Math.min(some, columns - n), K: length, to, tooLarge });
    }
  }
  const { edge } = reserveScratch(machine, { edge: AMX_EDGE_BYTES });
  machine.run("splitForAmx", { table: machine.stage(tasks.words), edge }, tasks.length, SPLITTING * all * length);
  for (const { operand: { kept } } of pieces) if (kept !== undefined) kept.isPacked = true;
}

/** Ascending addresses of flags as runs that lie side by side. */
function runsOf(flags: readonly number[]): { from: number; bytes: number }[] {
  const runs: { from: number; bytes: number }[] = [];
  for (const flag of flags) {
    const last = runs.at(-1);
    if (last !== undefined && last.from + last.bytes === flag) last.bytes += FLAG_BYTES;
    else runs.push({ from: flag, bytes: FLAG_BYTES });
  }
  return runs;
}
