// Context-free grammars over bytes, as a network of automata that call each other.
import { type CharAutomaton, tooLarge } from "./char-automaton.ts";
import { utf8Sequences } from "./code-points.ts";

/** What a text may be. */
export type Expression =
  | { readonly kind: "text"; readonly text: string }
  /** The texts of an automaton; inside a JSON string, quotes, backslashes and control characters are escaped. */
  | { readonly kind: "automaton"; readonly automaton: CharAutomaton; readonly isJson?: boolean }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Expression[] }
  /** `max` may be infinite. */
  | { readonly kind: "repeat"; readonly item: Expression; readonly min: number; readonly max: number }
  | Rule;

/** A part that may be used in many places, and within itself. */
export interface Rule {
  readonly kind: "rule";
  /** Called once. */
  readonly body: () => Expression;
}

export const text = (text: string): Expression => ({ kind: "text", text });
export const sequence = (...parts: readonly Expression[]): Expression => ({ kind: "sequence", parts });
export const choice = (...parts: readonly Expression[]): Expression => ({ kind: "choice", parts });
export const repeat = (item: Expression, min: number, max: number): Expression => ({ kind: "repeat", item, min, max });
export const rule = (body: () => Expression): Rule => ({ kind: "rule", body });

/** Moves on bytes from a state to others. */
export interface ByteEdge {
  readonly first: number;
  readonly last: number;
  readonly target: number;
}

/** A state of a network. Each state belongs to one rule. */
export interface NetworkState {
  readonly edges: readonly ByteEdge[];
  /** Empty moves. */
  readonly empty: readonly number[];
  /** Rules to go through, by their first state, and where to go on. */
  readonly calls: readonly { readonly first: number; readonly next: number }[];
  /** Whether the rule ends here. */
  readonly isLast: boolean;
}

/** States, of which each one can reach the end of its rule; the first state of the grammar. */
export interface Network {
  readonly states: readonly NetworkState[];
  readonly first: number;
}

/** A state that is being built. */
interface Draft {
  edges: ByteEdge[];
  empty: number[];
  calls: { first: number; next: number }[];
  isLast: boolean;
  readonly owner: number;
}

const MOST_STATES = 1_000_000;

/**
 * The network of a grammar. States from which the end of the rule cannot be reached are left out, with the bytes that
 * there are.
 *
 * @param hasByte whether a byte can be written
 * @returns undefined if the grammar allows no text
 * @throws UserError `constraint.too-large`
 */
export function network(grammar: Expression, hasByte: (byte: number) => boolean): Network | undefined {
  const drafts: Draft[] = [];
  const rules = new Map<Expression, number>(); // first states
  const waiting: Expression[] = [];
  const add = (owner: number, isLast = false): number => {
    if (drafts.length >= MOST_STATES) throw tooLarge(MOST_STATES);
    return drafts.push({ edges: [], empty: [], calls: [], isLast, owner }) - 1;
  };
  const firstOf = (called: Expression): number => {
    let first = rules.get(called);
    if (first === undefined) {
      rules.set(called, first = add(drafts.length));
      waiting.push(called);
    }
    return first;
  };
  /** Adds a part after `from`, and returns the state after it. */
  const append = (part: Expression, from: number): number => {
    const { owner } = drafts[from]!;
    switch (part.kind) {
      case "text":
        return UTF8.encode(part.text).reduce((at, byte) => {
          const target = add(owner);
          drafts[at]!.edges.push({ first: byte, last: byte, target });
          return target;
        }, from);
      case "automaton":
        return appendAutomaton(part.automaton, part.isJson ?? false, from);
      case "sequence":
        return part.parts.reduce((at, one) => append(one, at), from);
      case "choice": {
        const to = add(owner);
        for (const one of part.parts) {
          const start = add(owner);
          drafts[from]!.empty.push(start);
          drafts[append(one, start)]!.empty.push(to);
        }
        return to;
      }
      case "repeat": {
        let at = from;
        for (let i = 0; i < part.min; i++) at = call(part.item, at);
        if (part.max === Infinity) {
          const loop = add(owner);
          drafts[at]!.empty.push(loop);
          drafts[call(part.item, loop)]!.empty.push(loop);
          return loop;
        }
        const to = add(owner);
        drafts[at]!.empty.push(to);
        for (let i = part.min; i < part.max; i++) {
          at = call(part.item, at);
          drafts[at]!.empty.push(to);
        }
        return to;
      }
      case "rule":
        return call(part, from);
    }
  };
  const call = (called: Expression, from: number): number => {
    const next = add(drafts[from]!.owner);
    drafts[from]!.calls.push({ first: firstOf(called), next });
    return next;
  };
  const appendAutomaton = (automaton: CharAutomaton, isJson: boolean, from: number): number => {
    const { owner } = drafts[from]!;
    const to = add(owner);
    const states = automaton.map(() => add(owner));
    drafts[from]!.empty.push(states[0]!);
    const write = byteWriter((state, first, last, target) => drafts[state]!.edges.push({ first, last, target }), add);
    automaton.forEach(({ edges, accepts }, i) => {
      if (accepts) drafts[states[i]!]!.empty.push(to);
      for (const { set, target } of edges) {
        for (let k = 0; k < set.length; k += 2) {
          const [first, last] = [set[k]!, set[k + 1]!];
          for (const sequence of isJson ? jsonSequences(first, last) : utf8Sequences(first, last)) {
            write(states[i]!, sequence, states[target]!, owner);
          }
        }
      }
    });
    return to;
  };

  const first = firstOf(grammar);
  for (const called of waiting) {
    const start = rules.get(called)!;
    const body = called.kind === "rule" ? called.body() : called;
    drafts[append(body, start)]!.isLast = true;
  }
  return trimmed(drafts, first, hasByte);
}

const UTF8 = new TextEncoder();

/** Writes sequences of byte ranges before a state; equal ends of sequences share their states. */
function byteWriter(
  connect: (state: number, first: number, last: number, target: number) => void,
  add: (owner: number) => number,
) {
  const shared = new Map<string, number>();
  return (from: number, sequence: readonly number[], to: number, owner: number) => {
    let target = to;
    for (let at = sequence.length - 2; at > 0; at -= 2) {
      const key = `${target} ${sequence[at]} ${sequence[at + 1]}`;
      let before = shared.get(key);
      if (before === undefined) {
        shared.set(key, before = add(owner));
        connect(before, sequence[at]!, sequence[at + 1]!, target);
      }
      target = before;
    }
    connect(from, sequence[0]!, sequence[1]!, target);
  };
}

const SHORT_ESCAPES = new Map([[8, "b"], [9, "t"], [10, "n"], [12, "f"], [13, "r"], [0x22, '"'], [0x5c, "\\"]]);

/** How a JSON string writes a range of characters: as they are, and escaped where they must be. */
function jsonSequences(first: number, last: number): readonly (readonly number[])[] {
  const found: (readonly number[])[] = [];
  let from = first; // of those that need no escape
  for (const code of ESCAPED) {
    if (code < first || code > last) continue;
    if (from < code) found.push(...utf8Sequences(from, code - 1));
    const short = SHORT_ESCAPES.get(code);
    const escape = short === undefined ? `\\u${code.toString(16).padStart(4, "0")}` : `\\${short}`;
    found.push([...UTF8.encode(escape)].flatMap((byte) => [byte, byte]));
    from = code + 1;
  }
  if (from <= last) found.push(...utf8Sequences(from, last));
  return found;
}

const ESCAPED: readonly number[] = [...Array.from({ length: 0x20 }, (_, code) => code), 0x22, 0x5c];

/** Leaves out what cannot be completed. */
function trimmed(drafts: readonly Draft[], first: number, hasByte: (byte: number) => boolean): Network | undefined {
  const before: { from: number; rule: number }[][] = drafts.map(() => []);
  drafts.forEach(({ edges, empty, calls }, from) => {
    for (const { first, last, target } of edges) {
      if (range(first, last).some(hasByte)) before[target]!.push({ from, rule: -1 });
    }
    for (const target of empty) before[target]!.push({ from, rule: -1 });
    for (const { first, next } of calls) before[next]!.push({ from, rule: first });
  });
  // Backwards from the ends of rules; a call counts once its rule has been found to have an end.
  const alive = drafts.map(() => false);
  const callers = new Map<number, number[]>();
  const queue: number[] = [];
  const revive = (state: number) => {
    if (alive[state]) return;
    alive[state] = true;
    queue.push(state);
  };
  drafts.forEach(({ isLast }, state) => isLast && revive(state));
  for (let i = 0; i < queue.length; i++) {
    const state = queue[i]!;
    for (const { from, rule } of before[state]!) {
      if (rule < 0 || alive[rule]) revive(from);
      else {
        const waiting = callers.get(rule);
        if (waiting === undefined) callers.set(rule, [from]);
        else waiting.push(from);
      }
    }
    for (const from of callers.get(state) ?? []) revive(from);
  }
  if (!alive[first]) return undefined;
  const states = drafts.map(({ edges, empty, calls, isLast }, state): NetworkState =>
    alive[state]
      ? {
        edges: edges.filter(({ target }) => alive[target]).flatMap((edge) => writable(edge, hasByte)),
        empty: empty.filter((target) => alive[target]),
        calls: calls.filter(({ first, next }) => alive[first] && alive[next]),
        isLast,
      }
      : DEAD
  );
  return { states, first };
}

const DEAD: NetworkState = { edges: [], empty: [], calls: [], isLast: false };

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** The parts of an edge whose bytes there are. */
function writable({ first, last, target }: ByteEdge, hasByte: (byte: number) => boolean): ByteEdge[] {
  const parts: ByteEdge[] = [];
  for (let from = first; from <= last; from++) {
    if (!hasByte(from)) continue;
    let to = from;
    while (to < last && hasByte(to + 1)) to++;
    parts.push({ first: from, last: to, target });
    from = to;
  }
  return parts;
}
