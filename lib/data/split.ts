// Which documents are held out: whole files, messages and articles, chosen by a hash of the seed.
import { UserError } from "../errors.ts";
import { hash32 } from "../random.ts";
import { byteLength } from "./batches/tokenize.ts";
import type { Document, SplitName } from "./types.ts";

/** What the splits are chosen by. */
export interface SplitChoice {
  readonly seed: number;
  readonly domain: string;
  /** Where the text comes from, for messages. */
  readonly source: string;
  readonly heldoutBytes: number;
  readonly validationBytes: number;
}

/** Documents by split; `train` is all that is left, in the order in which a budget should take it. */
export interface Splits extends Readonly<Record<SplitName, readonly Document[]>> {
  /** Documents left out because an earlier one has the same text. */
  readonly exactDuplicates: number;
}

/** Documents that stay together: pieces of one file, translations of one message. */
interface Group {
  readonly documents: readonly Document[];
  readonly bytes: number;
}

/**
 * Splits documents by their first key (else each by itself). Held-out and validation text take whole groups in the order
 * of a hash of (seed, domain, key; without a key the text, so that it does not matter where a file lies), at most an eighth of the budget (but 8 KB) from each, so that a few long ones do not
 * make up all of it; what is over from such a group is left out. Groups of more than a tenth of all text go to
 * training, and neither budget exceeds a tenth.
 *
 * @throws UserError when there are fewer groups than the three splits need
 */
export function splitDocuments(documents: readonly Document[], choice: SplitChoice): Splits {
  const unique = uniqueTexts(documents);
  const { seed, domain } = choice;
  const rank = (kind: string, key: string) => hash32(seed, kind, domain, key);
  const groups = [...groupByKey(unique)]
    .map(([key, group]) => ({
      key: rank("group", key),
      group: sizedGroup(sortBy(group, (document) => rank("piece", rankName(document)))),
    }))
    .sort((a, b) => a.key - b.key).map(({ group }) => group);
  if (groups.length < 3) throw tooFew(choice, groups.length, documents.length);
  const total = groups.reduce((sum, { bytes }) => sum + bytes, 0);
  const short = groups.filter(({ bytes }) => bytes <= total / 10);
  const eligible = short.length < 2 ? groups : short;
  const limit = Math.max(1, Math.floor(eligible.length / 3));
  const heldout = take(eligible.slice(0, limit), Math.min(choice.heldoutBytes, total / 10));
  const rest = eligible.filter((group) => !heldout.groups.has(group));
  const validation = take(rest.slice(0, limit), Math.min(choice.validationBytes, total / 10));
  const train = groups.filter((group) => !heldout.groups.has(group) && !validation.groups.has(group))
    .flatMap((group) => group.documents);
  return {
    heldout: heldout.documents,
    validation: validation.documents,
    train: sortBy(train, (document) => rank("train", rankName(document))),
    exactDuplicates: documents.length - unique.length,
  };
}

/** The error for too little text; also for what is left after near-duplicates are gone. */
export function tooFew(
  { domain, source }: Pick<SplitChoice, "domain" | "source">,
  kept: number,
  all = kept,
): UserError {
  return new UserError(
    "data.too-few-documents",
    `data.${domain} (${source}) has ${kept} different document${kept === 1 ? "" : "s"}` +
      `${all > kept ? ` of ${all}` : ""}, but training, validation and held-out text need one each at least`,
    "Give more or longer files; a .txt file is cut at blank lines, other text files are one document each",
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

function groupByKey(documents: readonly Document[]): Map<string, Document[]> {
  const groups = new Map<string, Document[]>();
  for (const document of documents) {
    const key = document.keys?.[0] ?? rankName(document);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [document]);
    else group.push(document);
  }
  return groups;
}

/** What ranks a document in a pseudo-random order: a file of the user's own may move, so there it is the text. */
export function rankName({ id, keys, text }: Document): string {
  return keys === undefined ? text : id;
}

function sizedGroup(documents: readonly Document[]): Group {
  return { documents, bytes: documents.reduce((sum, { text }) => sum + byteLength(text), 0) };
}

function take(groups: readonly Group[], budget: number): { documents: Document[]; groups: Set<Group> } {
  const perGroup = Math.max(8192, budget / 8);
  const documents: Document[] = [];
  const taken = new Set<Group>();
  let bytes = 0;
  for (const group of groups) {
    if (bytes >= 0.9 * budget) break;
    let fromGroup = 0;
    for (const document of group.documents) {
      const size = byteLength(document.text);
      const fits = bytes + size <= 1.1 * budget && fromGroup + size <= perGroup;
      if (!fits && documents.length > 0) continue;
      documents.push(document);
      taken.add(group);
      fromGroup += size;
      bytes += size;
    }
  }
  return { documents, groups: taken };
}

/** Sorted by a number that is computed once for each. */
function sortBy<T>(list: readonly T[], rank: (item: T) => number): T[] {
  return list.map((item) => ({ item, rank: rank(item) })).sort((a, b) => a.rank - b.rank).map(({ item }) => item);
}
