// Fused row-wise kernels on the CPU: rotary embedding, embedding, cross-entropy.
import { CROSS_ENTROPY, CROSS_ENTROPY_GRAD } from "../../ops/cross-entropy.ts";
import { checkIds, EMBEDDING, EMBEDDING_GRAD } from "../../ops/embedding.ts";
import { ROPE } from "../../ops/rope.ts";
import type { StitchbookCPU } from "../backend.ts";
import { ROW_RANGE, ROW_SUMS } from "../layout/native.ts";
import { forRows, type KernelFunction, register, reserveScratch } from "../machine/jobs.ts";

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
  return reserveScratch(machine, { range: ROW_RANGE.bytes, sums: ROW_SUMS.bytes });
}

const crossEntropy: KernelFunction = ({ inputs: { logits, targets }, backend }) => {
  const [rows, vocab] = logits!.shape as [number, number];
  const from = { logits: backend.address(logits!), targets: backend.address(targets!, "int32") };
  const { info, address: losses } = backend.output([rows]);
  const logs = backend.machine.heap.allocate(rows * 4);
  backend.keepAside(info, logs);
  const args = { vocab, ...from, losses, logs: logs.address, ...rowScratch(backend) };
  forRows(backend.machine, "crossEntropy", rows, vocab * 1.5, args);
  return info;
};

const crossEntropyGrad: KernelFunction = ({ inputs: { logits, targets, loss, dy }, attrs, backend }) => {
  const [rows, vocab] = logits!.shape as [number, number];
  const logs = backend.aside(loss!);
  if (logs === undefined) throw new Error(`${CROSS_ENTROPY_GRAD} needs the forward kernel's own output`);
  const from = { logits: backend.address(logits!), targets: backend.address(targets!, "int32") };
  const args = { vocab, ...from, dy: backend.address(dy!), logs: logs.address, ...rowScratch(backend) };
  const inPlace = attrs["inPlace"] === true && backend.ownsAlone(logits!);
  const { info, address: dlogits } = inPlace ? { info: logits!, address: from.logits } : backend.output([rows, vocab]);
  forRows(backend.machine, "crossEntropyGrad", rows, vocab * 1.5, { ...args, dlogits });
  return inPlace ? backend.shared(info) : info;
};

register(ROPE, rope);
register(EMBEDDING, embedding);
register(EMBEDDING_GRAD, embeddingGrad);
register(CROSS_ENTROPY, crossEntropy);
register(CROSS_ENTROPY_GRAD, crossEntropyGrad);
