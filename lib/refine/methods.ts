// The methods: ways to spend an allowance of tokens on one problem.
import type { Attempt, Written } from "./attempt.ts";
import type { Call } from "./budget.ts";
import { choose, distill, distillCost, type Distiller, DISTILLERS, quotedTokens } from "./workspace.ts";

/** An accepted answer. */
export interface Accepted {
  /** The solution that states it. */
  readonly text: string;
  /** The calls that it waited for. */
  readonly last: readonly Call[];
}

/** Undefined: the allowance, or the model's context, has no room for an answer. */
type Method = (attempt: Attempt) => Promise<Accepted | undefined>;

const BASELINES = ["long-cot", "majority", "best-of-n", "sequential"] as const;

/** The name of a method. */
export type MethodName = (typeof BASELINES)[number] | `pdr-${Distiller}`;

/** The names of the methods, baselines first. */
export const REFINE_METHODS: readonly MethodName[] = [
  ...BASELINES,
  ...DISTILLERS.map((distiller) => `pdr-${distiller}` as const),
];

/** Long chain of thought: one solution, with all of the allowance. */
const longChain: Method = async (attempt) => {
  const { main, format, question } = attempt;
  const prompt = format.solve(question);
  const room = attempt.room(main, prompt);
  return room < 1 ? undefined : accepted(await attempt.ask("solve", main, prompt, room, []));
};

/** Self-consistency (arXiv 2203.11171): as many drafts as there is room for; the most frequent answer, the first of several. */
const majority: Method = async (attempt) => {
  const drafts = await drawDrafts(attempt, { keep: 0, read: false, most: attempt.settings.mostDrafts });
  if (drafts.length === 0) return await longChain(attempt);
  const stated = drafts.filter(({ text }) => attempt.format.answerOf(text) !== undefined);
  const votes = [...Map.groupBy(stated, ({ text }) => attempt.format.answerOf(text)).values()];
  const [winner] = votes.toSorted((a, b) => b.length - a.length)[0] ?? drafts; // of equals, the first stays first
  return { text: winner!.text, last: drafts.map(({ call }) => call) };
};

/** Best of N: as many drafts as there is room for, one of which the model chooses. */
const bestOfN: Method = async (attempt) => {
  const { call, most } = distillCost(attempt, "shared-top-k");
  const drafts = await drawDrafts(attempt, {
    keep: call,
    read: true,
    most: Math.min(most, attempt.settings.mostDrafts),
  });
  if (drafts.length === 0) return await longChain(attempt);
  const { best, after } = await choose(attempt, drafts, 1);
  return { text: best[0]!.text, last: after };
};

/** Sequential refinement: a draft, revised for as long as there is room. */
const sequential: Method = async (attempt) => {
  const { main, format, question, settings: { draftTokens, workspaceTokens, mostDrafts } } = attempt;
  const prompt = format.solve(question);
  if (attempt.room(main, prompt) < 1) return undefined;
  let solution = await attempt.ask("draft", main, prompt, draftTokens, []);
  for (let revisions = 0; revisions < mostDrafts; revisions++) {
    const next = format.revise(question, main.tail(solution.text, workspaceTokens));
    if (attempt.room(main, next) < draftTokens) break;
    solution = await attempt.ask("revise", main, next, draftTokens, [solution.call]);
  }
  return accepted(solution);
};

/**
 * Parallel-distill-refine (arXiv 2510.01123): in each round but the last, as many drafts in parallel as its share of the
 * allowance has room for; a distiller turns them into the workspace of the next round; the last round writes one solution.
 */
const parallelDistillRefine = (distiller: Distiller): Method => async (attempt) => {
  const { main, drafters, format, question, settings } = attempt;
  const { draftTokens, workspaceTokens, rounds, mostDrafts } = settings;
  const cost = distillCost(attempt, distiller);
  const reading = main.promptTokens(format.solve(question, "")) + workspaceTokens;
  let drafts: readonly Written[] = [];
  const readers = rounds > 2 ? [main, ...drafters] : [main];
  if (readers.some((one) => one.contextLength <= one.promptTokens(format.solve(question, "")) + workspaceTokens)) {
    return await longChain(attempt); // nobody could read a workspace
  }
  for (let round = 1; round < rounds; round++) {
    const before = drafts;
    const shared = before.length > 0 && cost.shared ? await distill(attempt, distiller, before, 0) : undefined;
    const draw = async (indices: readonly number[]) => {
      // All workspaces first: otherwise the numbers of drafts, and so their seeds, would be those of the fastest choices.
      const workspaces = await Promise.all(
        indices.map((index) => shared ?? distill(attempt, distiller, before, index)),
      );
      return await Promise.all(workspaces.map(({ text, after }, i) => {
        const drafter = drafters[indices[i]! % drafters.length]!;
        return attempt.ask("draft", drafter, format.solve(question, text || undefined), draftTokens, after);
      }));
    };
    const own = cost.shared ? 0 : cost.call + before.length * cost.perDraft;
    // The last solution is paid for first, and this round gets an equal share of the rest.
    const last = cost.call + reading + draftTokens;
    const share = (attempt.left - last) / (rounds - round);
    const made = await drawDrafts(attempt, {
      keep: attempt.left - share,
      read: cost.perDraft > 0,
      most: Math.min(cost.most, mostDrafts),
      ...(before.length === 0 ? {} : { each: own + reading + draftTokens, draw }),
    });
    if (made.length === 0) break;
    drafts = made;
  }
  if (drafts.length === 0) return await longChain(attempt);
  const { text, after } = await distill(attempt, distiller, drafts, drafts.length);
  const prompt = format.solve(question, text || undefined);
  const room = attempt.room(main, prompt);
  return room < 1 ? undefined : accepted(await attempt.ask("solve", main, prompt, room, after));
};

const accepted = ({ text, call }: Written): Accepted => ({ text, last: [call] });

interface Drawing {
  /** Tokens of the allowance to leave. */
  readonly keep: number;
  /** Whether tokens are left for reading each draft once, too. */
  readonly read: boolean;
  /** Most drafts. */
  readonly most: number;
  /** Most tokens that a draft takes. @default a solution's prompt and a draft */
  readonly each?: number;
  /** Draws the drafts with these numbers. @default solves the problem without a workspace, with the drafters in turn */
  readonly draw?: (indices: readonly number[]) => Promise<readonly Written[]>;
}

/** Draws drafts until another one might not fit. Those that turn out shorter than they might have make room for more. */
async function drawDrafts(attempt: Attempt, drawing: Drawing): Promise<Written[]> {
  const { drafters, format, question, settings: { draftTokens } } = attempt;
  const prompt = format.solve(question);
  const fits = drafters.every((one) => one.contextLength > one.promptTokens(prompt));
  if (!fits) return [];
  const each = drawing.each ?? Math.max(...drafters.map((one) => one.promptTokens(prompt))) + draftTokens;
  const draw = drawing.draw ?? ((indices) =>
    Promise.all(
      indices.map((index) => attempt.ask("draft", drafters[index % drafters.length]!, prompt, draftTokens, [])),
    ));
  const drafts: Written[] = [];
  for (;;) {
    const reading = drawing.read ? drafts.reduce((sum, draft) => sum + quotedTokens(attempt, draft), 0) : 0;
    const free = attempt.left - drawing.keep - reading;
    const another = each + (drawing.read ? quotedTokens(attempt) : 0);
    const count = Math.min(Math.floor(free / another), drawing.most - drafts.length);
    if (count < 1) return drafts;
    const first = drafts.length;
    drafts.push(...await draw(Array.from({ length: count }, (_, i) => first + i)));
  }
}

/** The methods by name. */
export const METHODS = {
  "long-cot": longChain,
  "majority": majority,
  "best-of-n": bestOfN,
  "sequential": sequential,
  ...Object.fromEntries(DISTILLERS.map((one) => [`pdr-${one}`, parallelDistillRefine(one)])),
} as Readonly<Record<MethodName, Method>>;
