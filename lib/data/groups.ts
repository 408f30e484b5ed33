// Groups of documents that stay in one split: translations of a message, pieces of a file, or a single document.
import { float64Column, sortByRank, uint32Column } from "./store/columns.ts";

/** Groups by number, from 0, in the order of their first documents. */
export interface DocumentGroups {
  readonly count: number;
  /**
   * Adds a document to the group of its key, or to a new one.
   *
   * @param number of the document: the next one
   * @param rank rank of the group, below 2^32; asked for if the group is new
   */
  add(number: number, bytes: number, key: string | undefined, rank: () => number): void;
  bytesOf(group: number): number;
  documentsOf(group: number): readonly number[];
  /** All groups in the order of their ranks. */
  ordered(): Uint32Array;
  /** Drops the documents from number `documents` on. Only for documents without keys. */
  truncate(documents: number): void;
}

/** No groups. A document without a key takes 16 bytes of memory. */
export function groupsOfDocuments(): DocumentGroups {
  const first = uint32Column();
  const bytes = float64Column();
  const ranks = uint32Column();
  const keyed = new Map<string, number>();
  /** All documents of groups that have several. */
  const members = new Map<number, number[]>();
  return {
    get count() {
      return first.length;
    },
    add(number, size, key, rank) {
      const group = key === undefined ? undefined : keyed.get(key);
      if (group !== undefined) {
        const list = members.get(group);
        if (list === undefined) members.set(group, [first.get(group), number]);
        else list.push(number);
        bytes.add(group, size);
        return;
      }
      if (key !== undefined) keyed.set(key, first.length);
      first.push(number);
      bytes.push(size);
      ranks.push(rank());
    },
    bytesOf: bytes.get,
    documentsOf: (group) => members.get(group) ?? [first.get(group)],
    ordered: () => sortByRank(Uint32Array.from({ length: first.length }, (_, group) => group), ranks.get),
    truncate(documents) {
      if (keyed.size > 0) throw new Error("Cannot drop documents with keys");
      for (const rows of [first, bytes, ranks]) rows.truncate(documents);
    },
  };
}
