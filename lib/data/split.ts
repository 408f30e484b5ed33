// Splits documents into training, validation and held-out text, by a hash of the seed.
import { UserError } from "../errors.ts";
import { hash32 } from "../random.ts";
import { byteLength } from "./batches/tokenize.ts";
import { withinBudget } from "./budget.ts";
import type { Document, SplitName } from "./types.ts";

/** What the splits depend on. */
export interface SplitChoice {
  readonly seed: number;
  readonly domain: string;
  /** Where the text comes from, for error messages. */
  readonly source: string;
  readonly heldoutBytes: number;
  readonly validationBytes: number;
  /** The share by which whole documents may exceed the held-out and validation budgets. @default 0 */
  readonly slack?: number;
}

/** Documents by split. `train` has all that is left, in the order in which a budget should take it. */
export interface Splits extends Readonly<Record<SplitName, readonly Document[]>> {
  /** Documents left out because an earlier one has the same text. */
  readonly exactDuplicates: number;
  /** Number of documents that are held out or used for validation only in part. */
  readonly cut: number;
}

/** Documents that stay together (pieces of one file, translations of one message), or a single document. */
type Group = Document | readonly Document[];

/**
 * Splits documents, keeping those with the same first key together. Held-out and validation text take groups in the order
 * of a hash of (seed, domain, key). A document without a key is a group of its own and is ranked by its text, so that the
 * location of its file does not matter. Neither split exceeds its budget or a tenth of all text.
 *
 * At most an eighth of a budget (but at least 8 KB) comes from one group, so that a few long ones do not fill it. If that
 * leaves room, parts of longer documents fill it. The rest of such a group is not used: it must not be trained on. Groups
 * of more than a tenth of all text go to training, as long as at least two are smaller.
 *
 * @throws UserError when there are fewer groups than the three splits need
 */
export function splitDocuments(documents: readonly Document[], choice: SplitChoice): Splits {
  const unique = uniqueTexts(documents);
  const { seed, domain } = choice;
  const rank = (kind: string, key: string) => hash32(seed, kind, domain, key);
  const groups = sortBy(groupByKey(unique), (group) => rank("group", keyOf(documentsOf(group)[0]!)));
  if (groups.length < 3) throw tooFew(choice, groups.length, documents.length);
  const sizes = Float64Array.from(groups, bytesOf);
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const short = groups.filter((_, i) => sizes[i]! <= total / 10);
  const eligible = short.length < 2 ? groups : short;
  const limit = Math.max(1, Math.floor(eligible.length / 3));
  const { slack = 0 } = choice;
  const inOrder = (group: Group) => sortBy(documentsOf(group), (document) => rank("piece", rankName(document)));
  const heldout = take(eligible.slice(0, limit), inOrder, Math.min(choice.heldoutBytes, total / 10), slack);
  const rest = eligible.filter((group) => !heldout.groups.has(group));
  const validation = take(rest.slice(0, limit), inOrder, Math.min(choice.validationBytes, total / 10), slack);
  const train = groups.filter((group) => !heldout.groups.has(group) && !validation.groups.has(group)).flatMap(inOrder);
  return {
    heldout: heldout.documents,
    validation: validation.documents,
    train: sortBy(train, (document) => rank("train", rankName(document))),
    exactDuplicates: documents.length - unique.length,
    cut: heldout.cut + validation.cut,
  };
}

/** The error for too little text, whether before or after duplicates are removed. */
export function tooFew(
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

function uniqueTexts(documents: readonly Document[]): Document[] {
  const seen = new Set<string>();
  return documents.filter(({ text }) => {
    const plain = text.trim();
    if (plain === "" || seen.has(plain)) return false;
    seen.add(plain);
    return true;
  });
}

/** A document without keys is a group of its own: its text is unique. */
function groupByKey(documents: readonly Document[]): Group[] {
  const groups: Group[] = [];
  const keyed = new Map<string, Document[]>();
  for (const document of documents) {
    if (document.keys?.[0] === undefined) {
      groups.push(document);
      continue;
    }
    const group = keyed.get(document.keys[0]);
    if (group !== undefined) group.push(document);
    else groups.push(keyed.set(document.keys[0], [document]).get(document.keys[0])!);
  }
  return groups;
}

function documentsOf(group: Group): readonly Document[] {
  return "text" in group ? [group] : group;
}

function keyOf(document: Document): string {
  return document.keys?.[0] ?? rankName(document);
}

function bytesOf(group: Group): number {
  return documentsOf(group).reduce((sum, { text }) => sum + byteLength(text), 0);
}

/** What a document is ranked by in a pseudo-random order. The user's files may move, so their text counts, not their id. */
export function rankName({ id, keys, text }: Document): string {
  return keys === undefined ? text : id;
}

interface Taken {
  readonly documents: readonly Document[];
  /** The groups that they come from. */
  readonly groups: ReadonlySet<Group>;
  readonly cut: number;
}

function take(
  groups: readonly Group[],
  inOrder: (group: Group) => readonly Document[],
  budget: number,
  slack: number,
): Taken {
  const perGroup = Math.max(8192, budget / 8);
  const documents: Document[] = [];
  const taken = new Set<Group>();
  let bytes = 0;
  for (const group of groups) {
    if (bytes >= 0.9 * budget) break;
    let fromGroup = 0;
    for (const document of inOrder(group)) {
      const size = byteLength(document.text);
      if (bytes + size > (1 + slack) * budget || fromGroup + size > perGroup) continue;
      documents.push(document);
      taken.add(group);
      fromGroup += size;
      bytes += size;
    }
  }
  if (bytes >= 0.9 * budget) return { documents, groups: taken, cut: 0 };
  const longest = Math.min(perGroup, budget);
  const long = groups.flatMap((group) => inOrder(group).filter(({ text }) => byteLength(text) > longest));
  const parts = withinBudget(long, budget - bytes, { longest });
  for (const group of groups) if (documentsOf(group).some((document) => parts.sources.has(document))) taken.add(group);
  return { documents: [...documents, ...parts.documents], groups: taken, cut: parts.cut };
}

/** A stable sort by an integer below 2^32, which is computed once per item. */
function sortBy<T>(list: readonly T[], rank: (item: T) => number): T[] {
  if (list.length < 2) return [...list];
  const ranks = Uint32Array.from(list, rank);
  const order = Uint32Array.from(list, (_, i) => i).sort((a, b) => ranks[a]! - ranks[b]! || a - b);
  return Array.from(order, (i) => list[i]!);
}
