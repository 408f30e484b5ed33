// A random permutation, evaluated one index at a time.

/**
 * One element of a permutation of 0 to `size - 1`, without computing the others: a Feistel network on the next power of
 * four, iterated until the result is in range (cycle walking, Black and Rogaway 2002).
 */
export function permute(index: number, size: number, round: (round: number, half: number) => number): number {
  let bits = 1;
  while (4 ** bits < size) bits++;
  const mask = 2 ** bits - 1;
  let value = index;
  do {
    let left = Math.floor(value / 2 ** bits);
    let right = value & mask;
    for (let i = 0; i < 4; i++) [left, right] = [right, (left ^ round(i, right)) & mask];
    value = left * 2 ** bits + right;
  } while (value >= size);
  return value;
}
