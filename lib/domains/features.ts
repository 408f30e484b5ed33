// Turning a sample into points: by tf-idf, or by the hidden states of a model.
import { Buffer } from "node:buffer";
import { absent } from "../errors.ts";
import type { Encoder } from "./hidden.ts";
import type { ClusterModel } from "./model.ts";
import { type FittedRows, fitTfIdf, tfIdfSpace } from "./space.ts";
import { hiddenPoint } from "./space-of.ts";

/** A sample as points, and what turns other texts into points of the same space. */
export interface FittedFeatures extends Pick<ClusterModel, "features" | "basis" | "size" | "probe"> {
  readonly points: readonly Float64Array[];
}

/** Fits features to a sample. */
export type FitFeatures = (sample: readonly string[], rows: FittedRows) => Promise<FittedFeatures>;

/** Tf-idf and truncated SVD. @param dimensions at most */
export function tfIdfFeatures(dimensions: number, seed: number): FitFeatures {
  return async (sample, rows) => {
    const model = fitTfIdf(rows, dimensions, seed);
    const points = await tfIdfSpace(model).points(sample);
    return { features: "tf-idf", basis: model.projection, size: model.size, points: points.map(({ point }) => point) };
  };
}

/** How the states of a sample are computed. */
export interface StatesOptions {
  /** File that keeps them, so that a process that goes on computes only what is missing. */
  readonly path: string;
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Mean hidden states of a model, minus their mean over the sample. */
export function hiddenFeatures(encoder: Encoder, options: StatesOptions): FitFeatures {
  return async (sample) => {
    const states = await keptStates(encoder, sample, options);
    const mean = new Float32Array(encoder.width);
    for (let i = 0; i < mean.length; i++) mean[i] = states.reduce((sum, state) => sum + state[i]!, 0) / states.length;
    const points = states.map((state) => hiddenPoint(state, mean));
    return { features: "hidden", basis: mean, size: mean.length, points, probe: encoder.probe };
  };
}

/** Texts between writes; a file holds a whole number of them, so that every text runs in the same batch again. */
const CHUNK = 64;

async function keptStates(
  encoder: Encoder,
  texts: readonly string[],
  { path, onProgress, signal }: StatesOptions,
): Promise<Float64Array[]> {
  const rowBytes = 4 * encoder.width;
  const size = (await Deno.stat(path).catch(absent))?.size ?? 0;
  let done = Math.floor(size / rowBytes / CHUNK) * CHUNK;
  using file = await Deno.open(path, { read: true, write: true, create: true });
  await file.truncate(done * rowBytes);
  await file.seek(0, Deno.SeekMode.End);
  for (; done < texts.length; done += CHUNK) {
    signal?.throwIfAborted();
    const states = await encoder.states(texts.slice(done, done + CHUNK));
    const bytes = Buffer.concat(states.map((state) => Buffer.from(Float32Array.from(state).buffer)));
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    onProgress?.(Math.min(texts.length, done + CHUNK));
  }
  const values = new Float32Array((await Deno.readFile(path)).buffer);
  return texts.map((_, at) => Float64Array.from(values.subarray(at * encoder.width, (at + 1) * encoder.width)));
}
