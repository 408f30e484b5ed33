// Work on many items at a time, a bounded number at once.

/**
 * `work` on every item, at most `count` at once; results in the order of the items. The first error ends it, after what
 * is in progress has ended.
 *
 * @param count positive
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  count: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (!failed && next < items.length) {
      const at = next++;
      try {
        results[at] = await work(items[at]!, at);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(count, items.length) }, worker));
  const error = workers.find((one) => one.status === "rejected");
  if (error !== undefined) throw error.reason;
  return results;
}
