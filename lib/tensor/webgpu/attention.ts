// Causal attention on WebGPU: its kernels, and how they launch their programs.
import type * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { CAUSAL_ATTENTION, CAUSAL_ATTENTION_GRAD } from "../ops/causal-attention.ts";
import { findSpans } from "./attention-documents.ts";
import { attentionProgram } from "./attention-forward.ts";
import { keyGradientProgram, queryGradientProgram, rowDotsProgram } from "./attention-gradients.ts";
import { type AttentionLayout, attentionLayout } from "./attention-layout.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { type KernelFunction, perElement, register, sizeOf, sumParts } from "./kernel.ts";
import { float, type Program } from "./program.ts";
import { rowGroups, sharersOf } from "./row-sums.ts";

type Info = tf.TensorInfo;

/** Names of what is kept with a tensor. */
const ROW_STATS = "statistics of attention's rows";
const SPANS = "documents and their spans";

/** The next multiple of four. */
const padded = (n: number) => Math.ceil(n / 4) * 4;

const attention: KernelFunction = ({ inputs: { q, k, v, documents }, backend }) => {
  for (const tensor of [q!, k!, v!]) backend.check(tensor);
  const [B, T, H, D] = q!.shape as [number, number, number, number];
  const layout = layoutFor(backend, D, 1, [q!, k!, v!]);
  return withPaddedHeads(backend, [q!, k!, v!], (heads) => {
    const out = backend.output([B, T, H, padded(D)]);
    const rowStats = backend.output([2, B, H, padded(T)]);
    const spans = documents === undefined ? undefined : spansOf(backend, documents);
    launchTiles(backend, attentionProgram(layout), layout, [q!, k!], T, [...heads, spans, out, rowStats]);
    const result = resizeHeads(backend, out, D);
    if (result !== out) backend.release(out);
    backend.attach(result, ROW_STATS, rowStats);
    if (spans !== undefined) backend.attach(result, SPANS, shared(backend, spans));
    return result;
  });
};

const attentionGrad: KernelFunction = ({ inputs: { q, k, v, out, dy }, backend }) => {
  for (const tensor of [q!, k!, v!, out!, dy!]) backend.check(tensor);
  const [B, T, H, D] = q!.shape as [number, number, number, number];
  const [, S, G] = k!.shape as [number, number, number];
  const rowStats = backend.attached(out!, ROW_STATS);
  if (rowStats === undefined) throw new Error(`${CAUSAL_ATTENTION_GRAD} needs the forward kernel's own output`);
  const spans = backend.attached(out!, SPANS);
  const layout = layoutFor(backend, D, 2, [q!, k!, v!]);
  return withPaddedHeads(backend, [q!, k!, v!, dy!, out!], ([q4, k4, v4, dy4, out4]) => {
    const steps = padded(D) / 4;
    const dots = rowDotsProgram(sharersOf(steps));
    backend.launch(dots, [out4, dy4, rowStats], [B * T * H, steps, T, H], rowGroups(B * T * H, sharersOf(steps)));
    const reads = [q4, k4, v4, dy4, rowStats, spans];
    const dq = backend.output(q4.shape);
    launchTiles(backend, queryGradientProgram(layout), layout, [q!, k!], T, [...reads, dq]);
    const sharing = H / G;
    const parts = [k4, v4].map(({ shape }) => backend.output(sharing === 1 ? shape : [sharing, ...shape]));
    launchTiles(backend, keyGradientProgram(layout), layout, [q!, k!], S, [...reads, ...parts]);
    const wholes = parts.map((part) => {
      if (sharing === 1) return part;
      const whole = backend.output([B, S, G, padded(D)]);
      sumParts(backend, part, whole, sharing, sizeOf(whole.shape));
      backend.release(part);
      return whole;
    });
    return [dq, ...wholes].map((gradient) => {
      const result = resizeHeads(backend, gradient, D);
      if (result !== gradient) backend.release(gradient);
      return result;
    });
  });
};

/** Launches a program with a workgroup for each tile of `length` rows; an `undefined` tensor stands for no spans. */
function launchTiles(
  backend: StitchbookWebGPU,
  program: Program,
  layout: AttentionLayout,
  [q, k]: readonly [Info, Info],
  length: number,
  tensors: readonly (Info | undefined)[],
): void {
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const [, S, G] = k.shape as [number, number, number];
  const hasDocuments = !tensors.includes(undefined);
  const uniforms = [B, T, S, H, G, padded(D) / 4, Number(hasDocuments), float(1 / Math.sqrt(D))];
  // something must be bound as spans, though nothing reads it
  const bound = tensors.map((tensor) => tensor ?? tensors[0]!);
  backend.launch(program, bound, uniforms, B * H * Math.ceil(length / layout.rows));
}

function layoutFor(backend: StitchbookWebGPU, D: number, rowTiles: number, tensors: readonly Info[]): AttentionLayout {
  const bytes = backend.limits.maxComputeWorkgroupStorageSize;
  const layout = attentionLayout(padded(D), rowTiles, bytes);
  if (layout !== undefined) return layout;
  const shapes = tensors.map(({ shape }) => `[${shape}]`).join(", ");
  throw new UserError(
    "tensor.limit",
    `causalAttention on ${shapes} needs heads smaller than ${D}: more than this WebGPU device's workgroups can hold ` +
      `(maxComputeWorkgroupStorageSize ${bytes})`,
    "Use more, smaller heads, or --device cpu",
  );
}

/** Calls `body` with the tensors `[…, D]`, D rounded up to a multiple of four with zeros, which change no result. */
function withPaddedHeads<T, const Tensors extends readonly Info[]>(
  backend: StitchbookWebGPU,
  tensors: Tensors,
  body: (padded: { readonly [K in keyof Tensors]: Info }) => T,
): T {
  const resized = tensors.map((tensor) => resizeHeads(backend, tensor, padded(tensor.shape.at(-1)!)));
  try {
    return body(resized as { readonly [K in keyof Tensors]: Info });
  } finally {
    resized.forEach((info, i) => info !== tensors[i] && backend.release(info));
  }
}

/** The tensor with its last dimension cut, or filled up with zeros, to this size; itself if it has that. */
function resizeHeads(backend: StitchbookWebGPU, x: Info, size: number): Info {
  if (x.shape.at(-1) === size) return x;
  const y = backend.output([...x.shape.slice(0, -1), size]);
  perElement(backend, {
    key: "resizeRows",
    count: sizeOf(y.shape),
    reads: { x: ["f32", x] },
    writes: { y: ["f32", y] },
    uniforms: { fromSize: x.shape.at(-1)!, toSize: size },
    body: () => `
  let row = i / uniforms.toSize;
  let column = i % uniforms.toSize;
  if (column < uniforms.fromSize) { y[i] = x[row * uniforms.fromSize + column]; } else { y[i] = 0.0; }`,
  });
  return y;
}

/** The documents' spans. They are kept with the documents, because every layer needs them. */
function spansOf(backend: StitchbookWebGPU, documents: Info): Info {
  backend.check(documents, "int32");
  const kept = backend.attached(documents, SPANS);
  if (kept !== undefined) return kept;
  const [B, T] = documents.shape as [number, number];
  const spans = backend.output([3, B, padded(T)], "int32");
  findSpans(backend, documents, spans);
  backend.attach(documents, SPANS, spans);
  return spans;
}

/** A tensor that something else keeps, too. */
function shared(backend: StitchbookWebGPU, info: Info): Info {
  backend.incRef(info.dataId);
  return info;
}

register(CAUSAL_ATTENTION, attention);
register(CAUSAL_ATTENTION_GRAD, attentionGrad);
