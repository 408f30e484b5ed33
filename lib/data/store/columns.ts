// Columns of numbers for many rows: a few bytes per row, where an object would take a hundred.

type Numbers = Uint8Array | Uint32Array | Float64Array;

/** A list of numbers in a typed array that grows. */
export interface Column<Values extends Numbers> {
  readonly length: number;
  push(value: number): void;
  get(row: number): number;
  add(row: number, value: number): void;
  /** Drops the rows from `length` on. */
  truncate(length: number): void;
  /** The values so far; valid until the next `push()`. */
  values(): Values;
}

/** A column of whole numbers below 2^32. */
export function uint32Column(): Column<Uint32Array> {
  return column((length) => new Uint32Array(length));
}

/** A column of numbers, such as positions in a file: whole numbers are exact below 2^53. */
export function float64Column(): Column<Float64Array> {
  return column((length) => new Float64Array(length));
}

function column<Values extends Uint32Array | Float64Array>(make: (length: number) => Values): Column<Values> {
  let rows = make(256);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === rows.length) {
        const grown = make(2 * rows.length);
        grown.set(rows);
        rows = grown;
      }
      rows[length++] = value;
    },
    get: (row) => rows[row]!,
    add: (row, value) => void (rows[row]! += value),
    truncate: (to) => void (length = to),
    values: () => rows.subarray(0, length) as Values,
  };
}

/**
 * The items in the order of their ranks; equal ranks keep their order.
 *
 * @param items at most 2^32
 * @param rank a whole number below 2^32
 */
export function sortByRank(items: Uint32Array, rank: (item: number) => number): Uint32Array {
  // Rank and place in one 64-bit integer, the rank in the high half: sorted without a comparison function.
  const keys = new BigUint64Array(items.length);
  const halves = new Uint32Array(keys.buffer);
  const [low, high] = LITTLE_ENDIAN ? [0, 1] : [1, 0];
  for (let i = 0; i < items.length; i++) {
    halves[2 * i + low] = i;
    halves[2 * i + high] = rank(items[i]!);
  }
  keys.sort();
  return Uint32Array.from(items, (_, i) => items[halves[2 * i + low]!]!);
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
