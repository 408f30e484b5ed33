// Loads all text of an experiment: reads it, splits it by document, removes overlap, and fingerprints it.
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { builtinDomain } from "./builtin/registry.ts";
import type { DataConfig } from "./config.ts";
import { BUILTIN_SOURCE, ownTaskName } from "./domains.ts";
import { withinBudget } from "./budget.ts";
import { overlapGuard } from "./overlap.ts";
import { loadFiles, NOTHING_SKIPPED, type Skipped } from "./files/load.ts";
import { readQuestions } from "./questions.ts";
import { splitDocuments, type Splits, tooFew } from "./split.ts";
import { byteLength } from "./batches/tokenize.ts";
import type { Corpus, Document, DomainReport, LoadedCorpus, SplitName, TaskText } from "./types.ts";

/** A domain's text before overlap with other splits is removed. */
interface Candidate extends Splits {
  readonly domain: string;
  readonly source: string;
  readonly skipped: Skipped;
  /** The built-in task, from held-out documents. */
  readonly task?: (heldout: readonly Document[]) => TaskText;
  nearDuplicates: number;
  cut: number;
}

/** If training text exceeds its budget, documents of more bytes than this and more than an eighth of the budget are cut. */
const LONG_DOCUMENT = 16_384;

/**
 * The share by which built-in held-out and validation text may exceed its budget. The user's own text may not exceed it.
 */
const BUILTIN_SLACK = 0.1;

/**
 * Loads the domains: a pure function of the files, the configuration and the seed. Validation documents that repeat a
 * held-out document, and training documents that repeat either (in any domain) or a question of the user's tasks, are
 * left out and counted; see `checkOverlap()` for what counts as repeating.
 *
 * @throws UserError for files that are missing, empty or unreadable, and for fewer documents than the splits need
 */
export async function loadCorpus(config: DataConfig, { seed }: { readonly seed: number }): Promise<LoadedCorpus> {
  const own = await ownTasks(config);
  const candidates: Candidate[] = [];
  for (const [domain, source] of Object.entries(config.domains)) {
    candidates.push(await loadDomain(domain, source, config, seed));
  }

  const guard = overlapGuard();
  const documents: Record<string, Record<SplitName, readonly Document[]>> = {};
  for (const split of ["heldout", "validation", "train"] as const) {
    const budget = split === "train" ? config.trainBytes : Infinity;
    if (split === "train") { for (const task of own) guardQuestions(guard, task); }
    for (const candidate of candidates) {
      const kept = keep(candidate, split, budget, guard);
      if (kept.length === 0) throw allRepeat(candidate, split);
      (documents[candidate.domain] ??= { train: [], validation: [], heldout: [] })[split] = kept;
    }
    if (split === "train") break;
    for (const { domain } of candidates) {
      for (const document of documents[domain]![split]) guard.add(document, `${domain}/${split} ${document.id}`);
    }
  }
  const builtin = candidates.flatMap(({ domain, task }) => task?.(documents[domain]!.heldout) ?? []);
  const corpus = { domains: Object.keys(config.domains), documents, tasks: uniqueTasks([...builtin, ...own]) };
  const report = Object.fromEntries(candidates.map((candidate) => [candidate.domain, reportOf(candidate, documents)]));
  const fingerprints = fingerprintsOf(corpus);
  const fingerprint = createHash("sha256").update(JSON.stringify(fingerprints)).digest("hex");
  return { ...corpus, report, fingerprints, fingerprint };
}

async function loadDomain(
  domain: string,
  source: string,
  config: DataConfig,
  seed: number,
): Promise<Candidate> {
  const { trainBytes, heldoutBytes, validationBytes } = config;
  const common = { domain, source, skipped: NOTHING_SKIPPED, nearDuplicates: 0 };
  const choice = { seed, domain, source, heldoutBytes, validationBytes };
  const builtin = source === BUILTIN_SOURCE ? builtinDomain(domain) : undefined;
  if (builtin === undefined) {
    const { documents, skipped } = await loadFiles(source, `data.domains.${domain}`, config);
    return { ...common, ...splitDocuments(documents, choice), skipped };
  }
  const { documents, questions } = await builtin.open({ ...config, seed });
  const { task } = builtin;
  return {
    ...common,
    ...(typeof documents !== "function" ? splitDocuments(documents, { ...choice, slack: BUILTIN_SLACK }) : {
      train: documents("train", trainBytes),
      validation: documents("validation", validationBytes),
      heldout: documents("heldout", heldoutBytes),
      exactDuplicates: 0,
      cut: 0,
    }),
    ...(task === undefined || questions === undefined ? {} : {
      task: (heldout) => ({ ...questions(heldout), name: task.name, domain }),
    }),
  };
}

/** The user's tasks. */
async function ownTasks({ tasks }: DataConfig): Promise<TaskText[]> {
  const read: TaskText[] = [];
  for (const [domain, path] of Object.entries(tasks)) {
    read.push({ ...await readQuestions(path, `data.tasks.${domain}`), name: ownTaskName(domain), domain });
  }
  return read;
}

/** Two parts of a built-in domain may have the same task. */
function uniqueTasks(tasks: readonly TaskText[]): TaskText[] {
  return tasks.filter(({ name }, i) => tasks.findIndex((task) => task.name === name) === i);
}

/** Keeps the questions of a task out of the training text. */
function guardQuestions(guard: ReturnType<typeof overlapGuard>, task: TaskText): void {
  if (task.kind !== "choice" && task.kind !== "exact") return;
  for (const [i, { prompt }] of task.questions.entries()) {
    const id = `${task.name}#${i + 1}`;
    guard.add({ id, text: prompt }, id);
  }
}

/** Documents of a split, in order, that repeat nothing known to the guard, up to a budget in bytes. */
function keep(
  candidate: Candidate,
  split: SplitName,
  budget: number,
  guard: ReturnType<typeof overlapGuard>,
): readonly Document[] {
  const longest = Math.max(LONG_DOCUMENT, Math.floor(budget / 8));
  // Documents within the held-out text may be alike: nothing leaks there.
  const accept = (document: Document) => {
    const repeats = guard.find(document) !== undefined;
    if (repeats) candidate.nearDuplicates++;
    return !repeats;
  };
  const { documents, cut } = withinBudget(candidate[split], budget, { longest, accept });
  candidate.cut += cut;
  return documents;
}

/** The error for a split with nothing left. */
function allRepeat(candidate: Candidate, split: SplitName): UserError {
  const { domain, source, nearDuplicates } = candidate;
  if (nearDuplicates === 0) return tooFew(candidate, 0, candidate[split].length);
  return new UserError(
    "data.too-few-documents",
    `data.domains.${domain} (${source}) repeats itself: all ${
      candidate[split].length
    } ${split} documents share half or ` +
      "more of their text with a held-out or validation document, or with a question",
    "Give text that repeats itself less; what is trained on must not be what is measured on",
  );
}

function reportOf(candidate: Candidate, documents: Corpus["documents"]): DomainReport {
  const size = (split: SplitName) => {
    const list = documents[candidate.domain]![split];
    return { documents: list.length, bytes: list.reduce((sum, { text }) => sum + byteLength(text), 0) };
  };
  const { source, exactDuplicates, nearDuplicates, cut, skipped } = candidate;
  const splits = { train: size("train"), validation: size("validation"), heldout: size("heldout") };
  return { source, splits, exactDuplicates, nearDuplicates, cut, ...skipped };
}

/**
 * SHA-256 of each domain's text, and of each task as `task:name`. Texts have no NUL, so that what is joined with it can be
 * told apart.
 */
function fingerprintsOf({ domains, documents, tasks }: Pick<Corpus, "domains" | "documents" | "tasks">) {
  const hashed = (texts: Iterable<string>) => {
    const hash = createHash("sha256");
    for (const text of texts) hash.update(text).update("\0");
    return hash.digest("hex");
  };
  const textOf = function* (domain: string) {
    for (const split of ["train", "validation", "heldout"] as const) {
      yield `\0${split}`;
      for (const { text } of documents[domain]![split]) yield text;
    }
  };
  return {
    ...Object.fromEntries(domains.map((domain) => [domain, hashed(textOf(domain))])),
    ...Object.fromEntries(tasks.map((task) => [`task:${task.name}`, hashed([JSON.stringify(task)])])),
  };
}
