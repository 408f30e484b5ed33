// Fused row-wise kernels on the CPU: RMS norm, rotary embedding, embedding, cross-entropy.
import type * as tf from "@tensorflow/tfjs";
import { CROSS_ENTROPY, CROSS_ENTROPY_GRAD } from "../../ops/cross-entropy.ts";
import { checkIds, EMBEDDING, EMBEDDING_GRAD } from "../../ops/embedding.ts";
import { NORM_BRANCH, NORM_BRANCH_GRAD } from "../../ops/norm-branch.ts";
import { RMS_NORM, RMS_NORM_GRAD_W, RMS_NORM_GRAD_X } from "../../ops/rms-norm.ts";
import { ROPE } from "../../ops/rope.ts";
import type { StitchbookCPU } from "../backend.ts";
import { ROW_RANGE, ROW_SUMS } from "../layout/native.ts";
import { arrange } from "../layout/record.ts";
import { forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";

/** Number and length of the rows of a tensor `[..., d]`. */
function rowsOf({ shape }: tf.TensorInfo): { readonly rows: number; readonly d: number } {
  const d = shape.at(-1)!;
  return { rows: sizeOf(shape) / d, d };
}

const rmsNorm: KernelFunction = ({ inputs: { x, w }, attrs, backend }) => {
  const { rows, d } = rowsOf(x!);
  const from = { x: backend.address(x!), w: backend.address(w!) };
  const { info, address: y } = backend.output(x!.shape);
  forRows(backend.machine, "rmsNorm", rows, d / 2, { d, ...from, y, epsilon: attrs["epsilon"] as number });
  return info;
};

const rmsNormGradX: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  const { rows, d } = rowsOf(x!);
  const from = { x: backend.address(x!), w: backend.address(w!), dy: backend.address(dy!) };
  const { info, address: dx } = backend.output(x!.shape);
  const epsilon = attrs["epsilon"] as number;
  forRows(backend.machine, "rmsNormGrad", rows, d, { d, ...from, epsilon, dx, dw: 0, rest: 0 });
  return info;
};

const normBranch: KernelFunction = (call) => {
  const x = call.inputs["x"]!;
  const normed = rmsNorm(call) as tf.TensorInfo;
  call.backend.incRef(x.dataId);
  return [normed, { dataId: x.dataId, shape: x.shape, dtype: x.dtype }];
};

const normBranchGrad: KernelFunction = ({ inputs: { x, w, dnormed, dx }, attrs, backend }) => {
  const { rows, d } = rowsOf(x!);
  const from = { x: backend.address(x!), w: backend.address(w!), dy: backend.address(dnormed!) };
  const rest = backend.address(dx!);
  const { info, address } = backend.output(x!.shape);
  const epsilon = attrs["epsilon"] as number;
  forRows(backend.machine, "rmsNormGrad", rows, d, { d, ...from, epsilon, dx: address, dw: 0, rest });
  return info;
};

/** Rows per partial sum of dw; fixed, so that the sum does not depend on the number of threads. */
const CHUNK = 64;

const rmsNormGradW: KernelFunction = ({ inputs: { x, w, dy }, attrs, backend }) => {
  const { machine } = backend;
  const { rows, d } = rowsOf(x!);
  const from = { x: backend.address(x!), w: backend.address(w!), dy: backend.address(dy!) };
  const { info, address: y } = backend.output([d]);
  const chunks = Math.ceil(rows / CHUNK);
  const partial = machine.heap.allocate(chunks * d * 4);
  const epsilon = attrs["epsilon"] as number;
  forRows(machine, "rmsNormGrad", rows, d, { d, ...from, epsilon, dx: 0, dw: partial.address, rest: 0 }, CHUNK);
  forElements(machine, "sumRows", d, chunks, { x: partial.address, n: chunks, y });
  machine.heap.free(partial);
  return info;
};

const rope: KernelFunction = ({ inputs: { x, cos, sin }, attrs, backend }) => {
  const [batch, time, heads, size] = x!.shape as [number, number, number, number];
  const from = { x: backend.address(x!), cos: backend.address(cos!), sin: backend.address(sin!) };
  const { info, address: y } = backend.output(x!.shape);
  const sign = attrs["inverse"] ? -1 : 1;
  const rows = batch * time;
  forRows(backend.machine, "rope", rows, heads * size, { heads, ...from, y, half: size / 2, time, sign });
  return info;
};

const embedding: KernelFunction = ({ inputs: { table, ids }, backend }) => {
  const [vocab, d] = table!.shape as [number, number];
  const [rows] = ids!.shape as [number];
  checkIds(backend.valuesOf(ids!), vocab);
  const from = { table: backend.address(table!), ids: backend.address(ids!, "int32") };
  const { info, address: y } = backend.output([rows, d]);
  forRows(backend.machine, "embedding", rows, d / 2, { d, ...from, y });
  return info;
};

const embeddingGrad: KernelFunction = ({ inputs: { ids, dy }, attrs, backend }) => {
  const vocab = attrs["vocab"] as number;
  const [rows, d] = dy!.shape as [number, number];
  const from = { dy: backend.address(dy!), ids: backend.address(ids!, "int32") };
  const { info, address: dtable } = backend.output([vocab, d]);
  const perTask = Math.ceil(vocab / (2 * backend.machine.threads));
  forRows(backend.machine, "embeddingGrad", vocab, d / 2, { d, ...from, dtable, count: rows }, perTask);
  return info;
};

/** Scratch memory for the exponentials of one row in machine code. */
function rowScratch({ machine }: StitchbookCPU) {
  const { places, bytes } = arrange({ range: ROW_RANGE.bytes, sums: ROW_SUMS.bytes });
  machine.reserveScratch(bytes);
  return places;
}

const crossEntropy: KernelFunction = ({ inputs: { logits, targets }, backend }) => {
  const [rows, vocab] = logits!.shape as [number, number];
  const from = { logits: backend.address(logits!), targets: backend.address(targets!, "int32") };
  const { info, address: losses } = backend.output([rows]);
  const logs = backend.machine.heap.allocate(rows * 4);
  backend.keepAside(info, logs);
  const scratch = rowScratch(backend);
  forRows(backend.machine, "crossEntropy", rows, vocab * 1.5, {
    vocab,
    ...from,
    losses,
    logs: logs.address,
    ...scratch,
  });
  return info;
};

const crossEntropyGrad: KernelFunction = ({ inputs: { logits, targets, loss, dy }, backend }) => {
  const [rows, vocab] = logits!.shape as [number, number];
  const logs = backend.aside(loss!);
  if (logs === undefined) throw new Error(`${CROSS_ENTROPY_GRAD} needs the forward kernel's own output`);
  const from = {
    logits: backend.address(logits!),
    targets: backend.address(targets!, "int32"),
    dy: backend.address(dy!),
    logs: logs.address,
  };
  const { info, address: dlogits } = backend.output([rows, vocab]);
  const scratch = rowScratch(backend);
  forRows(backend.machine, "crossEntropyGrad", rows, vocab * 1.5, { vocab, ...from, dlogits, ...scratch });
  return info;
};

export function registerRows(): void {
  register(RMS_NORM, rmsNorm);
  register(NORM_BRANCH, normBranch);
  register(NORM_BRANCH_GRAD, normBranchGrad);
  register(RMS_NORM_GRAD_X, rmsNormGradX);
  register(RMS_NORM_GRAD_W, rmsNormGradW);
  register(ROPE, rope);
  register(EMBEDDING, embedding);
  register(EMBEDDING_GRAD, embeddingGrad);
  register(CROSS_ENTROPY, crossEntropy);
  register(CROSS_ENTROPY_GRAD, crossEntropyGrad);
}
