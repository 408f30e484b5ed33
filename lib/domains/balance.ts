// Assigning points to clusters of given sizes at the least total cost, by an auction.

/** An assignment with the prices that lead to it. */
export interface BalancedAssignment {
  /** The cluster of each point. */
  readonly clusters: Int32Array;
  /** One price per cluster: each point is in a cluster where cost plus price is the least, within the tolerance. */
  readonly prices: Float64Array;
}

/** The bids that hold a cluster's places, the lowest first: a binary heap. */
interface Places {
  readonly prices: number[];
  readonly points: number[];
}

/**
 * Assigns each point to a cluster, so that cluster j has exactly `sizes[j]` points and the total cost is within `n` times
 * `tolerance` of the least. Points bid for places; places of one cluster are alike (Bertsekas and Castañon, "The auction
 * algorithm for the transportation problem", 1989), with scaling of the smallest raise.
 *
 * @param costs row-major `[n, k]`
 * @param sizes `[k]`, which sum to n
 * @param tolerance smallest raise of a bid; positive
 * @param start prices to start from, such as those of a similar problem. @default 0
 * @throws RangeError unless the sizes sum to n
 */
export function assignBalanced(
  costs: Float64Array,
  sizes: ArrayLike<number>,
  tolerance: number,
  start: Float64Array = new Float64Array(sizes.length),
): BalancedAssignment {
  const k = sizes.length, n = costs.length / k;
  const total = Array.from(sizes).reduce((sum, size) => sum + size, 0);
  if (total !== n) throw new RangeError(`The sizes sum to ${total}, and there are ${n} points`);
  let low = Infinity, high = -Infinity;
  for (const cost of costs) [low, high] = [Math.min(low, cost), Math.max(high, cost)];
  let prices: Float64Array = start.slice();
  let clusters: Int32Array = new Int32Array(n);
  for (let raise = Math.max(tolerance, (high - low) / 8);; raise = Math.max(tolerance, raise / 5)) {
    ({ clusters, prices } = auction(costs, sizes, raise, prices));
    if (raise <= tolerance) break;
  }
  const least = prices.reduce((a, b) => Math.min(a, b), Infinity);
  return { clusters, prices: prices.map((price) => price - least) };
}

/** One round with a fixed raise. A cluster without places has an infinite price. */
function auction(
  costs: Float64Array,
  sizes: ArrayLike<number>,
  raise: number,
  start: Float64Array,
): { clusters: Int32Array; prices: Float64Array } {
  const k = sizes.length, n = costs.length / k;
  const prices = Float64Array.from(start, (price, j) => sizes[j] === 0 ? Infinity : price);
  const places = Array.from({ length: k }, (): Places => ({ prices: [], points: [] }));
  const clusters = new Int32Array(n).fill(-1);
  const waiting = Array.from({ length: n }, (_, i) => n - 1 - i);
  for (let point = waiting.pop(); point !== undefined; point = waiting.pop()) {
    let best = -1, least = Infinity, second = Infinity;
    for (let j = 0; j < k; j++) {
      const value = costs[point * k + j]! + prices[j]!;
      if (value < least) [best, second, least] = [j, least, value];
      else if (value < second) second = value;
    }
    const bid = prices[best]! + (second === Infinity ? 0 : second - least) + raise;
    const held = places[best]!;
    if (held.points.length === sizes[best]) {
      const [loser] = held.points;
      clusters[loser!] = -1;
      waiting.push(loser!);
      replaceLowest(held, bid, point);
    } else addPlace(held, bid, point);
    clusters[point] = best;
    if (held.points.length === sizes[best]) prices[best] = held.prices[0]!;
  }
  return { clusters, prices: prices.map((price, j) => sizes[j] === 0 ? start[j]! : price) };
}

function addPlace({ prices, points }: Places, price: number, point: number): void {
  let at = prices.length;
  for (; at > 0; at = (at - 1) >> 1) {
    const above = (at - 1) >> 1;
    if (prices[above]! <= price) break;
    [prices[at], points[at]] = [prices[above]!, points[above]!];
  }
  [prices[at], points[at]] = [price, point];
}

function replaceLowest({ prices, points }: Places, price: number, point: number): void {
  let at = 0;
  for (let below = 1; below < prices.length; below = 2 * at + 1) {
    if (below + 1 < prices.length && prices[below + 1]! < prices[below]!) below++;
    if (prices[below]! >= price) break;
    [prices[at], points[at]] = [prices[below]!, points[below]!];
    at = below;
  }
  [prices[at], points[at]] = [price, point];
}
