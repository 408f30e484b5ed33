// The monitor in training: it changes nothing by looking, its actions work, and a resumed run goes the same way.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../../../lib/data/mod.ts";
import { hashTensors } from "../../../lib/huggingface/mod.ts";
import { disposeWeights, type HostWeights, initialWeights, toHost, toVariables } from "../../../lib/model/mod.ts";
import {
  type Alert,
  createMonitor,
  type GroupStatistics,
  monitorConfigSchema,
  pretraining,
  type StepReport,
  train,
  type TrainConfig,
  trainConfigSchema,
  TrainingError,
  type TrainState,
  type TrainTask,
} from "../../../lib/train/mod.ts";
import { openDevice } from "../../../lib/tensor/mod.ts";
import { deviceTest } from "../../backends.ts";
import { randomBatch, TINY } from "../../tiny.ts";

const MODEL = { ...TINY, layers: 1 };

interface Options {
  readonly config?: Partial<TrainConfig>;
  /** Of the monitor; absent: none looks. */
  readonly monitor?: Parameters<typeof monitorConfigSchema.parse>[0];
  readonly vocabSize?: number;
  /** What the loss of the batch at a position is multiplied with. */
  readonly factor?: (position: number) => number;
  /** Keeps the state after this step. */
  readonly keepAt?: number;
  readonly last?: TrainState;
}

interface Outcome {
  readonly weights: HostWeights;
  readonly alerts: Alert[];
  readonly reports: StepReport[];
  readonly statistics: Map<number, readonly GroupStatistics[]>;
  readonly positions: number[];
  readonly rewinds: { from: number; to: number }[];
  readonly kept: TrainState | undefined;
  readonly error: unknown;
}

/** Pretrains a tiny decoder on random batches under a monitor. */
async function run({ config: changes, monitor, vocabSize, factor = () => 1, keepAt, last }: Options): Promise<Outcome> {
  const config = trainConfigSchema.parse({ steps: 40, batch: 2, warmup: 1, lr: 0.003, ...changes });
  const variables = toVariables(initialWeights(MODEL, 1));
  const outcome = {
    alerts: [] as Alert[],
    reports: [] as StepReport[],
    positions: [] as number[],
    statistics: new Map<number, readonly GroupStatistics[]>(),
    rewinds: [] as Outcome["rewinds"],
  };
  let scale = 1;
  let kept: TrainState | undefined;
  const batchAt = (position: number): Batch => {
    scale = factor(position);
    outcome.positions.push(position);
    return randomBatch(config.batch, 8, position);
  };
  const plain = pretraining(MODEL, variables, { config, batchAt, validation: [] });
  const task: TrainTask = {
    ...plain,
    loss: (...all) => tf.mul(plain.loss(...all), scale).asScalar(),
    onStep: (report) => outcome.reports.push(report),
    onRewind: (rewind) => outcome.rewinds.push(rewind),
    ...(monitor === undefined ? {} : {
      monitor: createMonitor({
        settings: monitorConfigSchema.parse(monitor),
        training: config,
        ...(vocabSize === undefined ? {} : { vocabSize }),
        onAlert: (alert) => outcome.alerts.push(alert),
        onStatistics: (step, statistics) => outcome.statistics.set(step, statistics),
      }),
    }),
    checkpoints: {
      ...(last === undefined ? {} : { last }),
      due: ({ step }) => step === keepAt,
      save: (state) => {
        if (state.now.progress.step === keepAt) {
          kept = { ...state, monitor: JSON.parse(JSON.stringify(state.monitor ?? null)) ?? undefined };
        }
        return Promise.resolve();
      },
    },
  };
  let error: unknown;
  try {
    await train(task).catch((reason) => error = reason);
    return { ...outcome, weights: await toHost(variables), kept, error };
  } finally {
    disposeWeights(variables);
  }
}

const acts = (alerts: readonly Alert[]) => alerts.map(({ detector, step, action }) => `${detector} ${step} ${action}`);
const bytes = (outcome: Outcome) => hashTensors(outcome.weights);
/** What does not depend on the clock. */
const steady = ({ step, values: { tokensPerSecond: _, ...values } }: StepReport) => ({ step, values });

deviceTest("`createMonitor()` only looks: the same bytes and losses as without one, and metrics by group", async () => {
  const alone = await run({});
  for (const every of [0, 1, 3]) {
    const watched = await run({ monitor: { every } });
    assert.equal(bytes(watched), bytes(alone));
    assert.deepEqual(
      watched.reports.map(({ values }) => values["loss"]),
      alone.reports.map(({ values }) => values["loss"]),
    );
    assert.deepEqual(watched.alerts, []);
    const logged = watched.reports.filter(({ values }) => "mlp/bimodality" in values).map(({ step }) => step);
    assert.deepEqual(
      logged,
      Array.from({ length: 40 }, (_, i) => i + 1).filter((step) => every > 0 && step % every === 0),
    );
  }
});

deviceTest("`createMonitor()` sees the update that AdamW then makes", async () => {
  const settings = { steps: 6, weightDecay: 0, clipNorm: 0.1, epsilon: 1e-4, lr: 0.01, warmup: 0, floor: 1 };
  const at = async (steps: number) =>
    await run({ config: { ...settings, steps }, monitor: { every: 1, samples: 100_000 } });
  const [before, after] = [await at(5), await at(6)];
  const change = (wanted: (name: string) => boolean) => {
    const squares = Object.entries(after.weights).filter(([name]) => wanted(name)).flatMap(([name, { data }]) =>
      Array.from(data, (value, i) => (value - before.weights[name]!.data[i]!) ** 2)
    );
    return Math.sqrt(squares.reduce((a, b) => a + b) / squares.length);
  };
  const statistics = after.statistics.get(6)!;
  assert.deepEqual(statistics.map(({ group }) => group), ["embedding", "attention", "mlp", "norms", "head"]);
  for (const [group, name] of [["attention", "self_attn"], ["mlp", "mlp"], ["embedding", "embed"]] as const) {
    const { updateRms } = statistics.find((one) => one.group === group)!;
    const made = change((parameter) => parameter.includes(name)) / 0.01;
    assert.ok(Math.abs(made / updateRms - 1) < 1e-3, `${group}: ${made}, not ${updateRms}`);
  }
});

deviceTest("`createMonitor()` stops at a loss that is NaN, before it touches the weights", async () => {
  const broken = await run({ monitor: {}, factor: (position) => position === 9 ? NaN : 1 });
  assert.ok(broken.error instanceof TrainingError && /NaN at step 10/.test(broken.error.message));
  assert.deepEqual(acts(broken.alerts), ["notFinite 10 stop"]);
  assert.equal(broken.alerts[0]!.level, "error");
  assert.equal(
    bytes(broken),
    bytes(
      await run({ config: { steps: 40 }, keepAt: 9 }).then(({ kept }) => ({
        weights: kept!.now.parameters,
      } as Outcome)),
    ),
  );
});

deviceTest("`createMonitor()` tells of gradients that are not finite when the loss is, and names them", async () => {
  // √x at 0: the loss is 0, the slope infinite. With `every` 0 only the update itself finds out.
  for (const every of [0, 1]) {
    const variables = { x: tf.variable(tf.scalar(0)) };
    const training = trainConfigSchema.parse({ steps: 1, batch: 1, lr: 0.5, warmup: 0, floor: 1 });
    const alerts: Alert[] = [];
    const error = await train({
      config: training,
      parameters: variables,
      batchAt: (position) => randomBatch(1, 2, position),
      loss: () => tf.sqrt(variables.x).asScalar(),
      monitor: createMonitor({
        settings: monitorConfigSchema.parse({ every }),
        training,
        onAlert: (alert) => alerts.push(alert),
      }),
    }).catch((reason) => reason);
    assert.deepEqual(acts(alerts), ["notFinite 1 stop"]);
    assert.equal(alerts[0]!.level, "error");
    assert.deepEqual(alerts[0]!.values, { loss: 0, learningRate: 0.5 });
    assert.match(
      alerts[0]!.text,
      /^The gradient norm is (NaN|Infinity) at step 1 \(loss 0, learning rate 0\.5\)\. Training stops\.$/,
    );
    assert.ok(error instanceof TrainingError);
    assert.equal(error.message, alerts[0]!.text);
    tf.dispose(variables);
  }
});

deviceTest("`createMonitor()` skips batches that are not finite, and gives up after `limit` of them", async () => {
  const monitor = { notFinite: { action: "skip" }, limit: 3 } as const;
  const some = await run({ monitor, factor: (position) => [4, 5, 20].includes(position) ? Infinity : 1 });
  assert.equal(some.error, undefined);
  assert.deepEqual(acts(some.alerts), ["notFinite 5 skip", "notFinite 6 skip", "notFinite 21 skip"]);
  assert.ok(Object.values(some.weights).every(({ data }) => data.every(Number.isFinite)));
  assert.equal(some.reports.length, 40);
  const all = await run({ monitor, factor: (position) => position < 10 ? 1 : NaN });
  assert.deepEqual(acts(all.alerts).slice(-2), ["notFinite 13 skip", "notFinite 14 stop"]);
  assert.ok(all.error instanceof TrainingError && /3 batches have been skipped already/.test(all.error.message));
});

deviceTest("`createMonitor()` with the action alert tells of a spike once, and changes nothing", async () => {
  const factor = (position: number) => [25, 26].includes(position) ? 3 : 1;
  const told = await run({ monitor: {}, factor });
  assert.deepEqual(acts(told.alerts), ["spike 26 alert"]);
  assert.match(
    told.alerts[0]!.text,
    /^The loss spikes at step 26: 1\d\.\d+; the median before was 3\.\d+, with a deviation of/,
  );
  assert.equal(bytes(told), bytes(await run({ factor })));
  assert.deepEqual(acts((await run({ monitor: { spike: { action: "off" } }, factor })).alerts), []);
  await assert.rejects(
    run({ monitor: { spike: { action: "stop" } }, factor }).then(({ error }) => Promise.reject(error)),
    (error) => error instanceof TrainingError && /spikes at step 26/.test(error.message),
  );
});

deviceTest(
  "`createMonitor()` tells of a loss that explodes before it has a median, once until it is back",
  async () => {
    const { vocabSize } = MODEL;
    const config = { steps: 12 };
    const factor = (position: number) => [1, 2, 3, 8].includes(position) ? 3 : 1;
    const monitor = {};
    const known = await run({ config, monitor, vocabSize, factor });
    assert.deepEqual(acts(known.alerts), ["spike 2 alert", "spike 9 alert"]);
    const guess = Math.log(vocabSize);
    assert.match(
      known.alerts[0]!.text,
      new RegExp(
        `^The loss explodes at step 2: 1\\d\\.\\d+, more than twice the ${guess.toFixed(3)} of a uniform guess\\.$`,
      ),
    );
    assert.equal(known.alerts[0]!.values["limit"], 2 * guess);
    assert.equal(bytes(known), bytes(await run({ config, factor })), "telling changes nothing");
    const unknown = await run({ config, monitor, factor });
    assert.deepEqual(acts(unknown.alerts), ["spike 2 alert", "spike 9 alert"]);
    assert.match(unknown.alerts[0]!.text, /more than twice the first loss, 3\.\d+\.$/);
    // What was told before a checkpoint is not told again after it.
    const { kept } = await run({ config, monitor, vocabSize, factor, keepAt: 3 });
    assert.deepEqual(acts((await run({ config, monitor, vocabSize, factor, last: kept! })).alerts), ["spike 9 alert"]);
    assert.deepEqual((await run({ config, monitor, vocabSize })).alerts, [], "an ordinary start is no explosion");
    assert.deepEqual((await run({ config, monitor: { spike: { action: "off" } }, vocabSize, factor })).alerts, []);
  },
);

deviceTest("`createMonitor()` skips the batch of a spike: its step changes neither weights nor moments", async () => {
  const factor = (position: number) => position === 25 ? 3 : 1;
  const skipped = await run({ monitor: { spike: { action: "skip" } }, factor, keepAt: 26 });
  assert.deepEqual(acts(skipped.alerts), ["spike 26 skip"]);
  const before = (await run({ keepAt: 25 })).kept!.now;
  for (const kind of ["parameters", "m", "v"] as const) {
    assert.equal(hashTensors(skipped.kept!.now[kind]), hashTensors(before[kind]), kind);
  }
  assert.notEqual(bytes(skipped), bytes(await run({})));
});

deviceTest(
  "`createMonitor()` rewinds, skips the batches since then, and does so at most `limit` times",
  async () => {
    const monitor = { spike: { action: "rewind" }, rewindSteps: 10, limit: 2 } as const;
    const back = await run({ monitor, factor: (position) => position === 33 ? 3 : 1 });
    assert.deepEqual(acts(back.alerts), ["spike 34 rewind"]);
    assert.deepEqual(back.rewinds, [{ from: 34, to: 20 }]);
    assert.match(back.alerts[0]!.text, /\. Training rewinds to step 20 and skips the batches since then\.$/);
    // Positions 0 to 33, then step 21 with position 34: the work on batches 20 to 33 is discarded.
    assert.deepEqual(back.positions, Array.from({ length: 34 + 20 }, (_, i) => i));
    assert.deepEqual(back.reports.map(({ step }) => step), [
      ...Array.from({ length: 33 }, (_, i) => i + 1),
      ...Array.from({ length: 20 }, (_, i) => i + 21),
    ]);
    const early = await run({ config: { steps: 4 }, monitor, factor: (position) => position === 1 ? 3 : 1 });
    assert.deepEqual(early.rewinds, [{ from: 2, to: 0 }]);
    assert.match(early.alerts[0]!.text, /\. Training rewinds to the beginning and skips the batches since then\.$/);
    const again = await run({ monitor, factor: (position) => position >= 33 ? 3 : 1 });
    assert.deepEqual(acts(again.alerts), ["spike 34 rewind", "spike 21 rewind", "spike 21 alert"]);
    assert.match(again.alerts[2]!.text, /has been rewound 2 times already/);
  },
);

deviceTest("`createMonitor()` limits updates from a spike on, or lowers ε, and says so", async () => {
  const factor = (position: number) => position === 19 || position === 37 ? 3 : 1;
  const settings = { spike: { action: "clip" }, clipRms: 0.01, every: 1, samples: 100_000 } as const;
  const clipped = await run({ config: { weightDecay: 0 }, monitor: settings, factor, keepAt: 38 });
  assert.deepEqual(acts(clipped.alerts), ["spike 20 clip", "spike 38 alert"]);
  const rate = clipped.reports.at(-1)!.values["lr"]!;
  for (const [name, { data }] of Object.entries(clipped.weights)) {
    const earlier = clipped.kept!.now.parameters[name]!.data;
    const moved = Math.sqrt(data.reduce((sum, value, i) => sum + (value - earlier[i]!) ** 2, 0) / data.length);
    assert.ok(moved < 2 * 1.2 * rate * 0.01, `${name} moved by ${moved}`); // two steps, at rates of up to 1.2 times it
  }
  const lowered = await run({
    config: { epsilon: 1e-3 },
    monitor: { spike: { action: "epsilon" }, epsilonFactor: 0.01 },
    factor,
  });
  assert.deepEqual(acts(lowered.alerts), ["spike 20 epsilon", "spike 38 epsilon"]);
  assert.match(lowered.alerts[0]!.text, /ε is 0\.00001 from now on/);
  const plain = await run({ config: { epsilon: 1e-3 }, factor });
  assert.equal(lowered.reports[18]!.values["loss"], plain.reports[18]!.values["loss"]);
  assert.notEqual(bytes(lowered), bytes(plain));
});

deviceTest("`createMonitor()` acts on a bimodal update before it is made", async () => {
  // One batch all the time: gradients repeat themselves, and u goes towards ±1.
  const config = { lr: 1e-5, warmup: 0, floor: 1 };
  const same = { every: 10, samples: 512, instability: { action: "clip", bimodality: 0.6 }, clipRms: 0.1 } as const;
  const constant = await run({ config, monitor: same, factor: () => 1 });
  assert.deepEqual(constant.alerts, [], "random batches are healthy");
  const variables = { x: tf.variable(tf.randomNormal([64, 8], 0, 1, "float32", 1)) };
  const slope = tf.randomNormal([64, 8], 0, 1, "float32", 2);
  const alerts: Alert[] = [];
  const training = trainConfigSchema.parse({ steps: 70, batch: 1, ...config, weightDecay: 0 });
  await train({
    config: training,
    parameters: variables,
    batchAt: (position) => randomBatch(1, 2, position),
    loss: () => tf.sum(tf.mul(variables.x, slope)).asScalar(),
    monitor: createMonitor({
      settings: monitorConfigSchema.parse({ ...same, spike: { action: "off" } }),
      training,
      onAlert: (alert) => alerts.push(alert),
    }),
  });
  assert.deepEqual(acts(alerts), ["instability 51 clip"]); // as soon as the start is forgotten
  assert.match(
    alerts[0]!.text,
    /two peaks at step 51.*other \(coefficient (1\.00|0\.9\d), RMS 1\.00\).*clipped to an RMS of 0\.1/,
  );
  tf.dispose([variables.x, slope]);
});

Deno.test("`createMonitor()` goes the same way from any checkpoint: weights, reports and alerts", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  const factor = (position: number) => position === 27 ? NaN : position === 33 || position === 45 ? 3 : 1;
  const config = { steps: 44 };
  for (const action of ["skip", "rewind", "clip", "epsilon"] as const) {
    const monitor = {
      every: 4,
      samples: 64,
      spike: { action },
      notFinite: { action: "skip" },
      rewindSteps: 8,
    } as const;
    const whole = await run({ config, monitor, factor });
    assert.ok(whole.alerts.some((alert) => alert.action === action), action);
    assert.deepEqual((await run({ config, monitor, factor })).alerts, whole.alerts);
    for (const keepAt of [11, 27, 32, 35]) {
      const { kept } = await run({ config, monitor, factor, keepAt });
      const rest = await run({ config, monitor, factor, last: kept! });
      assert.equal(bytes(rest), bytes(whole), `${action} from ${keepAt}`);
      assert.deepEqual(rest.alerts, whole.alerts.slice(whole.alerts.length - rest.alerts.length));
      const tail = whole.reports.slice(whole.reports.length - rest.reports.length);
      assert.deepEqual(rest.reports.map(steady), tail.map(steady), `${action} from ${keepAt}`);
    }
  }
  await device.close();
});

deviceTest("`createMonitor()` leaves no tensors behind", async () => {
  const before = tf.memory().numTensors;
  const monitor = { every: 1, spike: { action: "rewind" }, notFinite: { action: "skip" }, rewindSteps: 8 } as const;
  await run({ monitor, factor: (position) => position === 20 ? NaN : position === 30 ? 3 : 1 });
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("`monitorConfigSchema` refuses what makes no sense, and only tells by default", () => {
  const { spike, instability, notFinite } = monitorConfigSchema.parse({});
  assert.deepEqual([spike.action, instability.action, notFinite.action], ["alert", "alert", "stop"]);
  for (
    const wrong of [
      { spike: { action: "jump" } },
      { instability: { action: "skip" } }, // the update of one batch is no batch's fault
      { notFinite: { action: "alert" } }, // weights that are not numbers never come back
      { rewindSteps: 0 },
      { clipRms: 0 },
      { epsilonFactor: 2 },
      { every: -1 },
      { spike: { window: 4 } },
      { what: 1 },
    ]
  ) assert.ok(!monitorConfigSchema.safeParse(wrong).success, JSON.stringify(wrong));
});
