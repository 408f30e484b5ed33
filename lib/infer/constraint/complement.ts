// The automaton of all other texts, by the subset construction.
import { type CharAutomaton, type CharState, tooLarge } from "./char-automaton.ts";
import { type CodePoints, codePoints, complement } from "./code-points.ts";

const MOST_STATES = 10_000;

/**
 * A deterministic automaton that accepts the texts that another one does not.
 *
 * @throws UserError `constraint.too-large`
 */
export function otherTexts(automaton: CharAutomaton): CharAutomaton {
  const numbers = new Map<string, number>();
  const queue: (readonly number[])[] = [];
  const numberOf = (all: readonly number[]): number => {
    const sorted = [...new Set(all)].sort((a, b) => a - b);
    const key = sorted.join();
    let number = numbers.get(key);
    if (number === undefined) {
      number = queue.push(sorted) - 1;
      numbers.set(key, number);
      if (number >= MOST_STATES) throw tooLarge(MOST_STATES);
    }
    return number;
  };
  numberOf([0]);
  const states: CharState[] = [];
  for (const all of queue) {
    const edges = all.flatMap((state) => automaton[state]!.edges);
    // Between two neighbors of these, all characters lead to the same states.
    const borders = [...new Set(edges.flatMap(({ set }) => set.map((code, i) => code + i % 2)))].sort((a, b) => a - b);
    const ranges = new Map<number, number[]>();
    borders.slice(0, -1).forEach((from, i) => {
      const targets = edges.flatMap(({ set, target }) => includes(set, from) ? [target] : []);
      if (targets.length === 0) return;
      const number = numberOf(targets);
      ranges.set(number, [...ranges.get(number) ?? [], from, borders[i + 1]! - 1]);
    });
    const found = [...ranges].map(([target, pairs]) => ({ set: codePoints(...pairs), target }));
    const rest = complement(codePoints(...found.flatMap(({ set }) => set)));
    if (rest.length > 0) found.push({ set: rest, target: numberOf([]) });
    states.push({ edges: found, accepts: !all.some((state) => automaton[state]!.accepts) });
  }
  return states;
}

function includes(set: CodePoints, code: number): boolean {
  for (let i = 0; i < set.length; i += 2) if (set[i]! <= code && code <= set[i + 1]!) return true;
  return false;
}
