// The gates of every stitch at every token, averaged over dimensions.
import * as tf from "@tensorflow/tfjs";
import { stitchKind, type StitchKindName } from "./kinds/registry.ts";
import { gateModels, stitchedForward } from "./model.ts";
import type { StitchedModel } from "./stitched-model.ts";

/** The gates of one stitch along a text. */
export interface TokenGates {
  /** From 0. */
  readonly stitch: number;
  readonly kind: StitchKindName;
  /** The decoder layer that it follows, from 1. */
  readonly after: number;
  /** The model of each column, as {@linkcode gateModels} counts: 0 is the hub. */
  readonly models: readonly number[];
  /** One row per token: each model's gate, averaged over the dimensions. Shares sum to 1. */
  readonly gates: readonly (readonly number[])[];
}

/**
 * The gates at every token of one text, in evaluation mode. The gates at a token weigh what the models make of the text
 * up to it, so they belong to the prediction of the next token.
 *
 * @param ids token ids, at most the model's context
 */
export async function tokenGates(model: StitchedModel, ids: readonly number[]): Promise<TokenGates[]> {
  const means = tf.tidy(() => {
    const perStitch: tf.Tensor2D[] = [];
    stitchedForward(model, tf.tensor2d([...ids], [1, ids.length], "int32"), {
      probe: (_, gates) => void perStitch.push(tf.mean(gates, 2)), // [T, models]
    });
    return perStitch;
  });
  const found: TokenGates[] = [];
  for (const [stitch, mean] of means.entries()) {
    const { kind, after } = model.places[stitch]!;
    found.push({ stitch, kind, after, models: gateModels(model, stitch), gates: await mean.array() });
    mean.dispose();
  }
  return found;
}

/** A summary of one stitch's gates over a range of tokens. */
export interface GateSummary {
  /** Mean gate by column. */
  readonly mean: readonly number[];
  /** Share of the tokens at which this column's gate is the largest. */
  readonly won: readonly number[];
  /** Mean entropy of shares over models in bits, from 0 (one model only) to log2 of their number; null for other gates. */
  readonly entropy: number | null;
}

/**
 * Summarizes the tokens from `start` up to `end`.
 *
 * @returns undefined if there are none
 */
export function summarizeGates(
  { kind, models, gates }: TokenGates,
  start = 0,
  end = gates.length,
): GateSummary | undefined {
  const rows = gates.slice(start, end);
  if (rows.length === 0) return undefined;
  const share = (count: (row: readonly number[], column: number) => number) =>
    models.map((_, column) => rows.reduce((sum, row) => sum + count(row, column), 0) / rows.length);
  return {
    mean: share((row, column) => row[column]!),
    won: share((row, column) => Number(row.indexOf(Math.max(...row)) === column)),
    entropy: stitchKind(kind).shares ? rows.reduce((sum, row) => sum + entropyOf(row), 0) / rows.length : null,
  };
}

function entropyOf(shares: readonly number[]): number {
  return shares.reduce((sum, p) => p > 0 ? sum - p * Math.log2(p) : sum, 0);
}
