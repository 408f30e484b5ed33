// A text's logits have the same bits however it is read: at once, in parts, token by token, alone, beside others, and with
// any number of threads; for every kind of model.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as tf from "@tensorflow/tfjs";
import { calmLanguageModel, calmModel, calmShapes } from "../../../lib/baselines/calm/model.ts";
import { mixtureConfigSchema, mixtureShapes } from "../../../lib/baselines/mixture/config.ts";
import { mixtureLanguageModel, mixtureModel } from "../../../lib/baselines/mixture/model.ts";
import { routedLanguageModel } from "../../../lib/baselines/routing/model.ts";
import { btmEnsemble } from "../../../lib/merge/mod.ts";
import {
  decoder,
  type DecodingState,
  type HostWeights,
  type LanguageModel,
  packWeights,
  toDevice,
} from "../../../lib/model/mod.ts";
import { random } from "../../../lib/random.ts";
import { freezeModels, stitchedLanguageModel, stitchModels } from "../../../lib/stitch/mod.ts";
import { openDevice, type Products, rowInvariant } from "../../../lib/tensor/mod.ts";
import { BEYOND_PLAIN, bigWeights, noisyStitches, stitchConfig, TINY } from "../../tiny.ts";

const CONFIG = { ...TINY, width: 32, inner: 64, contextLength: 64 };
const SEED = 11;
/** Tokens of each text: a prompt of its own length, then as many more. */
const PROMPTS = [33, 5], MORE = 3;

/** Weights of any names and shapes, such as those of mixtures. */
function randomWeights(shapes: ReadonlyMap<string, readonly number[]>): HostWeights {
  return Object.fromEntries([...shapes].map(([name, shape]) => {
    const source = random(SEED, name);
    const size = shape.reduce((a, b) => a * b, 1);
    return [name, {
      shape,
      data: Float32Array.from(
        { length: size },
        () => shape.length === 1 ? 1 + 0.3 * source.normal() : 0.25 * source.normal(),
      ),
    }];
  }));
}

const hosts = () => [1, 2, 3].map((seed) => bigWeights(CONFIG, seed));

function mixture(changes: Parameters<typeof mixtureConfigSchema.parse>[0]): LanguageModel {
  const settings = mixtureConfigSchema.parse(changes);
  const weights = packWeights(randomWeights(mixtureShapes(CONFIG, settings, 3)), "f32");
  return mixtureLanguageModel(mixtureModel({ config: CONFIG, mixture: settings, models: 3, weights }));
}

function stitched(): LanguageModel {
  const stitch = stitchConfig({ count: 3 });
  const stitches = toDevice(noisyStitches(stitch, 2, 3, CONFIG));
  return stitchedLanguageModel(
    stitchModels({ config: CONFIG, stitch, ...freezeModels(CONFIG, stitch, hosts(), "f32"), stitches }),
  );
}

function calm(): LanguageModel {
  const [anchor, ...augmenting] = hosts().map((one) => packWeights(one, "f32"));
  const settings = { connections: 2 };
  const connections = toDevice(randomWeights(calmShapes(settings, { augmenting: 2, width: CONFIG.width })));
  return calmLanguageModel(calmModel({ config: CONFIG, calm: settings, anchor: anchor!, augmenting, connections }));
}

function routed(): LanguageModel {
  const weights = hosts().map((one) => packWeights(one, "f32"));
  const source = random(SEED, "router");
  const router = tf.tensor2d(Float32Array.from({ length: 3 * CONFIG.width }, () => source.normal()), [3, CONFIG.width]);
  const table = weights[0]!["model.embed_tokens.weight"] as tf.Tensor2D;
  return routedLanguageModel({ models: weights.map((one) => decoder(CONFIG, one)), table, router });
}

const beyond = { ...CONFIG, ...BEYOND_PLAIN["head norms, wider heads and a window"] };
const members = () => hosts().map((one) => decoder(CONFIG, packWeights(one, "f32")));

const KINDS: Readonly<Record<string, () => LanguageModel>> = {
  "a decoder": () => decoder(CONFIG, packWeights(hosts()[0]!, "f32")),
  "a decoder in 4 bits": () => decoder(CONFIG, packWeights(hosts()[0]!, "q4")),
  "a decoder that is not packed": () => decoder(CONFIG, toDevice(hosts()[0]!)),
  "a decoder with a window": () => decoder(beyond, packWeights(bigWeights(beyond, 1), "f32")),
  "a stitched model": stitched,
  "BTM": () => btmEnsemble(members()),
  "BTM with a history": () => btmEnsemble(members(), { topK: 2, history: 3 }),
  "routing": routed,
  "BTX with soft routing": () => mixture({}),
  "BTX with two experts": () => mixture({ routing: "top-2" }),
  "BAM": () => mixture({ attention: "experts", routing: "sample", adapters: true, bias: true }),
  "CALM": calm,
};

const TEXTS = PROMPTS.map((prompt, row) => {
  const source = random(SEED, "text", row);
  return Array.from({ length: prompt + MORE }, () => source.int(CONFIG.vocabSize));
});

/** Reads the next tokens of some texts together: the logits of each. */
function read(
  model: LanguageModel,
  rows: readonly number[],
  states: readonly DecodingState[],
  time: number,
): Float32Array[] {
  const ids = rows.flatMap((row, i) => TEXTS[row]!.slice(states[i]!.length, states[i]!.length + time));
  const values = tf.tidy(() =>
    rowInvariant(() => model.logits(tf.tensor2d(ids, [rows.length, time], "int32"), states)).dataSync<"float32">()
  ) as Float32Array;
  const size = values.length / rows.length;
  return rows.map((_, i) => values.slice(i * size, (i + 1) * size));
}

/** The logits of a text's last positions, read alone in parts of these sizes. */
function alone(model: LanguageModel, row: number, parts: readonly number[]): Buffer {
  const state = model.decodingState();
  const logits = parts.flatMap((time) => [...read(model, [row], [state], time)[0]!]);
  state.dispose();
  return bytesOf(logits.slice(-MORE * model.vocabSize));
}

/** The same for all texts, whose prompts are read alone, and the rest together. */
function together(model: LanguageModel): Buffer[] {
  const states = TEXTS.map(() => model.decodingState());
  TEXTS.forEach((_, row) => read(model, [row], [states[row]!], PROMPTS[row]!));
  const rows = [...TEXTS.keys()];
  const steps = Array.from({ length: MORE }, () => read(model, rows, states, 1));
  states.forEach((state) => state.dispose());
  return rows.map((row) => bytesOf(steps.flatMap((step) => [...step[row]!])));
}

/** The same with the prompts in one pass, padded to the length of the longest; then the rest in two such passes. */
function padded(model: LanguageModel): Buffer[] {
  const states = TEXTS.map(() => model.decodingState());
  const pass = (lengths: readonly number[], last: boolean): Float32Array[] => {
    const time = Math.max(...lengths);
    const ids = TEXTS.flatMap((text, row) => {
      const begin = states[row]!.length, count = lengths[row]!;
      return [...text.slice(begin, begin + count), ...Array<number>(time - count).fill(0)];
    });
    const values = tf.tidy(() =>
      rowInvariant(() => model.logits(tf.tensor2d(ids, [TEXTS.length, time], "int32"), states, { lengths, last }))
        .dataSync<"float32">()
    ) as Float32Array;
    const [size, V] = [values.length / TEXTS.length, model.vocabSize];
    return lengths.map((count, row) => values.slice(row * size, row * size + (last ? V : count * V)));
  };
  pass(PROMPTS, false);
  assert.deepEqual(states.map(({ length }) => length), PROMPTS);
  const first = pass([1, 2], true), second = pass([2, 1], false);
  states.forEach((state) => state.dispose());
  // Of text 1, the first pass tells only the logits of its second token.
  const [V, known] = [model.vocabSize, alone(model, 1, [PROMPTS[1]!, ...Array<number>(MORE).fill(1)])];
  const missing = new Float32Array(known.buffer, known.byteOffset, V);
  return [bytesOf([...first[0]!, ...second[0]!]), bytesOf([...missing, ...first[1]!, ...second[1]!])];
}

const bytesOf = (values: readonly number[]) => Buffer.from(Float32Array.from(values).buffer);

/** Kinds whose kernels WebAssembly has of its own. */
const IN_WASM = ["a decoder", "a decoder in 4 bits", "a decoder with a window", "a stitched model"];

for (const products of [undefined, "wasm"] as (Products | undefined)[]) {
  for (const [name, make] of Object.entries(KINDS)) {
    if (products === "wasm" && !IN_WASM.includes(name)) continue;
    Deno.test(`the logits of ${name} have the same bits however a text is read [${products ?? "fastest"}]`, async () => {
      const found: Buffer[][] = [];
      for (const threads of [1, 2]) {
        await using _device = await openDevice("cpu", { threads, ...(products && { products }) });
        tf.engine().startScope();
        const model = make();
        const singly = PROMPTS.map((prompt, row) => alone(model, row, [prompt, ...Array<number>(MORE).fill(1)]));
        found.push(singly);
        if (threads === 1) checkOtherWays(model, singly);
        tf.engine().endScope();
      }
      found[0]!.forEach((one, row) => assert.ok(one.equals(found[1]![row]!), `text ${row}, threads`));
    });
  }
}

function checkOtherWays(model: LanguageModel, singly: readonly Buffer[]): void {
  assert.ok(singly.every((one) => one.some((byte) => byte !== one[0])), "a constant proves nothing");
  together(model).forEach((one, row) => assert.ok(one.equals(singly[row]!), `text ${row}, beside others`));
  if (model.promptAtOnce) return;
  padded(model).forEach((one, row) => assert.ok(one.equals(singly[row]!), `text ${row}, padded`));
  const [long, short] = PROMPTS as [number, number];
  for (
    const [row, parts] of [[0, [long + MORE]], [0, [3, long - 4, 1, MORE]], [
      1,
      Array<number>(short + MORE).fill(1),
    ]] as const
  ) {
    assert.ok(alone(model, row, parts).equals(singly[row]!), `text ${row}, in parts of ${parts}`);
  }
}
