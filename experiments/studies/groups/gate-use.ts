// The cell that says which models the gates of a stitched model use.
import { z } from "zod";
import {
  evaluationSet,
  type Lab,
  modelOf,
  readTokenizer,
  stitchedFrom,
  type Text,
  type Trained,
} from "../../../lib/bts/mod.ts";
import { openTokenizer } from "../../../lib/data/mod.ts";
import type { CellResult } from "../../../lib/run/mod.ts";
import { numberColumn, textColumn } from "../../../lib/run/mod.ts";
import { tokenGates } from "../../../lib/stitch/mod.ts";
import { speaker } from "../../../lib/methods.ts";
import { stitchedForwardFlops } from "../../../lib/train/mod.ts";

/** Windows of each domain whose gates are looked at. */
const WINDOWS = 8;

/** Schema of {@linkcode GateUse}. */
export const gateUseSchema = z.strictObject({
  models: z.array(z.string()),
  /** By model: its mean gate, and the share of tokens at which its gate is the largest. */
  mean: z.array(z.number()),
  leads: z.array(z.number()),
  tokens: z.int(),
  /** Effective number of models that lead somewhere: exp of the entropy of `leads`. */
  leading: z.number(),
  /** Effective number of models at one token: exp of the mean entropy of a token's gates. */
  mixed: z.number(),
});

/** Use of the models by the last stitch, whose output is the stitched model's, on held-out text of all domains. */
export type GateUse = z.infer<typeof gateUseSchema>;

/** Reads the gates of the last stitch on held-out text. */
export function gateUseCell(
  lab: Lab,
  text: Text,
  cells: {
    readonly seed: CellResult<Trained>;
    readonly experts: ReadonlyMap<string, CellResult<Trained>>;
    readonly stitches: CellResult<Trained>;
  },
): Promise<CellResult<GateUse>> {
  const { config, corpus, rngSeed, device } = lab;
  const tokens = corpus.domains.length * WINDOWS * config.model.contextLength;
  return lab.run.cell({
    name: "gates",
    title: "Which models the gates use",
    description: "The gates of the last stitch on held-out text, token by token.",
    inputs: {
      kind: "gate-use",
      stitches: cells.stitches.key,
      data: corpus.fingerprint,
      text: text.content,
      tokens: config.eval.tokens,
      rngSeed,
    },
    code: import.meta,
    device,
    output: gateUseSchema,
    cost: () => ({
      tokens,
      flops: tokens * stitchedForwardFlops(modelOf(lab, text), config.stitch, cells.experts.size),
      bytes: 0,
    }),
  }, async (cell) => {
    using scope = new DisposableStack();
    const { stitched, names } = await stitchedFrom(lab, text, cells, scope);
    const tokenizer = openTokenizer(await readTokenizer(text), { rows: text.value.vocabSize });
    const { windows } = evaluationSet(lab, tokenizer);
    const rows: (readonly number[])[] = [];
    for (const window of Object.values(windows).flatMap((own) => own.slice(0, WINDOWS))) {
      cell.signal.throwIfAborted();
      const last = (await tokenGates(stitched, [...window.tokens.subarray(0, -1)])).at(-1)!;
      // In the order of the models, whatever that of the columns.
      rows.push(...last.gates.map((row) => names.map((_, model) => row[last.models.indexOf(model)] ?? 0)));
    }
    const use = useOf(names, rows);
    cell.summary(
      `${use.leading.toFixed(1)} of ${names.length} models lead; ${use.mixed.toFixed(1)} are mixed at a token`,
    );
    cell.table({
      name: "gate-use",
      title: "Use of the models by the last stitch, on held-out text",
      columns: [
        textColumn("model", "model"),
        numberColumn("mean", "mean gate", 3),
        numberColumn("leads", "share of tokens where it leads", 3),
      ],
      rows: use.models.map((model, i) => ({ model, mean: use.mean[i]!, leads: use.leads[i]! })),
    });
    return use;
  });
}

/**
 * The use of models from the gates at each token.
 *
 * @param rows by token, each model's gate; shares that sum to 1
 */
export function useOf(models: readonly string[], rows: readonly (readonly number[])[]): GateUse {
  const average = (value: (row: readonly number[], model: number) => number) =>
    models.map((_, model) => rows.reduce((sum, row) => sum + value(row, model), 0) / rows.length);
  const leads = average((row, model) => Number(speaker(row) === model));
  return {
    models: [...models],
    mean: average((row, model) => row[model]!),
    leads,
    tokens: rows.length,
    leading: Math.exp(entropyOf(leads)),
    mixed: Math.exp(rows.reduce((sum, row) => sum + entropyOf(row), 0) / rows.length),
  };
}

/** In nats. */
function entropyOf(shares: readonly number[]): number {
  return shares.reduce((sum, p) => p > 0 ? sum - p * Math.log(p) : sum, 0);
}
