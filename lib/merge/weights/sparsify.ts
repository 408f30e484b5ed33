// Dropping elements of a task vector δ: small ones, both extremes, at random, or at random by rank. A sparsifier works on
// the pieces of a tensor in order and can be restarted.
import { bitsOf, flipOf, MAGNITUDE, type Order, type Pieces, type RankCut, rankCuts, rowRanks } from "./ranks.ts";
import { sizeOf } from "./source.ts";

/** Changes the pieces of a tensor in place, in order: dropped elements become 0. */
export type Dropper = (piece: Float32Array) => void;

/** Creates a dropper that begins at the start of the tensor; all of them drop the same elements. */
export type Sparsifier = () => Dropper;

/** Creates a stream of uniform numbers in [0, 1), the same at every call. */
export type Draws = () => () => number;

const keepAll: Sparsifier = () => () => {};
const dropAll: Sparsifier = () => (piece) => void piece.fill(0);

/**
 * Keeps the `⌊density · size⌋` elements of largest magnitude, at least one; among equals the first ones.
 *
 * Source: TIES, arXiv 2306.01708 §3.1 ("trim").
 */
export function keepLargest(pieces: Pieces, size: number, density: number): Sparsifier {
  if (density >= 1) return keepAll;
  if (density <= 0) return dropAll;
  return keepCount(pieces, Math.max(1, Math.floor(density * size)));
}

/** Keeps the `count` elements of largest magnitude; among equals the first ones. */
export function keepCount(pieces: Pieces, count: number): Sparsifier {
  const [cut] = rankCuts(pieces, "descending", [count]);
  return () => dropBeyond("descending", undefined, cut!);
}

/**
 * Drops the `⌊gamma · size⌋` elements of largest magnitude, and the smallest until `⌊density · size⌋` are left. If both
 * are not possible, drops fewer of the largest.
 *
 * Source: model breadcrumbs, arXiv 2312.06795 §3.
 */
export function dropExtremes(pieces: Pieces, size: number, density: number, gamma: number): Sparsifier {
  if (density >= 1) return keepAll;
  const target = Math.floor(density * size);
  const smallest = Math.max(0, size - target - Math.floor(gamma * size));
  const [low, high] = rankCuts(pieces, "ascending", [smallest, smallest + target]);
  return () => dropBeyond("ascending", low!, high!);
}

/** Drops the elements before `low` and those not before `high`. */
function dropBeyond(order: Order, low: RankCut | undefined, high: RankCut): Dropper {
  const [lowKey, lowEquals] = low === undefined ? [-1, 0] : [low.key, low.equals];
  const { key: highKey, equals: highEquals } = high;
  const flip = flipOf(order);
  let [lowSeen, highSeen] = [0, 0];
  return (piece) => {
    const bits = bitsOf(piece);
    for (let i = 0; i < piece.length; i++) {
      const key = (bits[i]! & MAGNITUDE) ^ flip;
      const early = key < lowKey || (key === lowKey && lowSeen++ < lowEquals);
      const late = key > highKey || (key === highKey && highSeen++ >= highEquals);
      if (early || late) piece[i] = 0;
    }
  };
}

/**
 * Keeps each element with probability `density`, independently.
 *
 * @param divide whether to divide kept elements by `density`, which preserves the expectation
 * @source DARE, arXiv 2311.03099 §3.2
 */
export function keepAtRandom(draws: Draws, density: number, divide: boolean): Sparsifier {
  if (density >= 1) return keepAll;
  if (density <= 0) return dropAll;
  return () => {
    const draw = draws();
    return (piece) => {
      for (let i = 0; i < piece.length; i++) {
        if (draw() >= density) piece[i] = 0;
        else if (divide) piece[i] = piece[i]! / density;
      }
    };
  };
}

/** The rows in which DELLA ranks magnitudes, along dimension 1 of a tensor; a vector is one row. */
export function rankedUnit(shape: readonly number[]): { readonly columns: number; readonly stride: number } {
  if (shape.length < 2) return { columns: sizeOf(shape), stride: 1 };
  return { columns: shape[1]!, stride: sizeOf(shape.slice(2)) };
}

/**
 * Keeps each element with a probability that rises linearly with the rank of its magnitude in its row, from
 * `density − epsilon` to `density + epsilon`. Pieces must hold whole units ({@linkcode rankedUnit}).
 *
 * @param divide whether to divide kept elements by their probability, which preserves the expectation
 * @source DELLA's MagPrune, arXiv 2406.11617 §3.1
 */
export function keepByRank(
  draws: Draws,
  shape: readonly number[],
  density: number,
  epsilon: number,
  divide: boolean,
): Sparsifier {
  if (density >= 1) return keepAll;
  if (density <= 0) return dropAll;
  const { columns, stride } = rankedUnit(shape);
  return () => {
    const draw = draws();
    return (piece) => {
      const probabilities = new Float32Array(piece.length);
      for (let unit = 0; unit < piece.length; unit += columns * stride) {
        for (let offset = unit; offset < unit + stride; offset++) {
          const ranks = rowRanks(piece, columns, (i) => offset + i * stride);
          for (let i = 0; i < columns; i++) {
            // The only element of a row has the middle rank.
            const place = columns === 1 ? 0.5 : Math.fround(ranks[i]! / (columns - 1));
            probabilities[offset + i * stride] = density - epsilon + place * 2 * epsilon;
          }
        }
      }
      for (let i = 0; i < piece.length; i++) {
        if (draw() >= probabilities[i]!) piece[i] = 0;
        else if (divide) piece[i] = piece[i]! / probabilities[i]!;
      }
    };
  };
}

/** Tensors with a smaller sum of magnitudes are not rescaled. */
const NEGLIGIBLE = 1e-7;

/** Adds a scale to a sparsifier that restores the tensor's sum of magnitudes. */
export function rescaledToSum(pieces: Pieces, sparsifier: Sparsifier): Sparsifier {
  let [before, after] = [0, 0];
  const drop = sparsifier();
  for (const piece of pieces()) {
    before += sumOfMagnitudes(piece);
    drop(piece);
    after += sumOfMagnitudes(piece);
  }
  if (before < NEGLIGIBLE || after < NEGLIGIBLE || before === after) return sparsifier;
  const scale = Math.fround(before / after);
  return () => {
    const drop = sparsifier();
    return (piece) => {
      drop(piece);
      for (let i = 0; i < piece.length; i++) piece[i]! *= scale;
    };
  };
}

function sumOfMagnitudes(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return sum;
}
