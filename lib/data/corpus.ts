// Loads all text of an experiment: reads it, splits it by document, removes overlap, and fingerprints it.
import { createHash } from "node:crypto";
import { taskAt } from "./builtin/domain.ts";
import { builtinDomain } from "./builtin/registry.ts";
import type { DataConfig } from "./config.ts";
import { BUILTIN_SOURCE, ownTaskName } from "./domains.ts";
import { NOTHING_SKIPPED, readFiles } from "./files/load.ts";
import { readQuestions } from "./questions.ts";
import { type Candidate, selectDocuments } from "./select.ts";
import { splitDocuments, splitPool } from "./split.ts";
import { addAll, storedDocuments } from "./store/document-list.ts";
import { type DocumentStore, documentStore, type StoreOptions } from "./store/document-store.ts";
import type { ChatRenderer, Document, LoadedCorpus, TaskText } from "./types.ts";

/** How to load a corpus; where it keeps text that does not fit into memory, and how much of each domain's does. */
export interface CorpusOptions extends StoreOptions {
  readonly seed: number;
  /** Called after each document of the user's files, with the characters read so far, of all domains. */
  readonly onRead?: (characters: number) => void;
  /** Turns conversations into text; without it, they are refused. */
  readonly chat?: ChatRenderer | undefined;
}

/** A domain with its built-in task, made from held-out documents. */
interface Domain extends Candidate {
  readonly task?: (heldout: readonly Document[]) => TaskText;
}

/** Bytes of built-in text of a domain that are kept in memory, where most of it is anyway. */
const BUILTIN_MEMORY = 1 << 24;

/**
 * Loads the domains: a pure function of the files, the configuration and the seed. Validation documents that repeat a
 * held-out document, and training documents that repeat either (in any domain) or a question of the user's tasks, are
 * left out and counted; see `checkOverlap()` for what counts as repeating.
 *
 * @throws UserError for files that are missing, empty or unreadable, and for fewer documents than the splits need
 */
export async function loadCorpus(
  config: DataConfig,
  { seed, onRead, chat, ...options }: CorpusOptions,
): Promise<LoadedCorpus> {
  const own = await ownTasks(config);
  using stores = new DisposableStack();
  const loaded: Domain[] = [];
  let characters = 0;
  const count = ({ text }: Document) => onRead?.(characters += text.length);
  for (const [domain, source] of Object.entries(config.domains)) {
    const memory = source === BUILTIN_SOURCE ? { memory: BUILTIN_MEMORY } : {};
    const store = stores.use(documentStore({ ...memory, ...options }));
    loaded.push({
      ...await loadDomain(domain, source, { ...config, chat }, seed, store, count),
      domain,
      source,
      store,
    });
  }
  const selected = selectDocuments(loaded, config.trainBytes, own.flatMap(questionDocuments));
  const { documents, report } = selected;
  const builtin = loaded.flatMap(({ domain, task }) => task?.(documents[domain]!.heldout) ?? []);
  const tasks = uniqueTasks([...builtin, ...own]);
  const fingerprints = {
    ...selected.fingerprints,
    ...Object.fromEntries(tasks.map((task) => [`task:${task.name}`, fingerprintOf(task)])),
  };
  const fingerprint = createHash("sha256").update(JSON.stringify(fingerprints)).digest("hex");
  const corpus = { domains: Object.keys(config.domains), documents, tasks, report, fingerprints, fingerprint };
  opened.set(documents, stores.move());
  return corpus;
}

/** What loaded corpora hold open, by their documents: a corpus may be copied. */
const opened = new WeakMap<LoadedCorpus["documents"], Disposable>();

/** Closes the temporary files of a corpus; its training text cannot be read any more. */
export function closeCorpus({ documents }: Pick<LoadedCorpus, "documents">): void {
  opened.get(documents)?.[Symbol.dispose]();
  opened.delete(documents);
}

async function loadDomain(
  domain: string,
  source: string,
  config: DataConfig & Pick<CorpusOptions, "chat">,
  seed: number,
  store: DocumentStore,
  onDocument: (document: Document) => void,
): Promise<Omit<Domain, "domain" | "source" | "store">> {
  const { trainBytes, heldoutBytes, validationBytes } = config;
  const choice = { seed, domain, source, heldoutBytes, validationBytes };
  const builtin = source === BUILTIN_SOURCE ? builtinDomain(domain) : undefined;
  if (builtin === undefined) {
    const pool = splitPool(choice, store);
    const add = (document: Document) => {
      pool.add(document);
      onDocument(document);
    };
    const skipped = await readFiles(source, `data.domains.${domain}`, config, { ...pool, add });
    return { ...pool.split(), skipped };
  }
  const { documents, questions } = await builtin.open({ ...config, seed });
  const task = taskAt(builtin, config.questions);
  return {
    skipped: NOTHING_SKIPPED,
    ...(typeof documents !== "function" ? splitDocuments(documents, choice, store) : {
      train: storedDocuments(store, addAll(store, documents("train", trainBytes))),
      validation: [...documents("validation", validationBytes)],
      heldout: [...documents("heldout", heldoutBytes)],
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

/** The questions of a task as documents, which training text must not repeat. */
function questionDocuments(task: TaskText): Document[] {
  if (task.kind !== "choice" && task.kind !== "exact") return [];
  return task.questions.map(({ prompt }, i) => ({ id: `${task.name}#${i + 1}`, text: prompt }));
}

function fingerprintOf(task: TaskText): string {
  return createHash("sha256").update(JSON.stringify(task)).update("\0").digest("hex");
}
