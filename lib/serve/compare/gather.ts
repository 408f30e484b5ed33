// Reads what a comparison is of: the runs, their provenance, their kept scores, and the two texts that are compared.
import { UserError } from "../../errors.ts";
import { inParallel } from "../../in-parallel.ts";
import {
  type FoldStore,
  type KeptScores,
  listRemovals,
  type Provenance,
  readLabels,
  readProvenance,
  readScores,
  runFolder,
  type RunView,
} from "../../run/mod.ts";
import { type CompareView, type TextKind, TEXTS } from "../client/compare/view.ts";
import { titleOf } from "../client/run/title.ts";
import type { LineDiff } from "./line-diff.ts";
import { lineDiffAside } from "./line-diff-aside.ts";
import { keptText } from "./texts.ts";

/** A run that is compared. */
export interface GatheredRun {
  readonly run: RunView;
  readonly folder: string;
  readonly made: Provenance | undefined;
}

/** So many logs are read at once. */
const AT_ONCE = 4;

/** The runs that are there, in order, and sentences on those that are not. */
export async function gatherRuns(runsFolder: string, folds: FoldStore, ids: readonly string[]) {
  const problems: string[] = [];
  const found = await inParallel(ids, AT_ONCE, async (id): Promise<GatheredRun[]> => {
    const folder = await runFolder(runsFolder, id);
    try {
      const run = folder && await gatherRun(folder, id, folds);
      if (run) return [run];
      problems.push(await missingText(runsFolder, id));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
    return [];
  });
  return { runs: found.flat(), problems };
}

async function gatherRun(folder: string, id: string, folds: FoldStore): Promise<GatheredRun | undefined> {
  const run = await folds.view(id);
  if (run === undefined) return undefined;
  const [labels, made] = [await readLabels(folder), (await readProvenance(folder)).at(-1)];
  return { run: { ...run, title: titleOf(labels, run) }, folder, made };
}

/** What each run kept of its documents and questions. */
export function gatherScores(runsFolder: string, runs: readonly GatheredRun[]): Promise<KeptScores[][]> {
  return inParallel(runs, AT_ONCE, ({ run }) => readScores(runsFolder, run));
}

/** What to say of a run that is not there. */
export async function missingText(runsFolder: string, id: string): Promise<string> {
  const removed = (await listRemovals(runsFolder)).some(({ runs }) => runs.includes(id));
  return removed
    ? `The run ${id} was removed; it can be restored from the trash`
    : `There is no run "${id.slice(0, 60)}"; it may have been removed`;
}

/** The texts of two runs. */
export interface ComparedLines {
  /** Kinds of text that some run kept. */
  readonly kinds: readonly TextKind[];
  readonly kind: TextKind;
  readonly sameNumbers: boolean;
  /** The runs whose texts can be compared with the first one's. */
  readonly others: readonly { readonly id: string; readonly label: string }[];
  readonly other: string;
  readonly first: string;
  /** Undefined if one of the two kept none. */
  readonly diff: LineDiff | "too-different" | undefined;
}

/** The texts of the first run and another one. @param labels of the runs */
export async function gatherLines(
  runs: readonly GatheredRun[],
  labels: readonly string[],
  { text, other, sameNumbers }: CompareView,
): Promise<ComparedLines> {
  const [first, ...others] = runs as [GatheredRun, ...GatheredRun[]];
  const second = others.find(({ run }) => run.id === other) ?? others[0]!;
  const [a, b] = await Promise.all([first, second].map((one) => textOf(one, text)));
  const kinds: TextKind[] = [];
  for (const kind of Object.keys(TEXTS) as TextKind[]) {
    const there = await Promise.all([first, second].map((one) => textOf(one, kind)));
    if (kind === text || there.some((one) => one !== undefined)) kinds.push(kind);
  }
  return {
    kinds,
    kind: text,
    sameNumbers,
    others: others.map(({ run }, i) => ({ id: run.id, label: labels[i + 1]! })),
    first: first.run.id,
    other: second.run.id,
    diff: a === undefined || b === undefined
      ? undefined
      : await lineDiffAside(a, b, { sameNumbers }) ?? "too-different",
  };
}

const textOf = ({ folder, made }: GatheredRun, kind: TextKind) => keptText(folder, made, kind);
