// Loads the WebAssembly kernels for this machine. They are AssemblyScript (../wasm/source), compiled ahead of time and
// committed, so no compiler is needed at run time; `deno task build:wasm --check` and a test show that the binaries
// match their source.
import type { Sgemm } from "../../blas.ts";
import type { NativeKernels } from "../x86/open.ts";

/** `relaxed`: with fused multiply-add; `simd`: without. */
export type SimdLevel = "relaxed" | "simd";

// (module (func (result v128) v128.const 0, v128.const 0, v128.const 0, f32x4.relaxed_madd))
const RELAXED_PROBE = Uint8Array.fromHex(
  `0061736d010000000105016000017b030201000a3d013b00${`fd0c${"00".repeat(16)}`.repeat(3)}fd85020b`,
);

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

/** The exports of an instance; wasm/source/control.ts documents them. */
export interface Kernels {
  setThread(thread: number): void;
  run(kernel: number, tasks: number, workers: number): number;
  start(kernel: number, tasks: number, workers: number): void;
  isBusy(): number;
  finish(): number;
  work(): void;
}

/** What computes outside of WebAssembly, if anything does. */
export interface Imports {
  /** The system's BLAS. */
  readonly sgemm?: Sgemm | undefined;
  /** The kernels in machine code. */
  readonly native?: NativeKernels["call"] | undefined;
}

/** Instantiates the kernels on a memory, for one thread. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, imports: Imports = {}): Kernels {
  const none = () => {
    throw new Error("No library for products was opened");
  };
  const { sgemm = none, native = none } = imports;
  const instance = new WebAssembly.Instance(module, { env: { memory, sgemm, native } });
  return instance.exports as unknown as Kernels;
}
