// One step of an engine: some texts read a part of their prompts, then all others read and write a token.
import * as tf from "@tensorflow/tfjs";
import { rowInvariant } from "../../tensor/mod.ts";
import type { PredictionGates } from "../types.ts";
import { type Sequence, unread, type Voice } from "./sequence.ts";

/** Bytes of logits that a pass may have where a prompt is scored: all of its positions have some. */
const LOGITS_BYTES = 2 ** 26;

/** Texts that read equally many tokens in one pass. */
export interface Pass {
  readonly sequences: readonly Sequence[];
  /** Tokens of each. */
  readonly time: number;
  /** Whether logits of all positions are needed. */
  readonly all: boolean;
}

/** Texts whose prompts were read. */
export function decodingPass(sequences: readonly Sequence[]): Pass | undefined {
  const ready = sequences.filter((one) => one.finished === undefined && unread(one) === 0);
  return ready.length === 0 ? undefined : { sequences: ready, time: 1, all: false };
}

/**
 * The next parts of prompts, the oldest text's first, up to `chunk` tokens in all, or one text's part. Parts of one length
 * are one pass.
 */
export function promptPasses(sequences: readonly Sequence[], chunk: number, { model }: Voice): Pass[] {
  const passes = new Map<string, { sequences: Sequence[]; time: number; all: boolean }>();
  let left = chunk;
  for (const one of sequences) {
    const rest = unread(one);
    if (one.finished !== undefined || rest === 0) continue;
    if (left < Math.min(rest, chunk) && left < chunk) break;
    const all = one.request.scorePrompt === true;
    const most = all ? Math.max(1, Math.min(chunk, Math.floor(LOGITS_BYTES / 4 / model.vocabSize))) : chunk;
    const time = model.promptAtOnce ? rest : Math.min(rest, most);
    const key = `${time} ${all}`;
    const pass = passes.get(key) ?? { sequences: [], time, all };
    pass.sequences.push(one);
    passes.set(key, pass);
    left -= time;
    if (left <= 0) break;
  }
  return [...passes.values()];
}

/** What a pass gives for one text. */
export interface PassResult {
  /** Of its positions, or of the last one. */
  readonly logits: Float32Array;
  /** Of its positions; empty if nobody asked for them. */
  readonly gates: readonly PredictionGates[];
}

/** Runs a pass: what it gives, by text. */
export async function runPass({ sequences, time, all }: Pass, { model }: Voice): Promise<PassResult[]> {
  const rows = sequences.flatMap(({ ids, state }) => ids.slice(state!.length, state!.length + time));
  const isAsked = sequences.some(({ request }) => request.gates !== undefined);
  const gates: tf.Tensor2D[] = [];
  const keep = (place: number, values: tf.Tensor2D) => void (gates[place] = tf.keep(values));
  let logits: tf.Tensor3D | undefined;
  try {
    logits = tf.tidy(() => {
      const ids = tf.tensor2d(rows, [sequences.length, time], "int32");
      const states = sequences.map(({ state }) => state!);
      return rowInvariant(() => model.logits(ids, states, { last: !all, gates: isAsked ? keep : undefined }));
    });
    const values = await logits.data<"float32">() as Float32Array;
    const places = await Promise.all(gates.map((place) => place.array()));
    const size = values.length / sequences.length;
    return sequences.map((_, row) => ({
      logits: values.subarray(row * size, (row + 1) * size),
      gates: isAsked ? Array.from({ length: time }, (_, t) => places.map((rows) => rows[row * time + t]!)) : [],
    }));
  } finally {
    logits?.dispose();
    tf.dispose(gates);
  }
}
