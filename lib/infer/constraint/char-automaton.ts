// Nondeterministic automata over characters: made of patterns, and intersected.
import { UserError } from "../../errors.ts";
import { ANY, both, type CodePoints } from "./code-points.ts";

/** A regular language of texts. */
export type Pattern =
  | { readonly kind: "set"; readonly set: CodePoints }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Pattern[] }
  /** `max` may be infinite. */
  | { readonly kind: "repeat"; readonly item: Pattern; readonly min: number; readonly max: number }
  /** The beginning or the end of the text. */
  | { readonly kind: "start" | "end" };

/** An automaton without empty moves; state 0 is the first. */
export type CharAutomaton = readonly CharState[];

export interface CharState {
  readonly edges: readonly { readonly set: CodePoints; readonly target: number }[];
  readonly accepts: boolean;
}

/** Most states of an automaton: more would take seconds and gigabytes. */
const MOST_STATES = 100_000;

export const ANY_TEXT: Pattern = { kind: "repeat", item: { kind: "set", set: ANY }, min: 0, max: Infinity };

/** The error for patterns and schemas with too large counts. */
export function tooLarge(most = MOST_STATES): UserError {
  return new UserError(
    "constraint.too-large",
    `The pattern or schema needs more than ${most.toLocaleString("en")} states`,
    "Use smaller counts, such as those in {1,1000} or maxLength, and nest fewer of them",
  );
}

/**
 * An automaton that accepts the texts that a pattern matches as a whole.
 *
 * @throws UserError `constraint.too-large`
 */
export function charAutomaton(pattern: Pattern): CharAutomaton {
  const { moves, first, last } = thompson(pattern);
  // A state is a node of the construction, whether the text has begun, and whether it has ended.
  const numbers = new Map<number, number>();
  const queue: number[] = [];
  const numberOf = (key: number): number => {
    let number = numbers.get(key);
    if (number === undefined) {
      number = queue.push(key) - 1;
      numbers.set(key, number);
      if (number >= MOST_STATES) throw tooLarge();
    }
    return number;
  };
  numberOf(first * 4);
  const states: CharState[] = [];
  for (let i = 0; i < queue.length; i++) {
    const edges: { set: CodePoints; target: number }[] = [];
    let accepts = false;
    const seen = new Set([queue[i]!]);
    for (const key of seen) {
      const [node, hasBegun, hasEnded] = [key >> 2, (key & 2) !== 0, (key & 1) !== 0];
      accepts ||= node === last;
      for (const { on, target } of moves[node]!) {
        if (on === "start") {
          if (!hasBegun) seen.add(target * 4 + (key & 3));
        } else if (on === "end") seen.add(target * 4 + (key & 2) + 1);
        else if (on === undefined) seen.add(target * 4 + (key & 3));
        else if (!hasEnded) edges.push({ set: on, target: numberOf(target * 4 + 2) });
      }
    }
    states.push({ edges, accepts });
  }
  return states;
}

interface Move {
  readonly on: CodePoints | "start" | "end" | undefined;
  readonly target: number;
}

/** Thompson's construction, with empty moves. */
function thompson(
  pattern: Pattern,
): { readonly moves: readonly Move[][]; readonly first: number; readonly last: number } {
  const moves: Move[][] = [];
  const node = (): number => {
    if (moves.length >= MOST_STATES * 4) throw tooLarge();
    return moves.push([]) - 1;
  };
  const connect = (from: number, target: number, on?: Move["on"]) => moves[from]!.push({ on, target });
  /** Adds a part after `from`, and returns the node after it. */
  const add = (part: Pattern, from: number): number => {
    switch (part.kind) {
      case "sequence":
        return part.parts.reduce((at, one) => add(one, at), from);
      case "choice": {
        const to = node();
        for (const one of part.parts) {
          const start = node();
          connect(from, start);
          connect(add(one, start), to);
        }
        return to;
      }
      case "repeat": {
        let at = from;
        for (let i = 0; i < part.min; i++) at = add(part.item, at);
        if (part.max === Infinity) {
          const loop = node();
          connect(at, loop);
          connect(add(part.item, loop), loop);
          return loop;
        }
        const to = node();
        connect(at, to);
        for (let i = part.min; i < part.max; i++) {
          at = add(part.item, at);
          connect(at, to);
        }
        return to;
      }
      default: {
        const to = node();
        connect(from, to, part.kind === "set" ? part.set : part.kind);
        return to;
      }
    }
  };
  const first = node();
  const start = node();
  connect(first, start);
  const last = add(pattern, start);
  return { moves, first, last };
}

/**
 * An automaton that accepts what both accept.
 *
 * @throws UserError `constraint.too-large`
 */
export function intersect(a: CharAutomaton, b: CharAutomaton): CharAutomaton {
  const numbers = new Map<number, number>();
  const queue: number[] = [];
  const numberOf = (one: number, other: number): number => {
    const key = one * b.length + other;
    let number = numbers.get(key);
    if (number === undefined) {
      number = queue.push(key) - 1;
      numbers.set(key, number);
      if (number >= MOST_STATES) throw tooLarge();
    }
    return number;
  };
  numberOf(0, 0);
  const states: CharState[] = [];
  for (let i = 0; i < queue.length; i++) {
    const [one, other] = [a[Math.floor(queue[i]! / b.length)]!, b[queue[i]! % b.length]!];
    const edges = one.edges.flatMap((left) =>
      other.edges.flatMap((right) => {
        const set = both(left.set, right.set);
        return set.length === 0 ? [] : [{ set, target: numberOf(left.target, right.target) }];
      })
    );
    states.push({ edges, accepts: one.accepts && other.accepts });
  }
  return states;
}

/**
 * An automaton that accepts all texts of `set` except some.
 *
 * @param texts of characters in `set`
 */
export function allBut(texts: Iterable<string>, set: CodePoints): CharAutomaton {
  const root = { next: new Map<number, TrieNode>(), isText: false };
  for (const text of texts) {
    let at: TrieNode = root;
    for (const character of text) {
      const code = character.codePointAt(0)!;
      let next = at.next.get(code);
      if (next === undefined) at.next.set(code, next = { next: new Map(), isText: false });
      at = next;
    }
    at.isText = true;
  }
  const nodes: TrieNode[] = [root];
  for (const node of nodes) nodes.push(...node.next.values());
  const numbers = new Map(nodes.map((node, i) => [node, i]));
  const other = nodes.length;
  const states = nodes.map((node): CharState => {
    const edges: { set: CodePoints; target: number }[] = [];
    let rest: number[] = [...set];
    for (const [code, next] of node.next) {
      edges.push({ set: [code, code], target: numbers.get(next)! });
      rest = [...both(rest, without(code))];
    }
    if (rest.length > 0) edges.push({ set: rest, target: other });
    return { edges, accepts: !node.isText };
  });
  return [...states, { edges: [{ set, target: other }], accepts: true }];
}

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  isText: boolean;
}

const without = (code: number): CodePoints =>
  code === 0 ? [1, 0x10ffff] : code === 0x10ffff ? [0, code - 1] : [0, code - 1, code + 1, 0x10ffff];
