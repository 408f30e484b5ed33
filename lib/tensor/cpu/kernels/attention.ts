// Causal attention on the CPU: which keys each query may see, scratch room, and the two jobs.
import { UserError } from "../../../errors.ts";
import { CAUSAL_ATTENTION, CAUSAL_ATTENTION_GRAD } from "../../ops/causal-attention.ts";
import type { Machine } from "../machine/machine.ts";
import { float, forElements, forRows, type KernelFunction, register, setArguments } from "../machine/jobs.ts";

/** Queries in one strip of the gradient; assembly/attention.ts has the same. */
const STRIP = 48;
/** Queries of one task, whatever the number of threads; a multiple of 6 and of BLAS_STRIP. */
const QUERIES = 192;
/** Queries in one strip where products go to native kernels or a BLAS; assembly/attention-blas.ts has the same. */
const BLAS_STRIP = 48;
/** From here on a strip's products are worth a call of the library. */
const BLAS_QUERIES = 16;

/** Floats from one row of a strip's scores to the next. */
const ldsOf = (S: number) => Math.ceil(S / 16) * 16 + 16;
const up8 = (n: number) => Math.ceil(n / 8) * 8;

const attention: KernelFunction = ({ inputs: { q, k, v, documents }, backend }) => {
  const { machine } = backend;
  const [B, T, H, D] = q!.shape as [number, number, number, number];
  const [, S, G] = k!.shape as [number, number, number];
  const from = [backend.address(q!), backend.address(k!), backend.address(v!)];
  const { info, address } = backend.output([B, T, H, D]);
  const aside = machine.heap.allocate((B * H * T + B * T) * 4); // logsumexp, then first keys
  backend.keepAside(info, aside);
  const firsts = aside.address + B * H * T * 4;
  if (documents === undefined) forElements(machine, "fill", B * T, 0.3, [float(0), firsts]);
  else {
    const found = machine.stage(findFirstKeys(backend.valuesOf(documents), B, T));
    forRows(machine, "copyRows", B, T, [T * 4, found, T * 4, firsts, T * 4]);
  }
  const byBlas = (machine.native ?? machine.blas) !== undefined && T >= BLAS_QUERIES;
  const strip = byBlas ? BLAS_STRIP : 6;
  const packed = byBlas ? 0 : up8(S) * D + up8(D) * S;
  machine.reserveScratch(256 + 4 * (packed + strip * ldsOf(S) + roomFor(machine, S, D)) + 64);
  const perTask = Math.min(QUERIES, Math.ceil(T / 6) * 6);
  const tasks = Math.ceil(T / perTask);
  const scale = float(1 / Math.sqrt(D));
  setArguments(machine, 0, [...from, address, aside.address, firsts, T, S, H, G, D, scale, perTask, tasks]);
  machine.run(byBlas ? "attentionBlas" : "attention", B * H * tasks, B * H * T * S * (D / (byBlas ? 50 : 20) + 1));
  return info;
};

const attentionGrad: KernelFunction = ({ inputs: { q, k, v, out, dy }, backend }) => {
  const { machine } = backend;
  const [B, T, H, D] = q!.shape as [number, number, number, number];
  const [, S, G] = k!.shape as [number, number, number];
  const aside = backend.aside(out!);
  if (aside === undefined) throw new Error(`${CAUSAL_ATTENTION_GRAD} needs the forward kernel's own output`);
  const from = [q!, k!, v!, out!, dy!].map((tensor) => backend.address(tensor));
  const outputs = [q!, k!, v!].map(({ shape }) => backend.output(shape));
  const firsts = aside.address + B * H * T * 4;
  const byBlas = (machine.native ?? machine.blas) !== undefined && T >= BLAS_QUERIES;
  const perThread = byBlas
    ? 2 * BLAS_STRIP * ldsOf(S)
    : 2 * up8(S) * D + up8(D) * S + 2 * up8(D) * STRIP + 2 * STRIP * (up8(S) + 8);
  machine.reserveScratch(256 + 4 * (perThread + roomFor(machine, S, D)) + 64);
  const scale = float(1 / Math.sqrt(D));
  setArguments(machine, 0, [...from.slice(0, 4), aside.address, firsts, T, S, H, G, D, scale, from[4]!]);
  setArguments(machine, 13, outputs.map((output) => output.address));
  machine.run(byBlas ? "attentionBlasGrad" : "attentionGrad", B * G, B * H * T * S * (D / (byBlas ? 20 : 8) + 2));
  return outputs.map((output) => output.info);
};

/** Floats in which the native kernels pack keys, values, and in the gradient what a strip is multiplied by. */
function roomFor({ native }: Machine, S: number, D: number): number {
  if (native === undefined) return 0;
  const up = (n: number) => Math.ceil(n / native.columns) * native.columns;
  return 2 * up(S) * D + up(D) * (S + BLAS_STRIP) + 8 * (BLAS_STRIP * native.rows + 16) + BLAS_STRIP * 36;
}

/** For each position the first one of its document; documents must be unbroken runs. */
function findFirstKeys(documents: ArrayLike<number>, B: number, T: number): Int32Array {
  const firsts = new Int32Array(B * T);
  for (let b = 0; b < B; b++) {
    let first = 0;
    let seen: Set<number> | undefined;
    for (let t = 0; t < T; t++) {
      const id = documents[b * T + t]!;
      if (t > 0 && id !== documents[b * T + t - 1]!) {
        // Ids that only grow can't come back; the others are remembered.
        if (seen === undefined && id < documents[b * T + t - 1]!) {
          seen = new Set();
          for (let u = 0; u < t; u++) seen.add(documents[b * T + u]!);
        }
        if (seen?.has(id)) {
          throw new UserError(
            "tensor.documents",
            `causalAttention() needs each document in one run, but in row ${b} document ${id} returns at position ${t}`,
          );
        }
        first = t;
      }
      seen?.add(id);
      firsts[b * T + t] = first;
    }
  }
  return firsts;
}

export function registerAttention(): void {
  register(CAUSAL_ATTENTION, attention);
  register(CAUSAL_ATTENTION_GRAD, attentionGrad);
}
