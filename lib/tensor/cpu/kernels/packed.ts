// Products by packed weights on the CPU, and rows of them.
import type * as tf from "@tensorflow/tfjs";
import { checkIds } from "../../ops/embedding.ts";
import { ADD_LINEAR_PACKED, LINEARS_PACKED, PACKED_ROWS, packedMatrix } from "../../ops/packed.ts";
import type { StitchbookCPU } from "../backend.ts";
import { EDGE_TILE_BYTES, K_RUN, PACKED_LANES, PACKED_ROW_BYTES, UNPACKED_PANELS } from "../layout/constants.ts";
import { PACKED_PART, PACKED_WEIGHT } from "../layout/jobs.ts";
import { AVX512 } from "../layout/native.ts";
import { PACKED_FORMATS, panelBytes } from "../../packed-format.ts";
import { createTable } from "../layout/record.ts";
import { forRows, type KernelFunction, register, reserveScratch, sizeOf } from "../machine/jobs.ts";
import { copyRows } from "./linears.ts";

/** Rough speeds of one thread: floating-point operations, and bytes of weights from memory, per nanosecond. */
const FLOPS = 60, BYTES = 8;
/** Rows of one task, at most: more are cut, and each task unpacks its panels. */
const MOST_ROWS = 512;

/** What a packed weight holds, and where. */
function weightOf(backend: StitchbookCPU, w: tf.TensorInfo) {
  const matrix = packedMatrix(w);
  if (matrix === undefined) throw new Error(`A weight [${w.shape}] is not packed`);
  const [N, K] = matrix.shape.slice(-2) as [number, number];
  const panels = Math.ceil(N / PACKED_LANES);
  const bytes = panelBytes(matrix.format, K);
  return {
    format: PACKED_FORMATS.indexOf(matrix.format),
    stack: matrix.shape.slice(0, -2),
    N,
    K,
    panels,
    panelBytes: bytes,
    address: backend.address(w, "int32") + (matrix.part ?? 0) * panels * bytes,
  };
}

interface Target extends ReturnType<typeof weightOf> {
  readonly c: number;
  readonly addend: number;
}

/** Multiplies x `[models, M, K]` by weights. */
function multiply({ machine }: StitchbookCPU, x: number, models: number, M: number, targets: readonly Target[]): void {
  const { K } = targets[0]!;
  const weights = createTable(PACKED_WEIGHT);
  let [panels, bytes] = [0, 0];
  for (const { format, N, address, c, addend, ...target } of targets) {
    weights.add({ format, N, panels: address, c, addend });
    panels += models * target.panels;
    bytes += models * target.panels * target.panelBytes;
  }
  const rowTasks = Math.ceil(M / MOST_ROWS);
  const parts = Math.min(panels, 4 * machine.threads);
  const { part, edge, unpacked } = reserveScratch(machine, {
    tile: EDGE_TILE_BYTES,
    part: PACKED_PART.bytes,
    edge: AVX512.packedRows * PACKED_ROW_BYTES,
    unpacked: UNPACKED_PANELS * K_RUN * PACKED_ROW_BYTES,
  });
  const cost = Math.max(bytes / BYTES, 2 * M * K * panels * PACKED_LANES / FLOPS);
  const rowsPerTask = Math.ceil(M / rowTasks);
  const sizes = { models, M, K, rowsPerTask, parts, count: weights.length };
  const args = { x, part, edge, unpacked, ...sizes, weights: weights.words };
  machine.run("packed", args, rowTasks * parts, cost);
}

const linears: KernelFunction = ({ inputs, backend }) => {
  const [x, ...weights] = Object.values(inputs);
  const M = x!.shape.at(-2)!;
  const from = backend.address(x!);
  const packed = weights.map((w) => weightOf(backend, w));
  const { stack } = packed[0]!;
  const outputs = packed.map(({ N }) => backend.output([...stack, M, N]));
  multiply(backend, from, sizeOf(stack), M, packed.map((one, i) => ({ ...one, c: outputs[i]!.address, addend: 0 })));
  return outputs.map(({ info }) => info);
};

const addLinear: KernelFunction = ({ inputs: { h, x, w }, backend }) => {
  const M = x!.shape.at(-2)!;
  const [from, addend] = [backend.address(x!), backend.address(h!)];
  const weight = weightOf(backend, w!);
  const models = sizeOf(weight.stack);
  const { info, address: c } = backend.output(h!.shape);
  const isNative = backend.machine.native !== undefined;
  if (!isNative) copyRows(backend, addend, c, models * M, weight.N);
  multiply(backend, from, models, M, [{ ...weight, c, addend: isNative ? addend : c }]);
  return info;
};

const rows: KernelFunction = ({ inputs: { w, ids }, backend }) => {
  const { format, stack, N, K, panels, panelBytes, address } = weightOf(backend, w!);
  const own = { panelBytes, d: K, format };
  if (ids !== undefined) {
    checkIds(backend.valuesOf(ids), N);
    const at = backend.address(ids, "int32");
    const [count] = ids.shape as [number];
    const { info, address: y } = backend.output([count, K]);
    forRows(backend.machine, "packedRows", count, K, { ...own, panels: address, ids: at, y });
    return info;
  }
  const { info, address: y } = backend.output([...stack, N, K]);
  for (let model = 0; model < sizeOf(stack); model++) {
    const from = address + model * panels * panelBytes;
    forRows(backend.machine, "packedRows", N, K, { ...own, panels: from, ids: 0, y: y + 4 * model * N * K });
  }
  return info;
};

register(LINEARS_PACKED, linears);
register(ADD_LINEAR_PACKED, addLinear);
register(PACKED_ROWS, rows);
