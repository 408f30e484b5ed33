// The tokens of a vocabulary as a trie of their bytes.
import type { Machine, State } from "./machine.ts";

/** Tokens that constraints may choose from. */
export interface Vocabulary {
  /** Number of ids. */
  readonly size: number;
  /** Ids that end a text. */
  readonly ends: readonly number[];
  /** The bytes of a token; undefined if it is never chosen: special tokens, tokens without text, ids that end a text. */
  bytes(id: number): Uint8Array | undefined;
  /** Whether a token is this byte alone. */
  hasByte(byte: number): boolean;
  /** One bit per id: the tokens that may come next, and the ids that end the text if it may end. */
  mask(machine: Machine, state: State): Uint32Array;
}

/**
 * @param tokenBytes the bytes of each token; undefined for special tokens
 * @param ends ids that end a text; at least one
 */
export function vocabulary(
  size: number,
  tokenBytes: (id: number) => Uint8Array | undefined,
  ends: readonly number[],
): Vocabulary {
  const isEnd = new Set(ends);
  const bytes = Array.from({ length: size }, (_, id) => {
    const one = isEnd.has(id) ? undefined : tokenBytes(id);
    return one?.length === 0 ? undefined : one;
  });
  const singles = new Set(bytes.flatMap((one) => one?.length === 1 ? [one[0]!] : []));
  const trie = trieOf(bytes);
  const path: (State | null)[] = []; // by depth
  return {
    size,
    ends,
    bytes: (id) => bytes[id],
    hasByte: (byte) => singles.has(byte),
    mask(machine, state) {
      const mask = new Uint32Array((size + 31) >> 5);
      const allow = (id: number) => mask[id >> 5]! |= 1 << (id & 31);
      if (state.accepts) ends.forEach(allow);
      path[0] = state;
      const { count, byteOf, depthOf, tokenAt, after, sameBytes } = trie;
      for (let node = 0; node < count;) {
        const depth = depthOf[node]!;
        const before = path[depth - 1]!;
        const next = before.next[byteOf[node]!];
        const reached = next === undefined ? machine.step(before, byteOf[node]!) : next;
        if (reached === null) {
          node = after[node]!;
          continue;
        }
        path[depth] = reached;
        for (let id = tokenAt[node]!; id >= 0; id = sameBytes[id]!) allow(id);
        node++;
      }
      return mask;
    },
  };
}

/** Nodes in the order of a depth-first walk, without the root. */
interface Trie {
  readonly count: number;
  readonly byteOf: Uint8Array;
  /** 1 for the first bytes of tokens. */
  readonly depthOf: Uint32Array;
  /** The token that ends at a node; -1 if none does. */
  readonly tokenAt: Int32Array;
  /** The node after all that are below a node. */
  readonly after: Uint32Array;
  /** By id: another token with the same bytes, or -1. */
  readonly sameBytes: Int32Array;
}

function trieOf(bytes: readonly (Uint8Array | undefined)[]): Trie {
  // One character per byte sorts as the bytes do.
  const latin1 = (one: Uint8Array) => Array.from(one, (byte) => String.fromCharCode(byte)).join("");
  const spelled = bytes.flatMap((one, id) => one === undefined ? [] : [{ id, key: latin1(one) }]);
  spelled.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id);
  const most = spelled.reduce((sum, { key }) => sum + key.length, 0);
  const byteOf = new Uint8Array(most);
  const depthOf = new Uint32Array(most);
  const tokenAt = new Int32Array(most).fill(-1);
  const after = new Uint32Array(most);
  const sameBytes = new Int32Array(bytes.length).fill(-1);
  const open: number[] = []; // nodes of the last token
  let count = 0;
  let last = "";
  for (const { id, key } of spelled) {
    let shared = 0;
    while (shared < last.length && shared < key.length && last[shared] === key[shared]) shared++;
    while (open.length > shared) after[open.pop()!] = count;
    for (let at = shared; at < key.length; at++) {
      byteOf[count] = key.charCodeAt(at);
      depthOf[count] = at + 1;
      open.push(count++);
    }
    const node = open.at(-1)!;
    sameBytes[id] = tokenAt[node]!;
    tokenAt[node] = id;
    last = key;
  }
  while (open.length > 0) after[open.pop()!] = count;
  return {
    count,
    byteOf: byteOf.slice(0, count),
    depthOf: depthOf.slice(0, count),
    tokenAt: tokenAt.slice(0, count),
    after: after.slice(0, count),
    sameBytes,
  };
}
