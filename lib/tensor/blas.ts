// The system's BLAS, for matrix products: found by the names that packages give it, and called through FFI on the shared
// memory. It is told to use one thread, and each of our threads calls it for its own part of a product, so the bytes do
// not depend on the number of threads.
import { attempt } from "../errors.ts";
import { addressOf } from "./address.ts";

const symbols = {
  // order, transA, transB, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc
  cblas_sgemm: {
    parameters: [
      "i32",
      "i32",
      "i32",
      "i32",
      "i32",
      "i32",
      "f32",
      "usize",
      "i32",
      "usize",
      "i32",
      "f32",
      "usize",
      "i32",
    ],
    result: "void",
  },
} as const;

const optional = { optional: true } as const;
const settings = {
  openblas_set_num_threads: { parameters: ["i32"], result: "void", ...optional },
  bli_thread_set_num_threads: { parameters: ["i64"], result: "void", ...optional },
  MKL_Set_Num_Threads: { parameters: ["i32"], result: "void", ...optional },
  BLASSetThreading: { parameters: ["u32"], result: "i32", ...optional },
  openblas_get_config: { parameters: [], result: "pointer", ...optional },
  openblas_get_corename: { parameters: [], result: "pointer", ...optional },
  bli_info_get_version_str: { parameters: [], result: "pointer", ...optional },
  MKL_Get_Version_String: { parameters: ["buffer", "i32"], result: "void", ...optional },
} as const;

/** A library found on this machine. */
export interface BlasLibrary {
  readonly path: string;
  /** What it calls itself, with its version and the processor it computes for: its results depend on all three. */
  readonly name: string;
}

/**
 * `C = alpha·A·B + beta·C` in row order, on the memory that it was opened on: bit 0 of `transposed` is for A, bit 1 for B,
 * leading dimensions are in elements, addresses in bytes. The kernels import it under this signature.
 */
export type Sgemm = (
  transposed: number,
  M: number,
  N: number,
  K: number,
  alpha: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  beta: number,
  c: number,
  ldc: number,
) => void;

/**
 * Names by which a dynamic loader finds a BLAS with `cblas_sgemm`, best first. `libblas.so.3` is left out: it may be the
 * reference implementation, which is slower than our own kernels.
 */
function candidates(): readonly string[] {
  const chosen = Deno.env.get("STITCHBOOK_BLAS");
  if (chosen === "off") return [];
  if (chosen) return [chosen];
  switch (Deno.build.os) {
    case "darwin":
      return ["/System/Library/Frameworks/Accelerate.framework/Accelerate", "libopenblas.dylib"];
    case "windows":
      return ["libopenblas.dll", "openblas.dll", "mkl_rt.2.dll", "mkl_rt.dll"];
    default:
      return ["libmkl_rt.so.2", "libopenblas.so.0", "libopenblas.so", "libblis.so.4", "libblis.so"];
  }
}

/** The BLAS that would be used, if any; without `--allow-ffi`, or with `STITCHBOOK_BLAS=off`, there is none. */
export async function findBlas(): Promise<BlasLibrary | undefined> {
  if ((await Deno.permissions.query({ name: "ffi" })).state !== "granted") return undefined;
  for (const path of candidates()) {
    if (opens(path)) return { path, name: nameOf(path) };
  }
  return undefined;
}

function opens(path: string): boolean {
  const library = attempt(() => Deno.dlopen(path, symbols));
  library?.close();
  return library !== undefined;
}

function nameOf(path: string): string {
  const opened = Deno.dlopen(path, settings);
  const library = opened.symbols;
  const text = (pointer: Deno.PointerValue | undefined) =>
    pointer === null || pointer === undefined ? "" : Deno.UnsafePointerView.getCString(pointer);
  const config = text(library.openblas_get_config?.());
  const blis = text(library.bli_info_get_version_str?.());
  let name = /Accelerate/.test(path) ? `Accelerate ${Deno.osRelease()}` : path;
  if (config !== "") {
    name = `${config.split(" ").slice(0, 2).join(" ")} ${text(library.openblas_get_corename?.())}`.trim();
  } else if (blis !== "") name = `BLIS ${blis}`;
  else if (library.MKL_Get_Version_String !== null && library.MKL_Get_Version_String !== undefined) {
    const buffer = new Uint8Array(200);
    library.MKL_Get_Version_String(buffer, buffer.length);
    name = new TextDecoder().decode(buffer).replace(/\0.*/s, "").trim();
  }
  opened.close();
  return name;
}

/** Opens a library for products on `memory`, in this thread. It must stay open while any thread may call it. */
export function openBlas(path: string, memory: WebAssembly.Memory): { readonly sgemm: Sgemm; close(): void } {
  const library = Deno.dlopen(path, symbols);
  const setters = Deno.dlopen(path, settings);
  setters.symbols.openblas_set_num_threads?.(1);
  setters.symbols.bli_thread_set_num_threads?.(1n);
  setters.symbols.MKL_Set_Num_Threads?.(1);
  setters.symbols.BLASSetThreading?.(1);
  setters.close();
  const base = addressOf(memory);
  // Deno also takes plain numbers as addresses, and making a BigInt for each would cost more than a small product.
  const cblas_sgemm = library.symbols.cblas_sgemm as unknown as (...args: number[]) => void;
  const ROWS = 101;
  return {
    sgemm(transposed, M, N, K, alpha, a, lda, b, ldb, beta, c, ldc) {
      const transA = 111 + (transposed & 1);
      const transB = 111 + (transposed >> 1);
      cblas_sgemm(ROWS, transA, transB, M, N, K, alpha, base + a, lda, base + b, ldb, beta, base + c, ldc);
    },
    close: () => library.close(),
  };
}
