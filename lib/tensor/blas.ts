// A BLAS of the system, for matrix products: found by the names that its packages give it, called through FFI on the
// shared memory. Off unless asked for: it brings its own threads and its own order of summation.

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
      "pointer",
      "i32",
      "pointer",
      "i32",
      "f32",
      "pointer",
      "i32",
    ],
    result: "void",
  },
} as const;

const threadSetters = {
  openblas_set_num_threads: { parameters: ["i32"], result: "void", optional: true },
  bli_thread_set_num_threads: { parameters: ["i64"], result: "void", optional: true },
  MKL_Set_Num_Threads: { parameters: ["i32"], result: "void", optional: true },
} as const;

/** A library that is open. */
export interface Blas {
  readonly path: string;
  /** C = A·B in row order; addresses are offsets into the memory that it was opened on. */
  multiply(
    transposeA: boolean,
    transposeB: boolean,
    M: number,
    N: number,
    K: number,
    a: number,
    b: number,
    c: number,
  ): void;
  close(): void;
}

/**
 * Names by which a dynamic loader finds a BLAS that has `cblas_sgemm`, best first. `libblas.so.3` is not among them: it
 * may be the reference implementation, which is slower than our own kernels.
 */
function candidates(): readonly string[] {
  const chosen = Deno.env.get("STITCHBOOK_BLAS");
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

/** Path or name of the BLAS that would be used, or undefined; without `--allow-ffi` there is none. */
export async function findBlas(): Promise<string | undefined> {
  if ((await Deno.permissions.query({ name: "ffi" })).state !== "granted") return undefined;
  for (const path of candidates()) {
    try {
      Deno.dlopen(path, symbols).close();
      return path;
    } catch {
      // not here: try the next
    }
  }
  return undefined;
}

/** Opens the system's BLAS for products on `memory`; undefined when there is none. */
export async function openBlas(memory: WebAssembly.Memory, threads: number): Promise<Blas | undefined> {
  const path = await findBlas();
  if (path === undefined) return undefined;
  const library = Deno.dlopen(path, symbols);
  const setters = Deno.dlopen(path, threadSetters);
  setters.symbols.openblas_set_num_threads?.(threads);
  setters.symbols.bli_thread_set_num_threads?.(BigInt(threads));
  setters.symbols.MKL_Set_Num_Threads?.(threads);
  // A shared memory never moves when it grows, so its first byte's address holds for good.
  const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(memory.buffer)));
  const at = (address: number) => Deno.UnsafePointer.create(base + BigInt(address));
  const { cblas_sgemm } = library.symbols;
  const ROWS = 101;
  const flag = (transpose: boolean) => transpose ? 112 : 111;
  return {
    path,
    multiply(transposeA, transposeB, M, N, K, a, b, c) {
      const lda = transposeA ? M : K;
      const ldb = transposeB ? K : N;
      cblas_sgemm(ROWS, flag(transposeA), flag(transposeB), M, N, K, 1, at(a), lda, at(b), ldb, 0, at(c), N);
    },
    close() {
      library.close();
      setters.close();
    },
  };
}
