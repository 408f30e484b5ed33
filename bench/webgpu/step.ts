// A training step on the GPU: ours, and the same model from stock tfjs operations on the stock backend.
import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { headLoss, hiddenStates, initialWeights, toVariables } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { adamW, type AdamWSlot, findAdapter, openWebGpu, requestDevice } from "../../lib/tensor/mod.ts";
import { type ShapeName, shapes } from "../shapes.ts";

/** Name of the stock backend beside ours. */
const STOCK = "webgpu-stock";

/** Who computes the step. */
export type Library = "ours" | "stock";

type Print = (line: object) => void;

/** Copies the stock kernels aside; to be called before ours are registered over them. */
export function keepStockKernels(): void {
  tf.copyRegisteredKernels("webgpu", STOCK);
}

interface Opened {
  readonly failure: Promise<Error>;
  close(): Promise<void>;
}

async function open(library: Library): Promise<Opened> {
  if (library === "ours") return await openWebGpu();
  const adapter = (await findAdapter())!;
  const device = await requestDevice(adapter);
  tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", 15); // tfjs's own
  tf.registerBackend(STOCK, () => new WebGPUBackend(device as never, adapter.info as never), 0);
  await tf.setBackend(STOCK);
  const failure = new Promise<Error>((resolve) => {
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      resolve(new Error((event as GPUUncapturedErrorEvent).error.message));
    });
  });
  return {
    failure,
    async close() {
      await tf.setBackend("cpu");
      tf.removeBackend(STOCK);
      device.destroy();
    },
  };
}

/** A step of pretraining on random tokens. */
function stepOf(shape: ShapeName) {
  const { config, batch } = shapes[shape];
  const parameters = toVariables(initialWeights(config, 1));
  const slots = Object.values(parameters).map((parameter): AdamWSlot => {
    const moment = () => tf.tidy(() => tf.variable(tf.zeros(parameter.shape)));
    return { parameter, m: moment(), v: moment(), decay: parameter.rank > 1 ? 0.1 : 0 };
  });
  const stream = random(0, "bench");
  const tokens = batch * config.contextLength;
  const ids = () => {
    const values = Int32Array.from({ length: tokens }, () => stream.int(config.vocabSize));
    return tf.tensor2d(values, [batch, config.contextLength], "int32");
  };
  const [inputs, targets] = [ids(), ids()];
  const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1 };
  let step = 0;
  return {
    tokens,
    trained: slots.reduce((sum, { parameter }) => sum + parameter.size, 0),
    /** Records a whole step and returns its loss, which nobody has waited for. */
    run: () =>
      tf.tidy(() => {
        step++;
        const loss = () => headLoss(config, parameters, hiddenStates(config, parameters, inputs, {}), targets);
        const { value, grads } = tf.variableGrads(loss, slots.map(({ parameter }) => parameter));
        adamW(slots, slots.map(({ parameter }) => grads[parameter.name]!), { ...settings, step });
        return value;
      }),
    dispose: () => tf.dispose([inputs, targets, ...slots.flatMap(({ parameter, m, v }) => [parameter, m, v])]),
  };
}

async function read(loss: tf.Scalar): Promise<number> {
  const [value] = await loss.data();
  loss.dispose();
  return value!;
}

/** Times steps whose loss is read each time, and steps whose loss is read once at the end. */
export async function timeSteps(library: Library, shape: ShapeName, steps: number, print: Print): Promise<void> {
  const what = { job: "pretrain", library, shape };
  const opened = await open(library);
  let failure: Error | undefined;
  opened.failure.then((reason) => failure = reason);
  const step = stepOf(shape);
  try {
    const began = performance.now();
    await read(step.run());
    const first = performance.now() - began;
    await read(step.run());
    const times: number[] = [];
    for (let i = 0; i < steps; i++) {
      const started = performance.now();
      await read(step.run());
      times.push(performance.now() - started);
    }
    const started = performance.now();
    for (let i = 1; i < steps; i++) step.run().dispose();
    const loss = await read(step.run());
    const unread = (performance.now() - started) / steps;
    const median = times.sort((a, b) => a - b)[times.length >> 1]!;
    const round = (x: number) => Math.round(x * 100) / 100;
    print({
      ...what,
      tokens_per_s: round(step.tokens / unread * 1000),
      ms_per_step: round(unread),
      ms_per_step_read_each: round(median),
      ms_first_step: round(first),
      trained: step.trained,
      loss,
      bytes: (tf.backend() as WebGPUBackend).memory().numBytesAllocatedInGPU,
      ...(failure === undefined ? {} : { error: failure.message }),
    });
  } catch (error) {
    print({ ...what, error: String(failure ?? error) });
  } finally {
    step.dispose();
    await opened.close();
  }
}

/** Milliseconds on the GPU of each kernel in one step, with how many launches; needs `timestamp-query`. */
export async function profileStep(shape: ShapeName, print: Print): Promise<void> {
  const opened = await open("ours");
  const step = stepOf(shape);
  await read(step.run());
  const { kernels } = await tf.profile(() => step.run());
  const sums = new Map<string, { ms: number; launches: number }>();
  for (const { extraInfo } of kernels) {
    for (const part of String(await extraInfo).split(", ").filter((part) => part.includes(": "))) {
      const [name, ms] = part.split(": ") as [string, string];
      const sum = sums.get(name) ?? { ms: 0, launches: 0 };
      sums.set(name, { ms: sum.ms + Number(ms), launches: sum.launches + 1 });
    }
  }
  const rows = [...sums].sort((a, b) => b[1].ms - a[1].ms).map(([name, sum]) => ({ name, ...sum }));
  print({ job: "profile", shape, total_ms: rows.reduce((sum, { ms }) => sum + ms, 0), kernels: rows });
  step.dispose();
  await opened.close();
}
