// jax-js on its WebAssembly backend, for comparison only: the operations that it can do, compiled, and their time.
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np } from "@jax-js/jax";

/** A function of arrays. */
export type JaxOperation = (inputs: np.Array[]) => np.Array;

/** Values on the JavaScript side. */
interface HostValues {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
}

export const jaxOperations = {
  product: (transposeA: boolean, transposeB: boolean): JaxOperation => ([a, b]) =>
    np.matmul(transposeA ? np.transpose(a!) : a!, transposeB ? np.transpose(b!) : b!),
  attention: ([q, k, v]: np.Array[]) => nn.dotProductAttention(q!, k!, v!, { isCausal: true }),
  rmsNorm: ([x, w]: np.Array[]) => {
    const mean = np.mean(np.square(x!.ref), -1, { keepdims: true });
    return x!.div(np.sqrt(mean.add(1e-5))).mul(w!);
  },
  swiglu: ([gate, up]: np.Array[]) => nn.silu(gate!).mul(up!),
  add: ([a, b]: np.Array[]) => a!.add(b!),
} as const;

let ready: Promise<unknown> | undefined;

/** Fastest milliseconds of a compiled call; undefined where jax-js cannot do it. */
export async function timeInJax(operation: JaxOperation, values: readonly HostValues[]): Promise<number | undefined> {
  await (ready ??= init("wasm"));
  defaultDevice("wasm");
  try {
    const inputs = values.map(({ data, shape }) => np.array(data, { shape: [...shape] }));
    const compiled = jit((...xs: np.Array[]) => operation(xs));
    let best = Infinity;
    const start = performance.now();
    for (let i = 0; i < 5 || performance.now() - start < 300; i++) {
      const started = performance.now();
      const y = compiled(...inputs.map((x) => x.ref)) as np.Array;
      await blockUntilReady(y);
      best = Math.min(best, performance.now() - started);
      y.dispose();
    }
    for (const x of inputs) x.dispose();
    return best;
  } catch (error) {
    console.error(`jax-js: ${(error as Error).message}`);
    return undefined;
  }
}
