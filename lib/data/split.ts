// Splits documents into training, validation and held-out text, by a hash of the seed.
import { UserError } from "../errors.ts";
import { hash32 } from "../random.ts";
import { withinBudget } from "./budget.ts";
import { groupsOfDocuments } from "./groups.ts";
import { sortByRank, uint32Column } from "./store/columns.ts";
import { type StoredDocuments, storedDocuments } from "./store/document-list.ts";
import { type DocumentStore, documentStore } from "./store/document-store.ts";
import { textSet } from "./store/text-set.ts";
import type { Document } from "./types.ts";

/** What the splits depend on. */
export interface SplitChoice {
  readonly seed: number;
  readonly domain: string;
  /** Where the text comes from, for error messages. */
  readonly source: string;
  readonly heldoutBytes: number;
  readonly validationBytes: number;
}

/** Documents by split. `train` has all that is left, in the order in which a budget should take it. */
export interface Splits {
  readonly heldout: readonly Document[];
  readonly validation: readonly Document[];
  readonly train: StoredDocuments;
  /** Documents left out because an earlier one has the same text, or because they are blank. */
  readonly exactDuplicates: number;
  /** Number of documents that are held out or used for validation only in part. */
  readonly cut: number;
}

/** Documents that arrive one by one and are split when all are there. */
export interface SplitPool {
  /** Takes a document, unless one with the same text is there. */
  add(document: Document): void;
  /** A place to return to with `rollback()`. */
  mark(): PoolMark;
  /** Drops what was added since a mark. */
  rollback(mark: PoolMark): void;
  /**
   * The splits.
   *
   * @throws UserError when there are fewer groups than the three splits need
   */
  split(): Splits;
}

/** What a {@linkcode SplitPool} held at some time. */
export interface PoolMark {
  readonly documents: number;
  readonly exactDuplicates: number;
}

/** Splits documents that are in memory; see {@linkcode splitPool}. */
export function splitDocuments(documents: Iterable<Document>, choice: SplitChoice, store = documentStore()): Splits {
  const pool = splitPool(choice, store);
  for (const document of documents) pool.add(document);
  return pool.split();
}

/**
 * Splits documents, keeping those with the same first key together. Held-out and validation text take groups in the order
 * of a hash of (seed, domain, key). A document without a key is a group of its own and is ranked by its text, so that the
 * location of its file does not matter. Neither split exceeds its budget or a tenth of all text.
 *
 * At most an eighth of a budget (but at least 8 KB) comes from one group, so that a few long ones do not fill it. If that
 * leaves room, parts of longer documents fill it. The rest of such a group is not used: it must not be trained on. Groups
 * of more than a tenth of all text go to training, as long as at least two are smaller.
 *
 * Conversations are never cut. If none fits into a budget, the shortest of the first ten is taken.
 *
 * Texts are in the store. Besides, a document takes about 50 bytes of memory.
 *
 * @param store empty; takes the documents
 */
export function splitPool(choice: SplitChoice, store: DocumentStore): SplitPool {
  const { seed, domain } = choice;
  const rank = (kind: string, key: string) => hash32(seed, kind, domain, key);
  const texts = textSet();
  const trainRanks = uint32Column();
  const groups = groupsOfDocuments();
  let exactDuplicates = 0;
  return {
    add(document) {
      const plain = document.text.trim();
      if (plain === "" || !texts.add(plain)) {
        exactDuplicates++;
        return;
      }
      const number = store.add(document);
      trainRanks.push(rank("train", rankName(document)));
      groups.add(number, store.bytesAt(number), document.keys?.[0], () => rank("group", keyOf(document)));
    },
    mark: () => ({ documents: store.length, exactDuplicates }),
    rollback(mark) {
      texts.truncate(mark.documents);
      store.truncate(mark.documents);
      trainRanks.truncate(mark.documents);
      groups.truncate(mark.documents);
      exactDuplicates = mark.exactDuplicates;
    },
    split() {
      if (groups.count < 3) throw tooFew(choice, groups.count, store.length + exactDuplicates);
      const ordered = groups.ordered();
      const total = ordered.reduce((sum, group) => sum + groups.bytesOf(group), 0);
      const short = ordered.filter((group) => groups.bytesOf(group) <= total / 10);
      const eligible = short.length < 2 ? ordered : short;
      const limit = Math.max(1, Math.floor(eligible.length / 3));
      const inOrder = (group: number): readonly number[] => {
        const numbers = groups.documentsOf(group);
        if (numbers.length < 2) return numbers;
        return [...sortByRank(Uint32Array.from(numbers), (number) => rank("piece", rankName(store.at(number))))];
      };
      const heldout = take(
        eligible.subarray(0, limit),
        inOrder,
        store,
        Math.min(choice.heldoutBytes, total / 10),
      );
      const rest = eligible.filter((group) => !heldout.groups.has(group)).subarray(0, limit);
      const validation = take(rest, inOrder, store, Math.min(choice.validationBytes, total / 10));
      const train = uint32Column();
      for (const group of ordered) {
        if (heldout.groups.has(group) || validation.groups.has(group)) continue;
        for (const number of inOrder(group)) train.push(number);
      }
      return {
        heldout: heldout.documents,
        validation: validation.documents,
        train: storedDocuments(store, sortByRank(train.values(), trainRanks.get)),
        exactDuplicates,
        cut: heldout.cut + validation.cut,
      };
    },
  };
}

/** The error for too little text, whether before or after duplicates are removed. */
function tooFew(
  { domain, source }: Pick<SplitChoice, "domain" | "source">,
  kept: number,
  all = kept,
): UserError {
  return new UserError(
    "data.too-few-documents",
    `data.domains.${domain} (${source}) has ${kept} different document${kept === 1 ? "" : "s"}` +
      `${all > kept ? ` of ${all}` : ""}, but training, validation and held-out text need one each at least`,
    "Give more text: a .txt file is cut into documents of about 4,000 characters, a .jsonl, .csv or .parquet file has " +
      "one in each record, and any other file is one",
  );
}

function keyOf(document: Document): string {
  return document.keys?.[0] ?? rankName(document);
}

/** What a document is ranked by in a pseudo-random order. The user's files may move, so their text counts, not their id. */
export function rankName({ id, keys, text }: Document): string {
  return keys === undefined ? text : id;
}

interface Taken {
  readonly documents: readonly Document[];
  /** The groups that they come from. */
  readonly groups: ReadonlySet<number>;
  readonly cut: number;
}

function take(
  groups: Uint32Array,
  inOrder: (group: number) => readonly number[],
  store: DocumentStore,
  budget: number,
): Taken {
  const perGroup = Math.max(8192, budget / 8);
  const documents: Document[] = [];
  const taken = new Set<number>();
  let bytes = 0;
  for (const group of groups) {
    if (bytes >= 0.9 * budget) break;
    let fromGroup = 0;
    for (const number of inOrder(group)) {
      const size = store.bytesAt(number);
      if (bytes + size > budget || fromGroup + size > perGroup) continue;
      documents.push(store.at(number));
      taken.add(group);
      fromGroup += size;
      bytes += size;
    }
  }
  if (bytes >= 0.9 * budget) return { documents, groups: taken, cut: 0 };
  const longest = Math.min(perGroup, budget);
  const long = uint32Column();
  const groupOf = uint32Column();
  for (const group of groups) {
    for (const number of inOrder(group)) {
      if (store.bytesAt(number) <= longest) continue;
      long.push(number);
      groupOf.push(group);
    }
  }
  const parts = withinBudget(storedDocuments(store, long.values()), budget - bytes, {
    longest,
    keep(document, index) {
      documents.push(document);
      taken.add(groupOf.get(index));
    },
  });
  if (documents.length > 0) return { documents, groups: taken, cut: parts.cut };
  const chats = Array.from(groups.subarray(0, 10), (group) => ({ group, number: inOrder(group)[0]! }))
    .filter(({ number }) => store.at(number).chat !== undefined)
    .sort((a, b) => store.bytesAt(a.number) - store.bytesAt(b.number)).slice(0, 1);
  return {
    documents: chats.map(({ number }) => store.at(number)),
    groups: new Set(chats.map(({ group }) => group)),
    cut: 0,
  };
}
