// Runs a network over bytes: sets of places with stacks, made as they are needed.
import type { Network, NetworkState } from "./grammar.ts";

/** Everything that may have been read so far. */
export interface State {
  /** Whether the text may end here. */
  readonly accepts: boolean;
  /** Whether it must. */
  readonly isFinal: boolean;
  /** Places from which a byte can be read. */
  readonly places: readonly Place[];
  /** The next state by byte, once it is known; null if the byte cannot follow. */
  readonly next: (State | null | undefined)[];
  /** One bit per token, once it is known. */
  mask?: Uint32Array;
}

/** A state of the network, and the states to return to. */
interface Place {
  readonly state: number;
  readonly stack: Stack | undefined;
}

interface Stack {
  readonly id: number;
  readonly state: number;
  readonly below: Stack | undefined;
}

export interface Machine {
  readonly first: State;
  /** The state after a byte; null if it cannot follow. From every state, the text can be completed. */
  step(state: State, byte: number): State | null;
}

/** So many states are kept to be found again, of a few kilobytes each; texts in progress keep their own. */
const KEPT_STATES = 5000;

/** What can be reached from a state of a network without reading or calling. */
interface Reach {
  readonly readers: readonly number[];
  readonly calls: NetworkState["calls"];
  readonly isLast: boolean;
}

export function machine({ states, first }: Network): Machine {
  let known = new Map<string, State>();
  let stacks = new Map<string, Stack>();
  let stackCount = 0;
  const reaches = new Map<number, Reach>();

  const reachOf = (state: number): Reach => {
    let reach = reaches.get(state);
    if (reach !== undefined) return reach;
    const seen = new Set([state]);
    for (const at of seen) for (const target of states[at]!.empty) seen.add(target);
    const all = [...seen].map((at) => states[at]!);
    reach = {
      readers: [...seen].filter((at) => states[at]!.edges.length > 0),
      calls: all.flatMap(({ calls }) => calls),
      isLast: all.some(({ isLast }) => isLast),
    };
    reaches.set(state, reach);
    return reach;
  };

  const push = (state: number, below: Stack | undefined): Stack | undefined => {
    const { readers, calls, isLast } = reachOf(state);
    // Nothing is left to do there, so that lists need no deeper stack with each item.
    if (isLast && readers.length === 0 && calls.length === 0) return below;
    const key = `${state} ${below?.id}`;
    let stack = stacks.get(key);
    if (stack === undefined) stacks.set(key, stack = { id: stackCount++, state, below });
    return stack;
  };

  /** The state of some places and of all that can be reached from them without reading. */
  const stateOf = (from: readonly Place[]): State => {
    const readers = new Map<string, Place>();
    const seen = new Set<string>();
    const queue: Place[] = [];
    const visit = (state: number, stack: Stack | undefined) => {
      const key = `${state} ${stack?.id}`;
      if (seen.has(key)) return;
      seen.add(key);
      queue.push({ state, stack });
    };
    for (const { state, stack } of from) visit(state, stack);
    let accepts = false;
    for (const { state, stack } of queue) {
      const reach = reachOf(state);
      for (const reader of reach.readers) readers.set(`${reader} ${stack?.id}`, { state: reader, stack });
      for (const { first, next } of reach.calls) visit(first, push(next, stack));
      if (!reach.isLast) continue;
      if (stack === undefined) accepts = true;
      else visit(stack.state, stack.below);
    }
    const key = [...readers.keys()].sort().join() + (accepts ? "." : "");
    let found = known.get(key);
    if (found === undefined) {
      if (known.size >= KEPT_STATES) [known, stacks] = [new Map(), new Map()];
      const next = new Array<State | null | undefined>(256).fill(undefined);
      found = { accepts, isFinal: readers.size === 0, places: [...readers.values()], next };
      known.set(key, found);
    }
    return found;
  };

  return {
    first: stateOf([{ state: first, stack: undefined }]),
    step(state, byte) {
      const known = state.next[byte];
      if (known !== undefined) return known;
      const targets: Place[] = [];
      let [low, high] = [0, 255]; // bytes with the same targets
      for (const { state: at, stack } of state.places) {
        for (const { first, last, target } of states[at]!.edges) {
          if (last < byte) low = Math.max(low, last + 1);
          else if (first > byte) high = Math.min(high, first - 1);
          else {
            targets.push({ state: target, stack });
            [low, high] = [Math.max(low, first), Math.min(high, last)];
          }
        }
      }
      const reached = targets.length === 0 ? null : stateOf(targets);
      state.next.fill(reached, low, high + 1);
      return reached;
    },
  };
}
