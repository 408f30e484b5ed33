// The kernels in machine code: the committed file is up to date, every tile is right, and products have WebAssembly's bits.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../../lib/errors.ts";
import { compileNative } from "../../../../lib/tensor/cpu/x86/build.ts";
import { type NativeLevel, nativeLevels } from "../../../../lib/tensor/cpu/mod.ts";
import { tileKernel, TILES_CALL } from "../../../../lib/tensor/cpu/layout/native.ts";
import { NATIVE_FILE, openNative } from "../../../../lib/tensor/cpu/x86/open.ts";
import { openDevice } from "../../../../lib/tensor/mod.ts";
import { random } from "../../../../lib/random.ts";
import { cases } from "../../cases.ts";
import { evaluate, normalValues } from "../../support.ts";

/** AMX has the kernels of AVX-512, and some of its own. */
const here = (await nativeLevels()).filter((level) => level !== "amx");

Deno.test("kernels-x86_64.so is up to date", async () => {
  assert.deepEqual(new Uint8Array(await Deno.readFile(NATIVE_FILE)), compileNative());
});

const addressOf = (array: BufferSource) => Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(array)));

/** C = alpha·A·B, or C + alpha·A·B, by one call of a kernel; C is followed by random numbers that must not change. */
function callTiles(
  level: NativeLevel,
  { rows, transposed, tiles, N, K, add, alpha, seed }: Readonly<
    {
      rows: number;
      transposed: boolean;
      tiles: number;
      N: number;
      K: number;
      add: boolean;
      alpha: number;
      seed: number;
    }
  >,
) {
  const { shape: { columns }, call, close } = openNative(level);
  const stream = random(seed, "tiles");
  const values = (length: number) => Float32Array.from({ length }, () => stream.float() - 0.5);
  const M = rows * tiles;
  const [a, b, before] = [values(M * K), values(K * N), values(M * N + 64)];
  const panels = Math.ceil(N / columns);
  const packed = new Float32Array(panels * K * columns);
  for (let k = 0; k < K; k++) {
    for (let n = 0; n < N; n++) packed[(Math.floor(n / columns) * K + k) * columns + n % columns] = b[k * N + n]!;
  }
  const c = before.slice();
  const words = new BigInt64Array(TILES_CALL.bytes / 8);
  const at = TILES_CALL.offsets;
  const set = (name: keyof typeof at, value: number) => words[at[name] / 8] = BigInt(value);
  set("a", addressOf(a));
  set("lda", 4 * (transposed ? M : K));
  set("tiles", tiles);
  set("tileStepA", 4 * rows * (transposed ? 1 : K));
  set("panels", addressOf(packed));
  set("panelStep", 4 * K * columns);
  set("panelCount", panels);
  set("c", addressOf(c));
  set("ldc", 4 * N);
  set("tileStepC", 4 * N * rows);
  set("k", K);
  set("add", Number(add));
  new Float32Array(words.buffer)[at.alpha / 4] = alpha;
  const last = N - (panels - 1) * columns;
  set("partial", Number(last < columns));
  const masks = new Uint32Array(words.buffer, at.mask, 16);
  if (level === "avx512") masks.set([(2 ** last - 1) & 0xffff, Math.floor((2 ** last - 1) / 65536)]);
  else for (let j = 0; j < columns; j++) masks[j] = j < last ? 0xffffffff : 0;
  call(addressOf(words), tileKernel(rows, transposed));
  close();
  let worst = 0;
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += (transposed ? a[k * M + m]! : a[m * K + k]!) * b[k * N + n]!;
      worst = Math.max(worst, Math.abs(c[m * N + n]! - (alpha * sum + (add ? before[m * N + n]! : 0))));
    }
  }
  return { worst, beyond: c.subarray(M * N), marks: before.subarray(M * N) };
}

for (const level of ["avx2", "avx512"] as const) {
  const absent = !here.includes(level);
  const skipped = absent ? ` [needs a processor with ${level}]` : "";

  Deno.test({ name: `every tile of ${level} is right and writes nothing else${skipped}`, ignore: absent }, () => {
    let seed = 1;
    for (let rows = 1; rows <= (level === "avx512" ? 12 : 6); rows++) {
      for (const transposed of [false, true]) {
        for (const [N, K] of [[1, 1], [7, 3], [16, 4], [17, 9], [31, 5], [32, 8], [40, 33], [96, 2]] as const) {
          for (const add of [false, true]) {
            const what = { rows, transposed, tiles: 1 + seed % 3, N, K, add, alpha: add ? 1 : 0.25, seed: seed++ };
            const { worst, beyond, marks } = callTiles(level, what);
            assert.ok(worst < 2e-6 * Math.sqrt(K) + 1e-6, `${JSON.stringify(what)}: off by ${worst}`);
            assert.deepEqual(beyond, marks, JSON.stringify(what));
          }
        }
      }
    }
  });

  Deno.test({
    name: `products by ${level} have the bytes of the WebAssembly kernels, for any number of threads${skipped}`,
    ignore: absent,
    sanitizeResources: false,
    fn: async () => {
      const shapes = [[5, 3, 7], [64, 64, 64], [13, 385, 33], [333, 800, 257], [1, 64, 64], [700, 40, 300], [
        200,
        1600,
        231,
      ]] as const;
      const made: Float32Array[][] = [];
      const inputs = shapes.map(([M, K, N], i) => [normalValues([2 * M * K], i + 1), normalValues([K * N], 9 + i)]);
      for (const [products, threads] of [["wasm", 1], [level, 1], [level, 2], [level, 3]] as const) {
        const device = await openDevice("cpu", { products, threads });
        made.push(
          shapes.flatMap(([M, K, N], i) =>
            [[false, false], [true, false], [false, true], [true, true]].map(([ta, tb]) =>
              tf.tidy(() => {
                const a = tf.tensor(inputs[i]![0]!.data, ta ? [2, K, M] : [2, M, K]);
                const b = tf.tensor(inputs[i]![1]!.data, tb ? [1, N, K] : [1, K, N]);
                return tf.matMul(a, b, ta, tb).dataSync() as Float32Array;
              })
            )
          ),
        );
        await device.close();
      }
      const [wasm, ...others] = made;
      for (const other of others) other.forEach((c, i) => assert.deepEqual(c, wasm![i], String(i)));
    },
  });
}

Deno.test({
  name: "AVX2 and AVX-512 give the same bytes in every operation and gradient, and report the same numerics" +
    (here.length < 2 ? " [needs a processor with avx512]" : ""),
  ignore: here.length < 2,
  sanitizeResources: false,
  fn: async () => {
    const made: { numerics: string; results: Float32Array[][] }[] = [];
    for (const products of here) {
      const device = await openDevice("cpu", { products, threads: 2 });
      const results = cases.map(({ inputs, trained, ours }) => evaluate(inputs, trained, ours));
      made.push({ numerics: device.numerics, results });
      await device.close();
    }
    const [one, other] = made;
    assert.equal(one!.numerics, other!.numerics);
    cases.forEach(({ name }, i) => assert.deepEqual(one!.results[i], other!.results[i], name));
  },
});

Deno.test("products that do not exist are rejected with the names that do", async () => {
  const rejected = (message: RegExp) => (error: unknown) => error instanceof UserError && message.test(error.message);
  const asked = Deno.env.get("STITCHBOOK_PRODUCTS");
  try {
    Deno.env.set("STITCHBOOK_PRODUCTS", "mkl");
    await assert.rejects(
      openDevice("cpu"),
      rejected(/STITCHBOOK_PRODUCTS is "mkl": expected amx, avx512, avx2, blas, wasm/),
    );
  } finally {
    if (asked === undefined) Deno.env.delete("STITCHBOOK_PRODUCTS");
    else Deno.env.set("STITCHBOOK_PRODUCTS", asked);
  }
});
