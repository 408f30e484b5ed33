// Causal attention whose products go to the native tile kernels or the system's BLAS: strips of queries, whose scores are
// the most that is kept.
import { dot, gradRow, scaleRow, softmaxRow } from "./attention";
import { multiply } from "./blas";
import { arg, argf, scratch } from "./control";
import { zero } from "./zero";

/** Queries in one strip: few enough that little lies beyond the diagonal, enough for a product that is worth a call. */
const STRIP: i32 = 64;

const NN: i32 = 0, TN: i32 = 1, NT: i32 = 2;

// Arguments of both jobs: as in attention.ts.

// @ts-ignore: decorator
@inline
function at(index: i32): usize {
  return <usize> arg(index);
}

// @ts-ignore: decorator
@inline
function roundUp8(n: i32): i32 {
  return (n + 7) & ~7;
}

/** One task: a run of queries of one head. */
export function attentionBlasTask(task: i32): void {
  const T = arg(6), S = arg(7), H = arg(8), G = arg(9), D = arg(10);
  const perTask = arg(12), tasks = arg(13);
  const head = task / tasks;
  const batch = head / H, h = head % H, g = h / (H / G);
  const ldq = H * D, ldk = G * D;
  const qOffset = (<usize> batch * <usize> (T * ldq) + <usize> (h * D)) << 2;
  const kOffset = (<usize> batch * <usize> (S * ldk) + <usize> (g * D)) << 2;
  const q = at(0) + qOffset, out = at(3) + qOffset, k = at(1) + kOffset, v = at(2) + kOffset;
  const logs = at(4) + (<usize> head * <usize> T << 2);
  const firsts = at(5) + (<usize> batch * <usize> T << 2);
  const t0 = (task % tasks) * perTask, t1 = min(t0 + perTask, T);
  const lds = roundUp8(S) + 8;
  const scales = scratch(); // STRIP floats
  const strip = scratch() + 256;
  const room = strip + (<usize> (STRIP * lds) << 2);
  for (let t = t0; t < t1; t += STRIP) {
    const rows = min(STRIP, t1 - t);
    const begin = load<i32>(firsts + (<usize> t << 2)) & ~7;
    const n = S - T + t + rows - begin;
    const keys = <usize> begin * <usize> ldk << 2, queries = <usize> t * <usize> ldq << 2;
    multiply(NT, rows, n, D, argf(11), q + queries, ldq, k + keys, ldk, false, strip, lds, room);
    for (let i = 0; i < rows; i++) {
      const row = strip + (<usize> i * <usize> lds << 2);
      const first = load<i32>(firsts + (<usize> (t + i) << 2)) - begin;
      const scale = softmaxRow(row, 0, first, S - T + t + i + 1 - begin, n, logs + (<usize> (t + i) << 2));
      store<f32>(scales + (<usize> i << 2), scale);
    }
    multiply(NN, rows, D, n, 1, strip, lds, v + keys, ldk, false, out + queries, ldq, room);
    for (let i = 0; i < rows; i++) {
      scaleRow(out + queries + (<usize> (i * ldq) << 2), D, load<f32>(scales + (<usize> i << 2)));
    }
  }
}

/** One task: one key-value head of one sequence, with all query heads that read it. */
export function attentionBlasGradTask(task: i32): void {
  const T = arg(6), S = arg(7), H = arg(8), G = arg(9), D = arg(10);
  const scale = argf(11);
  const batch = task / G, g = task % G, group = H / G;
  const ldq = H * D, ldk = G * D;
  const kOffset = (<usize> batch * <usize> (S * ldk) + <usize> (g * D)) << 2;
  const k = at(1) + kOffset, v = at(2) + kOffset, dk = at(14) + kOffset, dv = at(15) + kOffset;
  const firsts = at(5) + (<usize> batch * <usize> T << 2);
  const lds = roundUp8(S) + 8;
  const P = scratch() + 256;
  const dS = P + (<usize> (STRIP * lds) << 2);
  const room = dS + (<usize> (STRIP * lds) << 2);
  for (let s = 0; s < S; s++) {
    zero(dk + (<usize> s * <usize> ldk << 2), <usize> D << 2);
    zero(dv + (<usize> s * <usize> ldk << 2), <usize> D << 2);
  }
  for (let h = g * group; h < (g + 1) * group; h++) {
    const qOffset = (<usize> batch * <usize> (T * ldq) + <usize> (h * D)) << 2;
    const logs = at(4) + (<usize> (batch * H + h) * <usize> T << 2);
    for (let t = 0; t < T; t += STRIP) {
      const rows = min(STRIP, T - t);
      const begin = load<i32>(firsts + (<usize> t << 2)) & ~7;
      const n = S - T + t + rows - begin;
      const from = qOffset + (<usize> t * <usize> ldq << 2), keys = <usize> begin * <usize> ldk << 2;
      const q = at(0) + from, dout = at(12) + from, dq = at(13) + from;
      multiply(NT, rows, n, D, scale, q, ldq, k + keys, ldk, false, P, lds, room);
      multiply(NT, rows, n, D, 1, dout, ldq, v + keys, ldk, false, dS, lds, room);
      for (let i = 0; i < rows; i++) {
        const row = from + (<usize> i * <usize> ldq << 2), offset = <usize> i * <usize> lds << 2;
        const delta = dot(at(3) + row, at(12) + row, D);
        const log = load<f32>(logs + (<usize> (t + i) << 2));
        const first = load<i32>(firsts + (<usize> (t + i) << 2)) - begin;
        gradRow(P + offset, dS + offset, 0, first, S - T + t + i + 1 - begin, n, log, delta);
      }
      multiply(NN, rows, D, n, scale, dS, lds, k + keys, ldk, false, dq, ldq, room);
      multiply(TN, n, D, rows, 1, P, lds, dout, ldq, true, dv + keys, ldk, room);
      multiply(TN, n, D, rows, scale, dS, lds, q, ldq, true, dk + keys, ldk, room);
    }
  }
}
