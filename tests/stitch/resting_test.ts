// Experts that rest: the others go on as if it had been removed, and one that comes back has missed nothing.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { GateProbe, LanguageModel } from "../../lib/model/mod.ts";
import { toDevice } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { freezeModels, stitchedLanguageModel, stitchModels } from "../../lib/stitch/mod.ts";
import type { StitchedState } from "../../lib/stitch/stitched-state.ts";
import { openDevice, rowInvariant } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, bigWeights, difference, noisyStitches, stitchConfig, TINY } from "../tiny.ts";

const CONFIG = { ...TINY, layers: 4, contextLength: 40 };
const EXPERTS = 3;

const STITCHES = {
  "an H2E, then an E2H": stitchConfig({ count: 2 }),
  "alternating, K = 4": stitchConfig({ count: 4 }),
  "all E2H, passing through": stitchConfig({ count: 3, kinds: "all-e2h", expertAfterE2H: "pass-through" }),
  "a single E2H before the last layer": stitchConfig({ positions: [3], gates: "scalar" }),
  "hub-preserving, of low rank": stitchConfig({
    positions: [1, 2, 4],
    kinds: ["E2H-LR", "H2E", "E2H-LR"],
    rank: 3,
    initialization: "hub-preserving",
  }),
};

/** @param stacked whether the models are held as packed stacks, as for inference */
function modelOf(stitch: ReturnType<typeof stitchConfig>, stacked: boolean): LanguageModel {
  const weights = Array.from({ length: EXPERTS + 1 }, (_, i) => bigWeights(CONFIG, i + 1));
  const stitches = toDevice(noisyStitches(stitch, EXPERTS, 3, CONFIG));
  if (stacked) {
    return stitchedLanguageModel(
      stitchModels({ config: CONFIG, stitch, stitches, ...freezeModels(CONFIG, stitch, weights, "f32") }),
    );
  }
  const [hub, ...experts] = weights.map(toDevice);
  return stitchedLanguageModel(stitchModels({ config: CONFIG, stitch, stitches, hub: hub!, experts }));
}

/** Passes over a text: how many tokens each has, and which experts rest in it. */
const PASSES: readonly (readonly [length: number, resting: readonly number[]])[] = [
  [5, []],
  [1, [2]],
  [3, [2]],
  [1, [1, 2]],
  [2, [1, 2, 3]],
  [1, [1, 2, 3]],
  [2, [1]],
  [1, [3]],
  [4, []],
  [1, [1]],
];
const LENGTH = PASSES.reduce((sum, [length]) => sum + length, 0);

const textOf = (seed: number): number[] => {
  const source = random(seed, "text");
  return Array.from({ length: LENGTH }, () => source.int(CONFIG.vocabSize));
};

/**
 * The logits of each pass over a text.
 *
 * @param rest lets experts rest before a pass
 */
function passesOver(
  model: LanguageModel,
  state: StitchedState,
  text: readonly number[],
  rest: (resting: readonly number[]) => void,
): tf.Tensor3D[] {
  let at = 0;
  return PASSES.map(([length, resting]) => {
    rest(resting);
    const ids = tf.tensor2d([text.slice(at, at += length)], undefined, "int32");
    return rowInvariant(() => model.logits(ids, [state]));
  });
}

/** The reference: all experts run all the time, and the gates of those that rest are 0. */
function masked(model: LanguageModel, text: readonly number[]): tf.Tensor3D[] {
  const state = model.decodingState() as StitchedState & { without: readonly number[] };
  return passesOver(model, state, text, (resting) => state.without = resting);
}

for (const [what, stitch] of Object.entries(STITCHES)) {
  deviceTest(`experts that rest have gates of 0, and miss nothing when they come back: ${what}`, ({ name }) => {
    for (const stacked of [false, true]) {
      const model = modelOf(stitch, stacked);
      assert.equal(model.canRest, true);
      const text = textOf(1);
      const state = model.decodingState() as StitchedState;
      const found = passesOver(model, state, text, (resting) => state.rest(resting));
      const wanted = masked(model, text);
      found.forEach((logits, i) => {
        const which = `stacked: ${stacked}, pass ${i}`;
        if (name === "cpu") assert.deepEqual(logits.dataSync(), wanted[i]!.dataSync(), which);
        else assertClose(logits, wanted[i]!, 1e-4, which);
      });
      state.rest([]);
      assert.deepEqual(state.caches.map(({ length }) => length), Array(EXPERTS + 1).fill(LENGTH));
    }
  });
}

deviceTest("an expert that rests reads nothing until it comes back, and nothing is left behind", () => {
  const model = modelOf(STITCHES["alternating, K = 4"], true);
  // The first expert that rests has the stacks taken apart, which stay so.
  const first = model.decodingState() as StitchedState;
  passesOver(model, first, textOf(1), (resting) => first.rest(resting));
  first.dispose();
  const before = tf.memory().numTensors;
  const state = model.decodingState() as StitchedState;
  const read = [0, 0, 0, 0];
  let [at, pass] = [0, 0];
  tf.tidy(() => {
    passesOver(model, state, textOf(2), (resting) => {
      state.rest(resting);
      const rested = PASSES[pass - 1]?.[1] ?? [];
      read.forEach((_, i) => (rested.includes(i) && resting.includes(i)) || (read[i] = at));
      assert.deepEqual(state.caches.map(({ length }) => length), read, `before pass ${pass}`);
      at += PASSES[pass++]![0];
    });
  });
  const bytes = state.bytes();
  state.rest([]);
  assert.ok(state.bytes() < bytes + state.caches[1]!.bytes(), "what was missed is freed");
  state.dispose();
  assert.equal(tf.memory().numTensors, before, "tensors left behind");
});

deviceTest("rows in which different experts rest are computed as each alone", ({ name }) => {
  const model = modelOf(STITCHES["alternating, K = 4"], true);
  const sets = [[], [2], [1, 3], [2], [1, 2, 3]];
  const texts = sets.map((_, row) => textOf(row + 10));
  const states = sets.map(() => model.decodingState() as StitchedState);
  const told: Record<"gates" | "demand", tf.Tensor2D[]> = { gates: [], demand: [] };
  const probes = (into: typeof told): { gates: GateProbe; demand: GateProbe } => ({
    gates: (place, values) => void (into.gates[place] = tf.keep(values)),
    demand: (place, values) => void (into.demand[place] = tf.keep(values)),
  });
  const prompt = tf.tensor2d(texts.map((text) => text.slice(0, 6)), undefined, "int32");
  const lengths = [6, 5, 4, 3, 2];
  rowInvariant(() => model.logits(prompt, states, { lengths }));
  states.forEach((state, row) => state.rest(sets[row]!));
  const next = texts.map((text, row) => text.slice(lengths[row]!, lengths[row]! + 2));
  const counts = [2, 1, 2, 2, 1];
  const together = rowInvariant(() =>
    model.logits(tf.tensor2d(next, undefined, "int32"), states, { lengths: counts, last: true, ...probes(told) })
  );
  sets.forEach((resting, row) => {
    const state = model.decodingState() as StitchedState;
    const ids = (some: readonly number[]) => tf.tensor2d([[...some]], undefined, "int32");
    rowInvariant(() => model.logits(ids(texts[row]!.slice(0, lengths[row])), [state]));
    state.rest(resting);
    const own: typeof told = { gates: [], demand: [] };
    const alone = rowInvariant(() =>
      model.logits(ids(next[row]!.slice(0, counts[row])), [state], { last: true, ...probes(own) })
    );
    const same = (actual: tf.Tensor, expected: tf.Tensor, what: string) =>
      name === "cpu"
        ? assert.deepEqual(actual.dataSync(), expected.dataSync(), what)
        : assert.ok(difference(actual, expected) < 1e-4, what);
    same(tf.slice(together, [row, 0, 0], [1, 1, -1]), alone, `row ${row}`);
    for (const kind of ["gates", "demand"] as const) {
      own[kind].forEach((values, place) =>
        same(tf.slice(told[kind][place]!, [2 * row, 0], [counts[row]!, -1]), values, `${kind} at ${place}, row ${row}`)
      );
    }
    // Gates are those of the models that run; what is asked for is that of all.
    const last = own.gates.at(-1)!.arraySync()[0]!;
    last.forEach((gate, i) => assert.equal(gate === 0, resting.includes(i), `row ${row}, model ${i}`));
    assert.ok(own.demand.at(-1)!.arraySync()[0]!.every((gate) => gate > 0));
    if (resting.length === 0) assert.deepEqual(own.demand.at(-1)!.arraySync(), own.gates.at(-1)!.arraySync());
  });
});

deviceTest("a fork has no experts that rest, and both go on by themselves", ({ name }) => {
  const model = modelOf(STITCHES["an H2E, then an E2H"], false);
  const ids = (some: readonly number[]) => tf.tensor2d([[...some]], undefined, "int32");
  const run = (state: StitchedState, some: readonly number[]) => rowInvariant(() => model.logits(ids(some), [state]));
  const text = textOf(4);
  const state = model.decodingState() as StitchedState;
  run(state, text.slice(0, 4));
  state.rest([1, 2]);
  run(state, text.slice(4, 8));
  const fork = state.fork(6);
  assert.deepEqual(fork.resting, []);
  const plain = model.decodingState() as StitchedState & { without: readonly number[] };
  run(plain, text.slice(0, 4));
  plain.without = [1, 2];
  run(plain, text.slice(4, 6));
  plain.without = [];
  const [found, wanted] = [run(fork, text.slice(6, 9)), run(plain, text.slice(6, 9))];
  if (name === "cpu") assert.deepEqual(found.dataSync(), wanted.dataSync());
  else assertClose(found, wanted, 1e-4);
});

Deno.test("a pair's models cannot rest, nor can those whose positions depend on calls", async () => {
  await using _device = await openDevice("cpu", { threads: 2 });
  const pair = (changes: object, experts = 1) => {
    const stitch = stitchConfig({ count: 2, ...changes });
    const [hub, ...others] = Array.from({ length: experts + 1 }, (_, i) => toDevice(bigWeights(CONFIG, i)));
    const stitches = toDevice(noisyStitches(stitch, experts, 3, CONFIG));
    return stitchModels({ config: CONFIG, stitch, hub: hub!, experts: others, stitches });
  };
  assert.equal(stitchedLanguageModel(pair({ mode: "pair" })).canRest, false);
  const hub = pair({}, 2);
  assert.equal(stitchedLanguageModel(hub).canRest, true);
  const dynamic = { ...CONFIG, ropeScaling: { type: "dynamic", factor: 2, originalContextLength: 20 } as never };
  assert.equal(stitchedLanguageModel({ ...hub, config: dynamic }).canRest, false);
});
