// The native kernels of this machine: whether they run here, and calling them. They are machine code (tiles.ts), assembled
// ahead and committed as a shared object for Linux on x86-64; what is without AVX2 or `--allow-ffi` does without them.
import { fileURLToPath } from "node:url";
import { AVX2, AVX512, type TileShape } from "../layout/native.ts";

/** Which instructions the kernels use. */
export type NativeLevel = "avx2" | "avx512" | "amx";

/** What those instructions are called. */
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

/** Kernels that were opened in this thread. */
export interface NativeKernels {
  readonly shape: TileShape;
  /** Takes the address of its arguments in the process, and the kernel's number. */
  readonly call: (args: number, kernel: number) => void;
  close(): void;
}

/**
 * The kernels that run here, the best first. Processor and system are asked by the kernels' own code; Linux lets a process
 * use AMX only after it has asked for it.
 */
export async function nativeLevels(): Promise<readonly NativeLevel[]> {
  const { os, arch } = Deno.build;
  if (os !== "linux" || arch !== "x86_64") return [];
  if ((await Deno.permissions.query({ name: "ffi" })).state !== "granted") return [];
  try {
    const library = Deno.dlopen(fileURLToPath(NATIVE_FILE), symbols);
    const features = library.symbols.features();
    const amx = (features & 4) !== 0 && library.symbols.request_amx() === 0;
    library.close();
    return [
      ...(amx ? ["amx"] as const : []),
      ...(features & 2 ? ["avx512"] as const : []),
      ...(features & 1 ? ["avx2"] as const : []),
    ];
  } catch {
    return []; // a system that loads no such file
  }
}

/** Opens the kernels in this thread. They must stay open while any thread may call them. */
export function openNative(level: NativeLevel): NativeKernels {
  const library = Deno.dlopen(fileURLToPath(NATIVE_FILE), symbols);
  const call = level === "avx2" ? library.symbols.kernels_avx2 : library.symbols.kernels_avx512;
  return {
    shape: SHAPES[level],
    // Deno takes plain numbers for addresses, too; a BigInt for each would cost more than a small product.
    call: call as unknown as NativeKernels["call"],
    close: () => library.close(),
  };
}
