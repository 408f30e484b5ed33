// AdamW against a plain float64 reference: clipping, decay, exemptions, bias correction.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { random } from "../../lib/random.ts";
import { createOptimizer } from "../../lib/train/optimizer.ts";
import { type TrainConfig, trainConfigSchema } from "../../lib/train/config.ts";
import { deviceTest } from "../backends.ts";

const SHAPES = { matrix: [5, 7], vector: [7], exempt: [3, 4] } as const;
type Name = keyof typeof SHAPES;
const NAMES = Object.keys(SHAPES) as Name[];

function normals(size: number, scale: number, ...names: (string | number)[]): number[] {
  const source = random(1, ...names);
  return Array.from({ length: size }, () => Math.fround(scale * source.normal()));
}

const sizeOf = (name: Name) => SHAPES[name].reduce((a: number, b: number) => a * b, 1);

/** Decoupled AdamW as its authors write it, with the clipping of PyTorch, in float64. */
function adamWByHand(config: TrainConfig, rates: readonly number[], gradientScale: number) {
  const p = Object.fromEntries(NAMES.map((name) => [name, normals(sizeOf(name), 1, name)]));
  const m = Object.fromEntries(NAMES.map((name) => [name, Array<number>(sizeOf(name)).fill(0)]));
  const v = structuredClone(m);
  const norms: number[] = [];
  rates.forEach((rate, i) => {
    const gradients = Object.fromEntries(NAMES.map((name) => [name, normals(sizeOf(name), gradientScale, name, i)]));
    const norm = Math.sqrt(Object.values(gradients).flat().reduce((sum, g) => sum + g * g, 0));
    norms.push(norm);
    const scale = Math.min(1, config.clipNorm / (norm + 1e-6));
    for (const name of NAMES) {
      const decay = name === "matrix" ? config.weightDecay : 0;
      p[name]!.forEach((value, k) => {
        const g = gradients[name]![k]! * scale;
        m[name]![k] = config.beta1 * m[name]![k]! + (1 - config.beta1) * g;
        v[name]![k] = config.beta2 * v[name]![k]! + (1 - config.beta2) * g * g;
        const mHat = m[name]![k]! / (1 - config.beta1 ** (i + 1));
        const vHat = v[name]![k]! / (1 - config.beta2 ** (i + 1));
        p[name]![k] = value - rate * decay * value - rate * mHat / (Math.sqrt(vHat) + config.epsilon);
      });
    }
  });
  return { p, norms };
}

for (const [what, gradientScale] of [["clipped", 3], ["not clipped", 0.01]] as const) {
  deviceTest(`\`createOptimizer()\` updates as AdamW does in float64, gradients ${what}`, () => {
    const config = trainConfigSchema.parse({ clipNorm: 1, weightDecay: 0.3, epsilon: 1e-6 });
    const rates = [0.1, 0.05, 0.2, 0.01, 0.03, 0.02];
    const variables = Object.fromEntries(
      NAMES.map((name) => [name, tf.variable(tf.tensor(normals(sizeOf(name), 1, name), [...SHAPES[name]]))]),
    );
    const optimizer = createOptimizer(variables, config, new Set(["exempt"]));
    const norms = rates.map((rate, i) => {
      const gradients = NAMES.map((name) =>
        tf.tensor(normals(sizeOf(name), gradientScale, name, i), [...SHAPES[name]])
      );
      return optimizer.update(gradients, rate, i + 1).dataSync()[0]!;
    });
    const wanted = adamWByHand(config, rates, gradientScale);
    assert.equal(wanted.norms.every((norm) => norm > config.clipNorm), what === "clipped");
    norms.forEach((norm, i) => assert.ok(Math.abs(norm / wanted.norms[i]! - 1) < 1e-5, `norm ${norm}`));
    for (const name of NAMES) {
      variables[name]!.dataSync().forEach((value, k) => {
        assert.ok(Math.abs(value - wanted.p[name]![k]!) < 2e-5, `${name}[${k}]: ${value}, not ${wanted.p[name]![k]}`);
      });
    }
    optimizer.dispose();
    tf.dispose(variables);
  });
}

deviceTest(
  "`createOptimizer()` lets matrices decay, but neither vectors nor exempt names, without any gradient",
  () => {
    const config = trainConfigSchema.parse({ weightDecay: 0.5 });
    const variables = Object.fromEntries(NAMES.map((name) => [name, tf.variable(tf.ones([...SHAPES[name]]))]));
    const optimizer = createOptimizer(variables, config, new Set(["exempt"]));
    for (const step of [1, 2]) optimizer.update(NAMES.map((name) => tf.zeros([...SHAPES[name]])), 0.1, step).dispose();
    const values = (name: Name) => [...new Set(variables[name]!.dataSync())];
    assert.ok(Math.abs(values("matrix")[0]! - 0.95 ** 2) < 1e-6 && values("matrix").length === 1);
    assert.deepEqual(values("vector"), [1]);
    assert.deepEqual(values("exempt"), [1]);
    optimizer.dispose();
    tf.dispose(variables);
  },
);
