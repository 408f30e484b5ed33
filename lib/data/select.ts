// Selects the documents of every domain: without repetitions of held-out text, within the budget, fingerprinted.
import { createHash, type Hash } from "node:crypto";
import { UserError } from "../errors.ts";
import { byteLength } from "./batches/tokenize.ts";
import { withinBudget } from "./budget.ts";
import type { Skipped } from "./files/load.ts";
import { type OverlapGuard, overlapGuard } from "./overlap.ts";
import type { Splits } from "./split.ts";
import { uint32Column } from "./store/columns.ts";
import { storedDocuments } from "./store/document-list.ts";
import type { DocumentStore } from "./store/document-store.ts";
import type { Document, DocumentList, DomainDocuments, DomainReport, SplitReport } from "./types.ts";

/** A domain's text before overlap with other splits is removed. */
export interface Candidate extends Splits {
  readonly domain: string;
  readonly source: string;
  readonly skipped: Skipped;
  /** Has the documents of `train`, in the order of `train.numbers`. */
  readonly store: DocumentStore;
}

/** The documents of all domains. */
export interface Selection {
  readonly documents: Readonly<Record<string, DomainDocuments>>;
  readonly report: Readonly<Record<string, DomainReport>>;
  /** SHA-256 of each domain's text. */
  readonly fingerprints: Readonly<Record<string, string>>;
}

/** If training text exceeds its budget, documents of more bytes than this and more than an eighth of the budget are cut. */
const LONG_DOCUMENT = 16_384;

/**
 * Takes held-out, validation and training text, in this order. Validation documents that repeat a held-out document, and
 * training documents that repeat either, in any domain, or a question, are left out and counted.
 *
 * @param trainBytes budget for the training text of each domain
 * @param questions texts that training documents must not repeat either
 * @throws UserError when all text of a split repeats others
 */
export function selectDocuments(
  candidates: readonly Candidate[],
  trainBytes: number,
  questions: readonly Document[],
): Selection {
  const guard = overlapGuard();
  const repeats = new Map(candidates.map(({ domain }) => [domain, 0]));
  /** Documents within held-out text may be alike, and so may those within validation text: nothing leaks there. */
  const evaluated = (split: "heldout" | "validation") => {
    const kept = candidates.map((candidate) => {
      const documents = candidate[split].filter((document) => accepts(guard, document, candidate.domain, repeats));
      if (documents.length === 0) throw nothingLeft(candidate, split, repeats.get(candidate.domain)!);
      return documents;
    });
    candidates.forEach(({ domain }, i) => {
      for (const document of kept[i]!) guard.add(document, `${domain}/${split} ${document.id}`);
    });
    return kept;
  };
  const heldout = evaluated("heldout");
  const validation = evaluated("validation");
  for (const question of questions) guard.add(question, question.id);
  const selected = candidates.map((candidate, i): [string, SelectedDomain] => {
    const { domain } = candidate;
    const train = takeTraining(candidate, trainBytes, (document) => accepts(guard, document, domain, repeats));
    if (train.list.length === 0) throw nothingLeft(candidate, "train", repeats.get(domain)!);
    return [domain, { candidate, train, heldout: heldout[i]!, validation: validation[i]! }];
  });
  const each = <T>(what: (domain: SelectedDomain, name: string) => T) =>
    Object.fromEntries(selected.map(([name, domain]) => [name, what(domain, name)]));
  return {
    documents: each(({ train, validation, heldout }) => ({ train: train.list, validation, heldout })),
    report: each((domain, name) => reportOf(domain, repeats.get(name)!)),
    fingerprints: each(({ train: { hash }, validation, heldout }) => {
      hashTexts(hash, "validation", validation);
      hashTexts(hash, "heldout", heldout);
      return hash.digest("hex");
    }),
  };
}

function accepts(guard: OverlapGuard, document: Document, domain: string, repeats: Map<string, number>): boolean {
  if (guard.find(document) === undefined) return true;
  repeats.set(domain, repeats.get(domain)! + 1);
  return false;
}

interface SelectedDomain {
  readonly candidate: Candidate;
  readonly train: Training;
  readonly validation: readonly Document[];
  readonly heldout: readonly Document[];
}

interface Training {
  readonly list: DocumentList;
  readonly bytes: number;
  /** Number of documents that are used only in part. */
  readonly cut: number;
  /** Has the training text; see {@linkcode hashTexts}. */
  readonly hash: Hash;
}

/** Takes training text up to the budget, hashing it on the way: it may be larger than memory. */
function takeTraining(
  { train, store }: Candidate,
  budget: number,
  accept: (document: Document) => boolean,
): Training {
  const numbers = uint32Column();
  const hash = createHash("sha256");
  hashTexts(hash, "train", []);
  const { bytes, cut } = withinBudget(train, budget, {
    longest: Math.max(LONG_DOCUMENT, Math.floor(budget / 8)),
    accept,
    keep(document, index, whole) {
      numbers.push(whole ? train.numberAt(index) : store.add(document));
      hashText(hash, document);
    },
  });
  return { list: storedDocuments(store, numbers.values().slice()), bytes, cut, hash };
}

/** Adds a split to a fingerprint. Texts have no NUL, so that what is joined with it can be told apart. */
function hashTexts(hash: Hash, split: string, documents: readonly Document[]): void {
  hash.update(`\0${split}`).update("\0");
  for (const document of documents) hashText(hash, document);
}

function hashText(hash: Hash, { text, chat }: Document): void {
  hash.update(text).update("\0");
  if (chat !== undefined) hash.update(JSON.stringify(chat.scored)).update("\0");
}

/** The error for a split with nothing left. */
function nothingLeft(candidate: Candidate, split: "train" | "validation" | "heldout", repeats: number): UserError {
  const domain = `data.domains.${candidate.domain} (${candidate.source})`;
  const name = { train: "training", validation: "validation", heldout: "held-out" }[split];
  if (repeats === 0) {
    const budget = split === "train" ? "" : ", or a tenth of the text, whichever is less";
    return new UserError(
      "data.too-little-text",
      `${domain} has too little text: no character fits the budget of its ${name} text (data.${split}Bytes${budget})`,
      "Give more text, or raise the budget",
    );
  }
  const { length } = candidate[split];
  const all = length === 1
    ? `its only ${name} document shares half or more of its text`
    : `all ${length} ${name} documents share half or more of their text`;
  return new UserError(
    "data.too-few-documents",
    `${domain} repeats itself: ${all} with a held-out or validation document, or with a question`,
    "Give more text, or text that repeats itself less; what is trained on must not be what is measured on",
  );
}

function reportOf({ candidate, train, validation, heldout }: SelectedDomain, nearDuplicates: number): DomainReport {
  const size = (list: readonly Document[]): SplitReport => ({
    documents: list.length,
    bytes: list.reduce((sum, { text }) => sum + byteLength(text), 0),
  });
  const { source, exactDuplicates, cut, skipped } = candidate;
  const splits = {
    train: { documents: train.list.length, bytes: train.bytes },
    validation: size(validation),
    heldout: size(heldout),
  };
  return { source, splits, exactDuplicates, nearDuplicates, cut: cut + train.cut, ...skipped };
}
