// One step of an engine: some texts read a part of their prompts, then all others read and write a token.
import * as tf from "@tensorflow/tfjs";
import type { GateProbe, LanguageModel } from "../../model/mod.ts";
import { rowInvariant } from "../../tensor/mod.ts";
import type { PredictionGates } from "../types.ts";
import { type Sequence, unread, type Voice } from "./sequence.ts";

/** Bytes of logits that a pass may have where a prompt is scored: all of its positions have some. */
const LOGITS_BYTES = 2 ** 26;

/** A part of a text that is read in one pass. */
export interface Part {
  readonly sequence: Sequence;
  /** Tokens of it. */
  readonly length: number;
}

/** Texts that are read together. */
export interface Pass {
  readonly parts: readonly Part[];
  /** Whether logits of all positions are needed. */
  readonly all: boolean;
}

/** Texts whose prompts were read. */
export function decodingPass(sequences: readonly Sequence[]): Pass | undefined {
  const ready = sequences.filter((one) => one.finished === undefined && unread(one) === 0);
  return ready.length === 0 ? undefined : { parts: ready.map((sequence) => ({ sequence, length: 1 })), all: false };
}

/**
 * The next parts of prompts, the oldest text's first, up to `chunk` tokens in all, or one text's part; in passes that
 * together take little time ({@linkcode passesOf}).
 */
export function promptPasses(sequences: readonly Sequence[], chunk: number, { model }: Voice): Pass[] {
  const parts: { readonly some: Part[]; readonly all: boolean }[] = [false, true].map((all) => ({ some: [], all }));
  let left = chunk;
  for (const sequence of sequences) {
    const rest = unread(sequence);
    if (sequence.finished !== undefined || rest === 0) continue;
    if (left < Math.min(rest, chunk) && left < chunk) break;
    const all = sequence.request.scorePrompt === true;
    const most = all ? Math.max(1, Math.min(chunk, Math.floor(LOGITS_BYTES / 4 / model.vocabSize))) : chunk;
    const length = model.promptAtOnce ? rest : Math.min(rest, most);
    parts[Number(all)]!.some.push({ sequence, length });
    left -= length;
    if (left <= 0) break;
  }
  return parts.flatMap(({ some, all }) => passesOf(some, chunk, model).map((parts) => ({ parts, all })));
}

/** Reading all weights takes about as long as computing so many rows: 5 in 4 bits with AVX2, 20 in float32 with AVX-512. */
const ROWS_OF_WEIGHTS = 12;

/**
 * Parts in passes whose cost, in rows that are computed, is least: a pass reads the weights once, and pads its parts to the
 * length of its longest. No pass is longer than `chunk` with its padding, except that of one part.
 */
function passesOf(
  parts: readonly Part[],
  chunk: number,
  { promptAtOnce, contextLength }: Pick<LanguageModel, "promptAtOnce" | "contextLength">,
): Part[][] {
  const sorted = [...parts].sort((a, b) => a.length - b.length);
  const fits = (pass: readonly Part[]) => {
    const [shortest, longest] = [pass[0]!.length, pass.at(-1)!.length];
    if (pass.length === 1 || shortest === longest) return true;
    const isPadded = promptAtOnce !== true && pass.length * longest <= chunk;
    return isPadded && pass.every(({ sequence }) => sequence.state!.length + longest <= contextLength);
  };
  /** The best passes of the first i parts. */
  const best: { readonly cost: number; readonly passes: Part[][] }[] = [{ cost: 0, passes: [] }];
  for (let end = 1; end <= sorted.length; end++) {
    for (let begin = end - 1; begin >= 0; begin--) {
      const pass = sorted.slice(begin, end);
      if (!fits(pass)) continue;
      const cost = best[begin]!.cost + ROWS_OF_WEIGHTS + pass.length * pass.at(-1)!.length;
      if (cost < (best[end]?.cost ?? Infinity)) best[end] = { cost, passes: [...best[begin]!.passes, pass] };
    }
  }
  return best.at(-1)!.passes;
}

/** What a pass gives for one text. */
export interface PassResult {
  /** Of its positions, or of the last one. */
  readonly logits: Float32Array;
  /** Of its positions; empty if nobody asked for them. */
  readonly gates: readonly PredictionGates[];
  /** The gates that all models would have, at the places with shares; empty if experts may not rest. */
  readonly demand: readonly PredictionGates[];
}

/** Runs a pass: what it gives, by text. */
export async function runPass({ parts, all }: Pass, { model }: Voice): Promise<PassResult[]> {
  const lengths = parts.map(({ length }) => length);
  const time = Math.max(...lengths);
  const rows = parts.flatMap(({ sequence: { ids, state }, length }) => [
    ...ids.slice(state!.length, state!.length + length),
    ...Array.from({ length: time - length }, () => 0),
  ]);
  const isAsked = parts.some(({ sequence: { request } }) => request.gates !== undefined);
  const mayRest = parts.some(({ sequence: { skipper } }) => skipper !== undefined);
  const [gates, demand]: [tf.Tensor2D[], tf.Tensor2D[]] = [[], []];
  const keep = (into: tf.Tensor2D[]): GateProbe => (place, values) => void (into[place] = tf.keep(values));
  let logits: tf.Tensor3D | undefined;
  try {
    logits = tf.tidy(() => {
      const ids = tf.tensor2d(rows, [parts.length, time], "int32");
      const states = parts.map(({ sequence }) => sequence.state!);
      const options = {
        last: !all,
        gates: isAsked ? keep(gates) : undefined,
        demand: mayRest ? keep(demand) : undefined,
        ...(lengths.every((length) => length === time) ? {} : { lengths }),
      };
      return rowInvariant(() => model.logits(ids, states, options));
    });
    const values = await logits.data<"float32">() as Float32Array;
    // The places of `demand` are those with shares alone.
    const [told, asked] = await Promise.all(
      [gates, demand].map((kept) => Promise.all(Object.values(kept).map((place) => place.array()))),
    );
    const size = values.length / parts.length;
    const ofRow = (places: readonly number[][][], row: number, length: number) =>
      places.length === 0 ? [] : Array.from({ length }, (_, t) => places.map((rows) => rows[row * time + t]!));
    return lengths.map((length, row) => ({
      logits: values.subarray(row * size, row * size + (all ? length * model.vocabSize : size)),
      gates: ofRow(told!, row, length),
      demand: ofRow(asked!, row, length),
    }));
  } finally {
    logits?.dispose();
    tf.dispose([...Object.values(gates), ...Object.values(demand)]);
  }
}
