// Our side of the benchmark of decoding: bench/decode/ours.ts MODEL WEIGHTS THREADS [PRODUCTS]
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { createEngine } from "../../lib/infer/mod.ts";
import { decoder, type WeightFormat } from "../../lib/model/mod.ts";
import { openPretrained } from "../../lib/pretrained/mod.ts";
import { openDevice, type Products, rowInvariant } from "../../lib/tensor/mod.ts";
import { TextLineStream } from "../lines.ts";
import type { Answer, Request } from "./side.ts";

const [source, weights, threads, products] = Deno.args as [string, WeightFormat, string, Products?];
await using _device = await openDevice("cpu", {
  threads: Number(threads),
  ...(products === undefined ? {} : { products }),
});
const found = await openPretrained(source, "--model");
using onDevice = await found.loadOnDevice(weights);
const model = decoder(found.config, onDevice);

console.log(JSON.stringify({ ready: true }));
for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
  if (line === "") continue;
  const request: Request = JSON.parse(line);
  console.log(JSON.stringify(request.engine === undefined ? measure(request) : await measureEngine(request)));
}

/** Greedy decoding: a pass over the prompts, then one over each next token. */
function measure({ prompts, tokens }: Request): Answer {
  const states = prompts.map(() => model.decodingState());
  const next = (ids: readonly (readonly number[])[]): number[] =>
    tf.tidy(() => {
      const logits = rowInvariant(() =>
        model.logits(tf.tensor2d(ids as number[][], undefined, "int32"), states, { last: true })
      );
      const values = logits.dataSync<"float32">();
      return ids.map((_, row) => greedy(values as Float32Array, row * model.vocabSize));
    });
  const began = now();
  let ids = next(prompts);
  const first = now();
  const all = [ids[0]!];
  for (let i = 1; i < tokens; i++) {
    ids = next(ids.map((id) => [id]));
    all.push(ids[0]!);
  }
  const ended = now();
  for (const state of states) state.dispose();
  const times = (kind: 0 | 1) => ({ prefill: first[kind] - began[kind], decode: ended[kind] - first[kind] });
  return { clock: times(0), processor: times(1), ids: all };
}

/** Reading prompts as an engine does, without a cache of earlier ones. */
async function measureEngine({ prompts, engine: mode }: Request): Promise<Answer> {
  await using engine = createEngine(model, { decode: () => "", endOfText: -1 }, [], { prefixBytes: 0 });
  const first = async (prompt: readonly number[]) => {
    const { value } = await engine.generate({ prompt, maxTokens: 1, sampling: { temperature: 0 } }).next();
    return "id" in value! ? value.id : -1;
  };
  const began = now();
  const ids: number[] = [];
  if (mode === "together") ids.push(...await Promise.all(prompts.map(first)));
  else for (const prompt of prompts) ids.push(await first(prompt));
  const ended = now();
  const times = (kind: 0 | 1) => ({ prefill: ended[kind] - began[kind], decode: 0 });
  return { clock: times(0), processor: times(1), ids };
}

/** Seconds by the clock, and of the processor. */
function now(): [number, number] {
  const { user, system } = process.cpuUsage();
  return [performance.now() / 1000, (user + system) / 1e6];
}

function greedy(logits: Float32Array, begin: number): number {
  let best = begin;
  for (let i = begin + 1; i < begin + model.vocabSize; i++) if (logits[i]! > logits[best]!) best = i;
  return best - begin;
}
