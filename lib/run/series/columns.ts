// Growing columns of numbers: a million points take a few megabytes, where as many objects take hundreds.

/** Numbers that grow at the end. */
export interface Column {
  readonly length: number;
  at(index: number): number;
  push(value: number): void;
  /** Keeps the first values. */
  truncate(length: number): void;
  /** Its values, not copied: they change with it. */
  values(): Values;
  /** Memory that it takes. */
  readonly bytes: number;
}

/** What a column is made of. */
export type Values = Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

const LEAST = 64;

/** An empty column. @param kind `index` for whole numbers below 2³², `number` for any; NaN is a number here */
export function createColumn(kind: "number" | "index"): Column {
  return columnOf(kind === "index" ? new Uint32Array(LEAST) : new Float64Array(LEAST), 0);
}

/** A column of these values, which it takes over. @param length how many there are. @default all */
export function columnOf(values: Values, length = values.length): Column {
  return {
    get length() {
      return length;
    },
    get bytes() {
      return values.byteLength;
    },
    at: (index) => values[index]!,
    values: () => values.subarray(0, length),
    push(value) {
      if (length === values.length) {
        const size = Math.max(LEAST, 2 * length);
        const larger = values instanceof Uint32Array ? new Uint32Array(size) : new Float64Array(size);
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    truncate(to) {
      length = Math.min(length, to);
    },
  };
}

/**
 * The first index from 0 to `length` for which `holds` is true, `length` if there is none.
 *
 * @param holds false for all indexes up to some place, and true from there on
 */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
