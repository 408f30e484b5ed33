// The kernels in machine code: whether they run on this machine, and calling them. They are assembled ahead of time
// (build.ts) and committed as a shared object for Linux on x86-64; without AVX2 or `--allow-ffi` they are not used.
import { fileURLToPath } from "node:url";
import { AVX2, AVX512, FEATURES, type TileShape } from "../layout/native.ts";

/** The instructions that the kernels use. */
export type NativeLevel = "avx2" | "avx512" | "amx";

/** Names of the instructions. */
export const NATIVE_NAMES: Readonly<Record<NativeLevel, string>> = { avx2: "AVX2", avx512: "AVX-512", amx: "AMX" };

/** Where the kernels are committed. */
export const NATIVE_FILE = new URL("./kernels-x86_64.so", import.meta.url);

const SHAPES: Readonly<Record<NativeLevel, TileShape>> = { avx2: AVX2, avx512: AVX512, amx: AVX512 };

const kernels = { parameters: ["usize", "i32"], result: "void" } as const;
const symbols = {
  features: { parameters: [], result: "i32" },
  request_amx: { parameters: [], result: "i32" },
  kernels_avx2: kernels,
  kernels_avx512: kernels,
} as const;

/** Kernels opened in this thread. */
export interface NativeKernels {
  readonly shape: TileShape;
  /** Calls a kernel by number, with the address of its arguments in the process. */
  readonly call: (args: number, kernel: number) => void;
  close(): void;
}

/**
 * The kernels that run here, the best first. Machine code asks processor and system; Linux lets a process use AMX only
 * after it has asked for it.
 */
export async function nativeLevels(): Promise<readonly NativeLevel[]> {
  const { os, arch } = Deno.build;
  if (os !== "linux" || arch !== "x86_64") return [];
  if ((await Deno.permissions.query({ name: "ffi" })).state !== "granted") return [];
  try {
    const library = Deno.dlopen(fileURLToPath(NATIVE_FILE), symbols);
    const features = library.symbols.features();
    const has = (level: NativeLevel) => (features & FEATURES[level]) !== 0;
    const amx = has("amx") && library.symbols.request_amx() === 0;
    library.close();
    return (["amx", "avx512", "avx2"] as const).filter((level) => level === "amx" ? amx : has(level));
  } catch {
    return []; // a system that does not load such files
  }
}

/** Opens the kernels in this thread. They must stay open while any thread may call them. */
export function openNative(level: NativeLevel): NativeKernels {
  const library = Deno.dlopen(fileURLToPath(NATIVE_FILE), symbols);
  const call = level === "avx2" ? library.symbols.kernels_avx2 : library.symbols.kernels_avx512;
  return {
    shape: SHAPES[level],
    // Deno also takes plain numbers for addresses; a BigInt for each would cost more than a small product.
    call: call as unknown as NativeKernels["call"],
    close: () => library.close(),
  };
}
