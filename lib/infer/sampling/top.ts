// The most likely tokens by partial selection, without sorting the vocabulary.

/**
 * Ids of the `count` largest logits, the largest first and the lowest id first among equals. Takes time in the order of
 * `vocab + count · log(vocab) · log(count)` for logits in no particular order.
 *
 * @param logits `[vocab]`
 * @returns `[min(count, vocab)]`
 */
export function topTokens(logits: Float32Array, count: number): Int32Array {
  const size = Math.min(count, logits.length);
  const heap = new Int32Array(size); // the worst of the best is its root
  if (size === 0) return heap;
  const isWorse = (a: number, b: number) => logits[a]! < logits[b]! || (logits[a] === logits[b] && a > b);
  const sink = (from: number, end: number) => {
    const id = heap[from]!;
    let at = from;
    for (let child = 2 * at + 1; child < end; child = 2 * at + 1) {
      if (child + 1 < end && isWorse(heap[child + 1]!, heap[child]!)) child++;
      if (!isWorse(heap[child]!, id)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = id;
  };
  for (let id = 0; id < size; id++) heap[id] = id;
  for (let at = (size >> 1) - 1; at >= 0; at--) sink(at, size);
  let limit = logits[heap[0]!]!;
  for (let id = size; id < logits.length; id++) {
    if (logits[id]! <= limit) continue; // among equals, the one that is there has the lower id
    heap[0] = id;
    sink(0, size);
    limit = logits[heap[0]!]!;
  }
  // Heapsort: the worst moves to the end.
  for (let end = size - 1; end > 0; end--) {
    [heap[0], heap[end]] = [heap[end]!, heap[0]!];
    sink(0, end);
  }
  return heap;
}

/** The id of the largest logit, the lowest among equals. */
export function mostLikely(logits: Float32Array): number {
  let best = 0;
  let largest = logits[0]!;
  for (let id = 1; id < logits.length; id++) {
    if (logits[id]! > largest) {
      largest = logits[id]!;
      best = id;
    }
  }
  return best;
}
