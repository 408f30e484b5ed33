// The gates of every stitch at every token.
import * as tf from "@tensorflow/tfjs";
import { speaker } from "../methods.ts";
import { type GateColumns, reduceGates } from "./gates.ts";
import { stitchKind } from "./kinds/registry.ts";
import type { StitchedModel } from "./stitched-model.ts";

/** The gates of one stitch along a text. */
export interface TokenGates extends GateColumns {
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
  const found = await reduceGates(model, () => tf.tensor2d([...ids], [1, ids.length], "int32"), (gates) => gates);
  return found.map(({ values, ...stitch }) => ({ ...stitch, gates: values }));
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
  end: number = gates.length,
): GateSummary | undefined {
  const rows = gates.slice(start, end);
  if (rows.length === 0) return undefined;
  const share = (count: (row: readonly number[], column: number) => number) =>
    models.map((_, column) => rows.reduce((sum, row) => sum + count(row, column), 0) / rows.length);
  return {
    mean: share((row, column) => row[column]!),
    won: share((row, column) => Number(speaker(row) === column)),
    entropy: stitchKind(kind).shares ? rows.reduce((sum, row) => sum + entropyOf(row), 0) / rows.length : null,
  };
}

function entropyOf(shares: readonly number[]): number {
  return shares.reduce((sum, p) => p > 0 ? sum - p * Math.log2(p) : sum, 0);
}
