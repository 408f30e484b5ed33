// Loads all text of an experiment: reads it, splits it by document, removes overlap, and fingerprints it.
import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { codeDocuments } from "./builtin/code.ts";
import { type DataConfig, type Domain, type DomainName, DOMAINS, PART_OF } from "./config.ts";
import { novelDocuments, speechDocuments } from "./builtin/english.ts";
import { mathDocuments, mathProblems } from "./builtin/math.ts";
import { type Multilingual, multilingual } from "./builtin/multilingual.ts";
import { withinBudget } from "./budget.ts";
import { overlapGuard } from "./overlap.ts";
import { loadFiles, NOTHING_SKIPPED, type Skipped } from "./files/load.ts";
import { splitDocuments, type Splits, tooFew } from "./split.ts";
import { byteLength } from "./batches/tokenize.ts";
import type { Corpus, Document, DomainReport, LoadedCorpus, SplitName } from "./types.ts";

/** A domain's text before overlap with other splits is removed. */
interface Candidate extends Splits {
  readonly domain: DomainName;
  readonly source: string;
  readonly skipped: Skipped;
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
 * held-out document, and training documents that repeat either (in any domain), are left out and counted; see
 * `checkOverlap()` for what counts as repeating.
 *
 * @throws UserError for files that are missing, empty or unreadable, and for fewer documents than the splits need
 */
export async function loadCorpus(config: DataConfig, { seed }: { readonly seed: number }): Promise<LoadedCorpus> {
  const parallel = config.multilingual === "builtin" ? await multilingual(seed) : undefined;
  const twice = config.domains.find((domain, i) => config.domains.indexOf(domain) !== i);
  if (twice !== undefined) throw new UserError("data.domains", `data.domains names "${twice}" twice`);
  const candidates: Candidate[] = [];
  for (const domain of config.domains) candidates.push(await loadDomain(domain, config, seed, parallel));

  const guard = overlapGuard();
  const documents: Record<string, Record<SplitName, readonly Document[]>> = {};
  for (const split of ["heldout", "validation", "train"] as const) {
    const budget = split === "train" ? config.trainBytes : Infinity;
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
  const heldoutKeys = new Set(
    ["multilingual", "messages"].flatMap((domain) => documents[domain]?.heldout ?? []).flatMap(({ keys }) =>
      keys ?? []
    ),
  );
  const problems = config.math === "builtin" ? mathProblems(config.problems, seed) : [];
  const others = config.domains.includes("crosslingual") ? mathProblems(config.problems, seed, "others") : [];
  const corpus = {
    domains: config.domains,
    documents,
    problems: [...problems, ...others],
    translations: parallel?.translations(heldoutKeys, config.translations) ?? [],
  };
  const report = Object.fromEntries(candidates.map((candidate) => [candidate.domain, reportOf(candidate, documents)]));
  const fingerprints = fingerprintsOf(corpus);
  const fingerprint = createHash("sha256").update(JSON.stringify(fingerprints)).digest("hex");
  return { ...corpus, report, fingerprints, fingerprint };
}

async function loadDomain(
  domain: DomainName,
  config: DataConfig,
  seed: number,
  parallel: Multilingual | undefined,
): Promise<Candidate> {
  const broad = isBroad(domain) ? domain : PART_OF[domain];
  const source = config[broad];
  const common = { domain, source, skipped: NOTHING_SKIPPED, nearDuplicates: 0 };
  const { trainBytes, heldoutBytes, validationBytes } = config;
  const slack = source === "builtin" ? BUILTIN_SLACK : 0;
  const choice = { seed, domain, source, heldoutBytes, validationBytes, slack };
  if (source !== "builtin") {
    if (domain !== broad) {
      throw new UserError(
        "data.domains",
        `The domain ${domain} is part of the built-in ${broad}, but data.${broad} is ${source}`,
        `Use ${broad} in data.domains, or leave data.${broad} at builtin`,
      );
    }
    const { documents, skipped } = await loadFiles(source, `data.${domain}`, config);
    return { ...common, ...splitDocuments(documents, choice), skipped };
  }
  if (broad !== "math") return { ...common, ...splitDocuments(await builtinDocuments(domain, parallel), choice) };
  const english = domain === "math" ? config.mathEnglish : domain === "arithmetic" ? 1 : 0;
  const make = (split: SplitName, bytes: number) => mathDocuments(domain, split, { bytes, english, seed });
  return {
    ...common,
    train: make("train", trainBytes),
    validation: make("validation", validationBytes),
    heldout: make("heldout", heldoutBytes),
    exactDuplicates: 0,
    cut: 0,
  };
}

function isBroad(domain: DomainName): domain is Domain {
  return (DOMAINS as readonly string[]).includes(domain);
}

/** The built-in text of a domain other than math, which is generated. */
async function builtinDocuments(domain: DomainName, parallel: Multilingual | undefined): Promise<readonly Document[]> {
  const keyed = (kind: string) => parallel!.documents.filter(({ keys }) => keys?.some((key) => key.startsWith(kind)));
  switch (domain) {
    case "english":
      return [...await speechDocuments(), ...await novelDocuments()];
    case "speeches":
      return await speechDocuments();
    case "novel":
      return await novelDocuments();
    case "code":
      return await codeDocuments();
    case "compiler":
      return (await codeDocuments()).filter(({ id }) => !isDeclaration(id));
    case "declarations":
      return (await codeDocuments()).filter(({ id }) => isDeclaration(id));
    case "multilingual":
      return parallel!.documents;
    case "messages":
      return keyed("message:");
    case "rights":
      return keyed("article:");
    default:
      throw new Error(`The domain ${domain} has no text of its own`);
  }
}

const isDeclaration = (id: string) => /\.d\.ts#/.test(id);

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
    `data.${domain} (${source}) repeats itself: all ${candidate[split].length} ${split} documents share half or more ` +
      "of their text with a held-out or validation document",
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
 * SHA-256 of each domain's text, and of `problems` and `translations`. Texts have no NUL, so that what is joined with it
 * can be told apart.
 */
function fingerprintsOf(
  { domains, documents, problems, translations }: Pick<Corpus, "domains" | "documents" | "problems" | "translations">,
) {
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
    problems: hashed(problems.flatMap(({ prompt, answer }) => [prompt, answer])),
    translations: hashed(translations.flatMap(({ prompt, translation }) => [prompt, translation])),
  };
}
