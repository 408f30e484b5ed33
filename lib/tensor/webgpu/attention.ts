// Causal attention on WebGPU: which keys each query may see, and the launches.
import type * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { CAUSAL_ATTENTION, CAUSAL_ATTENTION_GRAD } from "../ops/causal-attention.ts";
import { type AttentionLayout, attentionLayout } from "./attention-code.ts";
import { keyGradientProgram, queryGradientProgram } from "./attention-gradients.ts";
import { attentionProgram } from "./attention-forward.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { ELEMENTS, type KernelFunction, register, sumStretches } from "./kernel.ts";
import { float, type Program, program } from "./program.ts";

type Info = tf.TensorInfo;

/** Names of what is kept aside. */
const SUMS = "log-sum-exp";
const SPANS = "documents and their spans";

const attention: KernelFunction = ({ inputs: { q, k, v, documents }, backend }) => {
  for (const tensor of [q!, k!, v!]) backend.check(tensor);
  const [B, T, H, D] = q!.shape as [number, number, number, number];
  const [, S, G] = k!.shape as [number, number, number];
  const layout = layoutFor(backend, D, 1, [q!, k!, v!]);
  const out = backend.output([B, T, H, D]);
  const sums = backend.output([2, B, H, T]);
  backend.keepAside(out, SUMS, sums);
  const spans = documents === undefined ? [] : [spansOf(backend, out, documents)];
  const made = attentionProgram(layout, documents !== undefined);
  const groups = B * H * Math.ceil(T / layout.rows);
  const uniforms = [B, T, S, H, G, float(1 / Math.sqrt(D))];
  backend.launch(made, [q!, k!, v!, ...spans, out, sums], uniforms, groups);
  return out;
};

const attentionGrad: KernelFunction = ({ inputs: { q, k, v, out, dy }, backend }) => {
  for (const tensor of [q!, k!, v!, out!, dy!]) backend.check(tensor);
  const [B, T, H, D] = q!.shape as [number, number, number, number];
  const [, S, G] = k!.shape as [number, number, number];
  const sums = backend.aside(out!, SUMS);
  if (sums === undefined) throw new Error(`${CAUSAL_ATTENTION_GRAD} needs the forward kernel's own output`);
  const kept = backend.aside(out!, SPANS);
  const spans = kept === undefined ? [] : [kept];
  const layout = layoutFor(backend, D, 2, [q!, k!, v!]);
  const dq = backend.output(q!.shape);
  const uniforms = [B, T, S, H, G, float(1 / Math.sqrt(D))];
  const launch = (made: Program, tensors: readonly Info[], rows: number) =>
    backend.launch(made, tensors, uniforms, B * H * Math.ceil(rows / layout.rows));
  const masked = kept !== undefined;
  launch(queryGradientProgram(layout, masked), [q!, k!, v!, out!, dy!, ...spans, dq, sums], T);
  const sharing = H / G;
  const parts = [k!, v!].map(({ shape }) => backend.output(sharing === 1 ? shape : [sharing, ...shape]));
  launch(keyGradientProgram(layout, masked), [q!, k!, v!, dy!, sums, ...spans, ...parts], S);
  if (sharing === 1) return [dq, ...parts];
  const gradients = parts.map((part) => {
    const whole = backend.output([B, S, G, D]);
    sumStretches(backend, part, whole, sharing, B * S * G * D);
    backend.release(part);
    return whole;
  });
  return [dq, ...gradients];
};

function layoutFor(backend: StitchbookWebGPU, D: number, rowTiles: number, tensors: readonly Info[]): AttentionLayout {
  const bytes = backend.limits.maxComputeWorkgroupStorageSize;
  const layout = attentionLayout(D, rowTiles, bytes);
  if (layout !== undefined) return layout;
  const shapes = tensors.map(({ shape }) => `[${shape}]`).join(", ");
  throw new UserError(
    "tensor.limit",
    `causalAttention on ${shapes} needs heads smaller than ${D}: more than this WebGPU device's workgroups can hold ` +
      `(maxComputeWorkgroupStorageSize ${bytes})`,
    "Use more, smaller heads, or --device cpu",
  );
}

/**
 * The documents with, for each position, the first and the last one of the same document, outside which whole tiles can
 * be passed over: int32 `[3, B, T]`. It is kept with the documents, because every layer needs it, and with the output.
 */
function spansOf(backend: StitchbookWebGPU, out: Info, documents: Info): Info {
  backend.check(documents, "int32");
  const [B, T] = documents.shape as [number, number];
  let spans = backend.aside(documents, SPANS);
  if (spans === undefined) {
    spans = backend.output([3, B, T], "int32");
    backend.launch(FIND_SPANS, [documents, spans], [B * T, T], Math.ceil(B * T / ELEMENTS));
    backend.keepAside(documents, SPANS, spans);
  }
  backend.incRef(spans.dataId);
  backend.keepAside(out, SPANS, spans);
  return spans;
}

const FIND_SPANS = program("documentSpans", () => ({
  reads: { documents: "i32" },
  writes: { spans: "i32" },
  uniforms: { count: "u32", T: "u32" },
  size: ELEMENTS,
  main: `
  let i = group * ${ELEMENTS}u + lane;
  if (i >= uniforms.count) { return; }
  let start = i / uniforms.T * uniforms.T;
  let own = documents[i];
  var first = start;
  while (documents[first] != own) { first++; }
  var last = start + uniforms.T - 1u;
  while (documents[last] != own) { last--; }
  spans[i] = own;
  spans[uniforms.count + i] = i32(first - start);
  spans[2u * uniforms.count + i] = i32(last - start);`,
}));

export function registerAttention(): void {
  register(CAUSAL_ATTENTION, attention);
  register(CAUSAL_ATTENTION_GRAD, attentionGrad);
}
