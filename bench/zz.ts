import * as tf from "@tensorflow/tfjs";
import { openDevice } from "../lib/tensor/mod.ts";
import { initialWeights, toVariables, forward } from "../lib/model/mod.ts";
import { createOptimizer, trainConfigSchema } from "../lib/train/mod.ts";
import { crossEntropy } from "../lib/tensor/mod.ts";
const device = await openDevice("cpu", { threads: Number(Deno.args[0] ?? 2) });
const shape = Deno.args[1] === "small" ? { vocabSize: 4096, width: 256, layers: 6, heads: 4, kvHeads: 4, inner: 688, contextLength: 256 } : { vocabSize: 2048, width: 128, layers: 4, heads: 4, kvHeads: 4, inner: 344, contextLength: 128 };
const config = { ...shape, ropeTheta: 1e4, normEps: 1e-5, tiedEmbeddings: false };
const w = toVariables(initialWeights(config, 1));
const vars = Object.values(w);
const opt = createOptimizer(w, trainConfigSchema.parse({}));
const B = 8, T = shape.contextLength;
const ids = tf.randomUniform([B, T], 0, shape.vocabSize, "int32") as tf.Tensor2D;
const E: any = tf.engine();
const times = new Map<string, [number, number]>();
if (Deno.args[2] === "profile") {
  const orig = E.runKernelFunc?.bind(E);
  const rk = E.runKernel.bind(E);
  let depth = 0;
  E.runKernel = (name: string, ...rest: unknown[]) => {
    const t = performance.now(); depth++;
    const r = rk(name, ...rest); depth--;
    const dt = performance.now() - t;
    const e = times.get(name) ?? [0, 0]; e[0] += dt; e[1]++; times.set(name, e);
    return r;
  };
}
const samples: number[] = [];
for (let step = 1; step <= 25; step++) {
  const t = performance.now();
  tf.tidy(() => {
    const { value, grads } = tf.variableGrads(() => tf.mean(crossEntropy(forward(config, w, ids).reshape([-1, shape.vocabSize]) as tf.Tensor2D, ids.reshape([-1]) as tf.Tensor1D)) as tf.Scalar, vars);
    opt.update(vars.map((v) => grads[v.name]!), 1e-3, step);
    value.dataSync();
  });
  if (step > 5) samples.push(performance.now() - t);
  if (step === 5) times.clear();
}
samples.sort((a, b) => a - b);
const med = samples[10]!;
console.log(device.description, "ms/step", med.toFixed(1), "tok/s", (B * T / med * 1000).toFixed(0), "min", samples[0]!.toFixed(1));
let total = 0;
for (const [k, [ms, n]] of [...times].sort((a, b) => b[1][0] - a[1][0]).slice(0, 22)) { total += ms / 20; console.log(k.padEnd(36), (ms / 20).toFixed(2), "ms/step", n / 20); }
console.log(total);
await device.close();
