// `deno task expert merge <run> --propose`: which experts the gates cannot tell apart, on the run's held-out text.
import {
  ALIKE,
  chatRendererOf,
  type GatePair,
  gatePairs,
  isAlike,
  openStitchedRun,
  stitchedOnDevice,
  type StitchedRun,
} from "../../lib/bts/mod.ts";
import { closeCorpus, loadCorpus } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { evaluationWindows } from "../../lib/eval/mod.ts";
import { formatTable, jsonLine, numberColumn, seedOf, type Table, textColumn } from "../../lib/run/mod.ts";
import { type TokenGates, tokenGates } from "../../lib/stitch/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";

/** Windows of held-out text per domain. */
const WINDOWS = 12;

/**
 * Compares the gates of all pairs of experts, and prints them, the most alike first.
 *
 * @throws UserError `expert.few` for a run with fewer than two experts beside its hub
 */
export async function proposeMerges(
  runsFolder: string,
  id: string,
  { json, print = console.log }: { readonly json: boolean; readonly print?: (text: string) => void },
): Promise<void> {
  const run = await openStitchedRun(runsFolder, id);
  const experts = run.names.slice(1);
  if (experts.length < 2) {
    throw new UserError("expert.few", `The run ${id} has one expert beside its hub: there is nothing to merge`);
  }
  const texts = await gatesOnHeldOut(run);
  const pairs = gatePairs(texts, experts.length);
  const names = ({ experts: [a, b] }: GatePair) => [experts[a - 1]!, experts[b - 1]!];
  if (json) {
    return print(jsonLine({
      run: id,
      texts: texts.length,
      below: ALIKE,
      pairs: pairs.map((pair) => ({ ...pair, experts: names(pair), alike: isAlike(pair) })),
    }));
  }
  print(formatTable(pairsTable(pairs, names, texts.length)));
  const [best] = pairs;
  print(
    isAlike(best!)
      ? `\nMerge the first pair:\n  deno task expert merge ${id} ${names(best!).join(" ")}`
      : `\nThe gates tell all experts apart: no difference is surely below ${ALIKE}. Any two can be merged all the same.`,
  );
}

function pairsTable(pairs: readonly GatePair[], names: (pair: GatePair) => readonly string[], texts: number): Table {
  return {
    name: "pairs",
    title:
      `Gates of pairs of experts on ${texts} held-out texts: difference (0: equal at every token, 1: never both) ` +
      "with its 95 % interval, and correlation",
    columns: [
      textColumn("experts", "experts"),
      numberColumn("difference", "difference", 3),
      numberColumn("low", "low", 3),
      numberColumn("high", "high", 3),
      numberColumn("correlation", "correlation", 2),
      textColumn("alike", "told apart"),
    ],
    rows: pairs.map((pair) => ({
      experts: names(pair).join(" and "),
      difference: pair.difference,
      low: pair.interval?.[0] ?? null,
      high: pair.interval?.[1] ?? null,
      correlation: pair.correlation,
      alike: isAlike(pair) ? "no" : "yes",
    })),
  };
}

/** The gates at every token of some windows of each domain's held-out text. */
async function gatesOnHeldOut(run: StitchedRun): Promise<TokenGates[][]> {
  const { config, view, tokenizer, model, chat } = run;
  const corpus = await loadCorpus(config.data, { seed: seedOf(view), chat: await chatRendererOf(config.data, chat) });
  closeCorpus(corpus); // training text is not needed
  const windows = corpus.domains.flatMap((domain) =>
    evaluationWindows(corpus.documents[domain]!.heldout, tokenizer, { time: model.contextLength, maxWindows: WINDOWS })
  );
  const device = await openDevice("auto");
  const scope = new DisposableStack();
  try {
    const { stitched } = stitchedOnDevice(run, scope);
    const texts: TokenGates[][] = [];
    for (const { tokens } of windows) texts.push(await tokenGates(stitched, [...tokens.subarray(0, -1)]));
    return texts;
  } finally {
    scope.dispose();
    await device.close();
  }
}
