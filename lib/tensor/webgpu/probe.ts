// Probes which optional features of a device work correctly, once when it is opened: a device may flush small numbers to
// zero, or assign invocations to subgroups in another order than our programs assume.
import { createPipelines } from "./device-objects.ts";
import { type Features, NO_FEATURES, type Subgroups } from "./features.ts";
import { unpackFunctions } from "./half-code.ts";
import { ELEMENTS } from "./kernel.ts";
import { type Program, program, uniformWords } from "./program.ts";
import { ROW_THREADS, rowFunction, SHARERS } from "./row-sums.ts";

/** The features that our programs may use on this device; those that fail for any reason are left out. */
export async function probeFeatures(device: GPUDevice, info: GPUAdapterInfo): Promise<Features> {
  const [halves, subgroups] = await Promise.all([probeHalves(device), probeSubgroups(device, info)]);
  return { halves, subgroups };
}

/** How many half-precision numbers there are, and how many words hold them. */
const HALVES = 65536;
const WORDS = HALVES / 2;

const HALVES_PROBE = program("probe halves", (features) => ({
  reads: {},
  writes: { found: "vec2<f32>" },
  uniforms: {},
  size: ELEMENTS,
  declarations: unpackFunctions(features),
  main: `
  let i = group * ${ELEMENTS}u + lane;
  found[i] = unpack(bitcast<i32>((2u * i) | ((2u * i + 1u) << 16u)));`,
}));

/** The first conversion that is exact for all half-precision numbers; NaN may become any NaN. */
async function probeHalves(device: GPUDevice): Promise<Features["halves"]> {
  const expected = new Float16Array(Uint16Array.from({ length: HALVES }, (_, i) => i).buffer);
  for (const halves of ["shader-f16", "unpack2x16float"] as const) {
    if (halves === "shader-f16" && !device.features.has(halves)) continue;
    const found = await run(device, { ...NO_FEATURES, halves }, HALVES_PROBE, HALVES, WORDS / ELEMENTS);
    if (found?.every((value, i) => Object.is(value, expected[i]))) return halves;
  }
}

/** An invocation's number in {@linkcode SUBGROUPS_PROBE}: an integer, so that sums do not depend on their order. */
function probeNumber(lane: number): number {
  return Array.from({ length: lane % 7 + 1 }, (_, i) => (lane * 31 + i * 17) % 101).reduce((a, b) => a + b);
}

const SUBGROUPS_PROBE = program("probe subgroups", (features) => ({
  reads: {},
  writes: { found: "f32" },
  uniforms: {},
  size: ROW_THREADS,
  declarations: SHARERS.map((sharers) =>
    rowFunction(features, `sum${sharers}`, sharers, "sum", "vec2<f32>") +
    rowFunction(features, `most${sharers}`, sharers, "max")
  ).join("\n"),
  main: `
  var value = 0.0;
  // as in a row, the invocations take different numbers of steps
  for (var i = 0u; i <= lane % 7u; i++) { value += f32((lane * 31u + i * 17u) % 101u); }
${
    SHARERS.map((sharers, i) => `
  {
    let sums = sum${sharers}(lane, lane % ${sharers}u, vec2<f32>(value, f32(lane)));
    let at = ${i * 3}u * ${ROW_THREADS}u + lane;
    found[at] = sums.x;
    found[at + ${ROW_THREADS}u] = sums.y;
    found[at + ${2 * ROW_THREADS}u] = most${sharers}(lane, lane % ${sharers}u, value);
  }`).join("")
  }`,
}));

/** Subgroups, if sums and maxima over rows are correct with them. */
async function probeSubgroups(device: GPUDevice, info: GPUAdapterInfo): Promise<Subgroups | undefined> {
  const { subgroupMaxSize: most } = info as { subgroupMaxSize?: number };
  if (!device.features.has("subgroups" as GPUFeatureName) || most === undefined || most > Math.max(...SHARERS)) return;
  const lanes = Array.from({ length: ROW_THREADS }, (_, lane) => lane);
  const expected = SHARERS.flatMap((sharers) => {
    const row = (lane: number) => lanes.filter((other) => Math.floor(other / sharers) === Math.floor(lane / sharers));
    const sum = (values: number[]) => values.reduce((a, b) => a + b);
    return [
      ...lanes.map((lane) => sum(row(lane).map(probeNumber))),
      ...lanes.map((lane) => sum(row(lane))),
      ...lanes.map((lane) => Math.max(...row(lane).map(probeNumber))),
    ];
  });
  for (const enable of [true, false]) {
    const subgroups = { most, enable };
    const found = await run(device, { ...NO_FEATURES, subgroups }, SUBGROUPS_PROBE, expected.length, 1);
    if (found?.every((value, i) => value === expected[i])) return subgroups;
  }
}

/** The `count` numbers that a program writes; undefined if the device cannot compile or run it. */
async function run(
  device: GPUDevice,
  features: Features,
  program: Program,
  count: number,
  groups: number,
): Promise<Float32Array | undefined> {
  const buffers: GPUBuffer[] = [];
  const buffer = (size: number, usage: number) => {
    buffers.push(device.createBuffer({ size, usage }));
    return buffers.at(-1)!;
  };
  const scopes = ["validation", "internal", "out-of-memory"] as const;
  try {
    for (const scope of scopes) device.pushErrorScope(scope);
    const errors: Promise<GPUError | null>[] = [];
    const back = buffer(4 * count, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
    try {
      const found = buffer(4 * count, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
      const words = uniformWords([groups]);
      const uniforms = buffer(words.byteLength, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
      device.queue.writeBuffer(uniforms, 0, words);
      const { pipeline, layout } = createPipelines(device, features).get(program);
      const entries = [found, uniforms].map((buffer, binding) => ({ binding, resource: { buffer } }));
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
      pass.dispatchWorkgroups(groups);
      pass.end();
      encoder.copyBufferToBuffer(found, 0, back, 0, 4 * count);
      device.queue.submit([encoder.finish()]);
    } finally {
      for (const _ of scopes) errors.push(device.popErrorScope());
    }
    if ((await Promise.all(errors)).some((error) => error !== null)) return undefined;
    await back.mapAsync(GPUMapMode.READ);
    return new Float32Array(back.getMappedRange().slice(0));
  } catch {
    return undefined;
  } finally {
    for (const buffer of buffers) buffer.destroy();
  }
}
