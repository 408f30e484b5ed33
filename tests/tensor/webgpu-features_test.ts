// Optional features of WebGPU devices: used if a probe finds them correct, named in the description, and left out if they
// are refused or wrong.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { crossEntropy, linear, openDevice, packHalf, rmsNorm } from "../../lib/tensor/mod.ts";
import type { StitchbookWebGPU } from "../../lib/tensor/webgpu/backend.ts";
import { type Features, NO_FEATURES } from "../../lib/tensor/webgpu/features.ts";
import { findAdapter, openWebGpu } from "../../lib/tensor/webgpu/open.ts";
import { rowFunction } from "../../lib/tensor/webgpu/row-sums.ts";
import { optionalTest } from "../optional.ts";
import { flushHalves, pretend } from "./adapters.ts";
import { normalValues } from "./support.ts";

const options = { sanitizeResources: false, sanitizeOps: false };
const opened = () => tf.backend() as StitchbookWebGPU;

/** The features found on a device that compiles each program as changed by `compile`. */
async function found(compile: (code: string) => string, features?: readonly string[]): Promise<Features> {
  const pretence = { compile, ...(features === undefined ? {} : { features }) };
  const { backend, failure, close } = await openWebGpu({
    adapter: async () => pretend((await findAdapter())!, pretence),
  });
  let failed: Error | undefined;
  failure.then((reason) => failed = reason);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(failed, undefined);
  await close();
  return backend.features;
}

optionalTest("vulkan", "the description of a WebGPU device names the features that it uses", async () => {
  const device = await openDevice("webgpu");
  const { halves, subgroups } = opened().features;
  assert.equal(device.description.includes(`, ${halves}`), halves !== undefined);
  assert.equal(device.description.includes(`, subgroups of up to ${subgroups?.most}`), subgroups !== undefined);
  assert.ok(device.numerics.includes(device.description));
  await device.close();
}, options);

optionalTest("vulkan", "if features are refused, the device is opened without them, from a fresh adapter", async () => {
  let asked = 0;
  const adapter = async () => {
    asked++;
    return pretend((await findAdapter())!, { features: ["timestamp-query"], compile: flushHalves });
  };
  const device = await openDevice("webgpu", { adapter });
  assert.equal(asked, 2);
  assert.deepEqual(opened().features, NO_FEATURES);
  assert.deepEqual([...(opened().device as unknown as GPUDevice).features], ["timestamp-query"]);
  assert.doesNotMatch(device.description, /f16|unpack|subgroups/);
  await device.close();
}, options);

/** A device whose `shader-f16` is correct, even if this machine's is not. */
const rightHalves = (code: string) => code.replace("bitcast<vec2<f16>>(word)", "unpack2x16float(bitcast<u32>(word))");

optionalTest("vulkan", "only exact conversions of halves are used, `shader-f16` first", async () => {
  const { halves } = await found((code) => code, []);
  assert.ok(halves === "unpack2x16float" || halves === undefined);
  if (halves !== undefined && (await findAdapter())!.features.has("shader-f16")) {
    assert.equal((await found(rightHalves)).halves, "shader-f16");
    const wrong = (code: string) => code.replace("bitcast<vec2<f16>>(word)", "vec2<f16>(0.0h)");
    assert.equal((await found(wrong)).halves, "unpack2x16float");
  }
  assert.equal((await found(flushHalves)).halves, undefined);
  const finite = (code: string) =>
    rightHalves(code).replace(/return (.*x16float.*); }/, "return max($1, vec2(-65504.0)); }");
  assert.equal((await found(finite)).halves, undefined);
}, options);

optionalTest("vulkan", "products with half-precision weights give the same bytes with any conversion", async () => {
  const results: Float32Array[] = [];
  for (const compile of [rightHalves, (code: string) => code, flushHalves]) {
    const device = await openDevice("webgpu", { adapter: async () => pretend((await findAdapter())!, { compile }) });
    const w = tf.tensor(packHalf(normalValues([40, 36], 1).data as Float32Array, "a test"), [40, 18], "int32");
    const x = tf.tensor(normalValues([50, 36], 2).data, [50, 36]);
    results.push(await linear(x, w).data() as Float32Array);
    await device.close();
  }
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
}, options);

const SUBGROUP_FAULTS: Readonly<Record<string, (code: string) => string>> = {
  "sums": (code) => code.replaceAll("subgroupAdd(value)", "value"),
  "maxima": (code) => code.replaceAll("subgroupMax(value)", "value"),
  "sizes": (code) => code.replaceAll("subgroupSize = own", "subgroupSize = 2u * own"),
};

for (const [what, compile] of Object.entries(SUBGROUP_FAULTS)) {
  optionalTest("vulkan", `subgroups are not used on a device where their ${what} are wrong`, async () => {
    assert.equal((await found(compile)).subgroups, undefined);
  }, options);
}

optionalTest(
  "vulkan",
  "subgroups are enabled where the compiler wants that, and nothing is where none is known",
  async () => {
    const strict = await found((code) => {
      if (!/subgroup/.test(code)) return code;
      return code.startsWith("enable subgroups;") ? code.replace("enable subgroups;", "") : "subgroups are not enabled";
    });
    if ((await found((code) => code)).subgroups !== undefined) assert.equal(strict.subgroups?.enable, true);
    assert.deepEqual(await found(() => "no program compiles"), NO_FEATURES);
  },
  options,
);

Deno.test("`rowFunction()` does not use subgroups that span two rows", () => {
  const text = (most: number, sharers: number) =>
    rowFunction({ halves: undefined, subgroups: { most, enable: true } }, "sum", sharers, "sum");
  assert.match(text(32, 32), /subgroupAdd/);
  assert.doesNotMatch(text(64, 32), /subgroup/);
  assert.match(text(64, 128), /subgroupAdd/);
});

optionalTest("vulkan", "sums over rows always give the same bytes", async () => {
  const device = await openDevice("webgpu");
  for (const d of [36, 1000, 5001]) {
    const bytes: Uint8Array[][] = [];
    for (let i = 0; i < 3; i++) {
      const x = tf.tensor(normalValues([33, d], 1).data, [33, d]) as tf.Tensor2D;
      const targets = tf.tensor1d(Array.from({ length: 33 }, (_, i) => i), "int32");
      const results = [rmsNorm(x, tf.ones([d]), 1e-5), crossEntropy(x, targets)];
      bytes.push(await Promise.all(results.map(async (y) => new Uint8Array((await y.data()).slice().buffer))));
    }
    assert.deepEqual(bytes[1], bytes[0]);
    assert.deepEqual(bytes[2], bytes[0]);
  }
  await device.close();
}, options);
