// Distillers: what the drafts of a round leave to the next round, within κ tokens (PDR, arXiv 2510.01123).
import { random } from "../random.ts";
import type { Attempt, Written } from "./attempt.ts";
import type { Call } from "./budget.ts";

/**
 * `global-summary`: the model summarizes all drafts. `shared-top-k`: it chooses k of them, for the whole round.
 * `per-sample-top-k`: it chooses anew for each text of the next round. `random-k`: k are drawn for each text, without a call.
 */
export const DISTILLERS = ["global-summary", "shared-top-k", "per-sample-top-k", "random-k"] as const;
export type Distiller = typeof DISTILLERS[number];

/** What a text of the next round reads. */
export interface Workspace {
  /** Empty if κ has no room for anything. */
  readonly text: string;
  /** The calls that it waited for. */
  readonly after: readonly Call[];
}

/** What a distiller costs. */
export interface DistillCost {
  /** Most tokens of a call, without the drafts that it reads; 0 for no call. */
  readonly call: number;
  /** Most tokens of each draft that it reads; 0 for none. */
  readonly perDraft: number;
  /** Whether all texts of the next round share a call. */
  readonly shared: boolean;
  /** Most drafts that it can take: that a call can read, or that need no call. */
  readonly most: number;
}

/** What distilling drafts of this attempt costs at most. */
export function distillCost(attempt: Attempt, distiller: Distiller): DistillCost {
  if (distiller === "random-k") return { call: 0, perDraft: 0, shared: false, most: Infinity };
  const { main, format, question, settings: { workspaceTokens, chooseTokens, k } } = attempt;
  const [prompt, output] = distiller === "global-summary"
    ? [format.summarize(question, [], wordsOf(workspaceTokens)), workspaceTokens]
    : [format.choose(question, [], k), chooseTokens];
  const call = main.promptTokens(prompt) + output;
  const perDraft = quotedTokens(attempt);
  return {
    call,
    perDraft,
    shared: distiller !== "per-sample-top-k",
    most: Math.max(distiller === "global-summary" ? 0 : 1, Math.floor((main.contextLength - call) / perDraft)),
  };
}

/** Most tokens of a draft in a list, with what is around it; of a draft that is there, its own tokens. */
export function quotedTokens(
  { main, format, question, settings: { quoteTokens, draftTokens } }: Attempt,
  draft?: Written,
): number {
  const [one, two] = [["1"], ["1", "1"]].map((drafts) => main.textTokens(format.quote(question, drafts)));
  const own = draft === undefined ? draftTokens : main.textTokens(draft.text);
  return Math.min(quoteTokens, own) + (two! - one!) + SPARE;
}

/** Tokens more, because a text may have others where it is put between others. */
const SPARE = 3;

/** About three words in four tokens. */
const wordsOf = (tokens: number) => Math.max(10, Math.floor(0.75 * tokens));

/**
 * Distills the drafts of a round.
 *
 * @param sample number of the text that is written from it, for random-k
 */
export async function distill(
  attempt: Attempt,
  distiller: Distiller,
  drafts: readonly Written[],
  sample: number,
): Promise<Workspace> {
  const { k } = attempt.settings;
  switch (distiller) {
    case "global-summary":
      return await summarize(attempt, drafts);
    case "shared-top-k":
    case "per-sample-top-k": {
      const { best, after } = await choose(attempt, drafts, k);
      return { text: quoteWithin(attempt, best), after };
    }
    case "random-k": {
      const drawn = random(attempt.seed, "random-k", sample).shuffle(drafts).slice(0, k);
      return { text: quoteWithin(attempt, drawn), after: drawn.map(({ call }) => call) };
    }
  }
}

async function summarize(attempt: Attempt, drafts: readonly Written[]): Promise<Workspace> {
  const { main, format, question, settings: { workspaceTokens } } = attempt;
  const prompt = format.summarize(question, quotes(attempt, drafts), wordsOf(workspaceTokens));
  const after = drafts.map(({ call }) => call);
  const { text, call } = await attempt.ask("summarize", main, prompt, workspaceTokens, after);
  return { text: main.tail(format.summary(question, text), workspaceTokens), after: [call] };
}

/**
 * The `count` drafts that the model finds most likely right, in its order. Where it names too few, the first of the others
 * follow. There is no call if all are wanted.
 */
export async function choose(
  attempt: Attempt,
  drafts: readonly Written[],
  count: number,
): Promise<{ readonly best: readonly Written[]; readonly after: readonly Call[] }> {
  const all = drafts.map(({ call }) => call);
  if (drafts.length <= count) return { best: drafts, after: all };
  const { main, format, question, settings: { chooseTokens } } = attempt;
  const listed = quotes(attempt, drafts);
  const { text, call } = await attempt.ask("choose", main, format.choose(question, listed, count), chooseTokens, all);
  const order = new Set([...format.chosen(text, listed), ...drafts.keys()]);
  return { best: [...order].slice(0, count).map((index) => drafts[index]!), after: [call] };
}

const quotes = ({ main, settings: { quoteTokens } }: Attempt, drafts: readonly Written[]) =>
  drafts.map(({ text }) => main.tail(text, quoteTokens));

/**
 * The drafts as a workspace of at most κ tokens: each is cut at its beginning, by the same number of tokens. Where not even
 * their ends fit, the last ones are left out.
 */
function quoteWithin(attempt: Attempt, drafts: readonly Written[]): string {
  const { main, format, question, settings: { workspaceTokens } } = attempt;
  for (let each = Math.ceil(workspaceTokens / drafts.length); each > 0; each = Math.floor(0.9 * each)) {
    const text = format.quote(question, drafts.map(({ text }) => main.tail(text, each)));
    if (main.textTokens(text) <= workspaceTokens) return text;
  }
  return drafts.length > 1 ? quoteWithin(attempt, drafts.slice(0, -1)) : "";
}
