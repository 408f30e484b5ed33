// The kernels' binary for this machine. They are AssemblyScript (assembly/), compiled ahead and committed: typed source
// that reads like the rest, compiled by an optimiser, and no compiler at run time; `deno task build:wasm --check` and a
// test prove that the binaries are their source's.

import type { Sgemm } from "../../blas.ts";
import type { NativeKernels } from "../x86/open.ts";

/** `relaxed`: with fused multiply-add; `simd`: without. */
export type SimdLevel = "relaxed" | "simd";

// (module (func (result v128) v128.const 0, v128.const 0, v128.const 0, f32x4.relaxed_madd))
const RELAXED_PROBE = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0],
  ...[10, 61, 1, 59, 0, ...constant(), ...constant(), ...constant(), 0xfd, 0x85, 2, 0x0b],
]);

function constant(): number[] {
  return [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
}

/** The best level that this runtime accepts. */
export function simdLevel(): SimdLevel {
  return WebAssembly.validate(RELAXED_PROBE) ? "relaxed" : "simd";
}

/** Compiles the kernels; one module for all threads and backends of the process. */
export async function loadKernels(
  simd: SimdLevel = simdLevel(),
): Promise<{ readonly module: WebAssembly.Module; readonly simd: SimdLevel }> {
  let module = modules.get(simd);
  if (module === undefined) {
    const file = new URL(`../wasm/kernels-${simd}.wasm`, import.meta.url);
    modules.set(simd, module = Deno.readFile(file).then((bytes) => WebAssembly.compile(bytes)));
  }
  return { module: await module, simd };
}

const modules = new Map<SimdLevel, Promise<WebAssembly.Module>>();

/** What an instance of the kernels offers; assembly/control.ts says what each does. */
export interface Kernels {
  setThread(thread: number): void;
  run(kernel: number, tasks: number, workers: number): number;
  start(kernel: number, tasks: number, workers: number): void;
  isBusy(): number;
  finish(): number;
  work(): void;
}

/** What computes products outside of WebAssembly, where there is anything. */
export interface Outside {
  /** The system's BLAS. */
  readonly sgemm?: Sgemm | undefined;
  /** The native kernels. */
  readonly native?: NativeKernels["call"] | undefined;
}

/** The kernels on a memory, for one thread. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, outside: Outside = {}): Kernels {
  const none = () => {
    throw new Error("No library for products was opened");
  };
  const { sgemm = none, native = none } = outside;
  const instance = new WebAssembly.Instance(module, { env: { memory, sgemm, native } });
  return instance.exports as unknown as Kernels;
}
