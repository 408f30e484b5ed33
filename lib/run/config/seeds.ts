// Lists of seeds as people write them: `1,2,3`, `1-3`, `1-3,7`.
import { UserError } from "../../errors.ts";

/** Seeds are unsigned 32-bit numbers. */
export const LARGEST_SEED = 2 ** 32 - 1;
const MOST_SEEDS = 10_000;

/**
 * The seeds of a list, in its order.
 *
 * @throws UserError `command.malformed` for anything else, for a repeated seed, and for too many
 */
export function readSeeds(text: string): number[] {
  const refuse = (why: string) =>
    new UserError(
      "command.malformed",
      `Cannot read --seeds ${text}: ${why}`,
      `write numbers from 0 to ${LARGEST_SEED} and ranges of them, such as 1,2,3 or 1-3,7`,
    );
  const seeds: number[] = [];
  for (const part of text.split(",")) {
    const [, first, last = first] = /^\s*(\d{1,10})\s*(?:-\s*(\d{1,10})\s*)?$/.exec(part) ?? [];
    if (first === undefined) throw refuse(`expected a number or a range, not "${part.trim()}"`);
    const [from, to] = [Number(first), Number(last)];
    if (to > LARGEST_SEED || from > LARGEST_SEED) throw refuse(`a seed is at most ${LARGEST_SEED}`);
    if (to < from) throw refuse(`the range ${part.trim()} runs backwards`);
    if (to - from >= MOST_SEEDS) throw refuse(`the range ${part.trim()} has more than ${MOST_SEEDS} seeds`);
    for (let seed = from; seed <= to; seed++) seeds.push(seed);
  }
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) !== i);
  if (twice !== undefined) throw refuse(`the seed ${twice} comes twice`);
  return seeds;
}
