// Products by AMX: as accurate as float32, the same bytes however the work is cut, and right where numbers are not finite.
import assert from "node:assert/strict";
import { createMachine, type Machine } from "../../../../lib/tensor/cpu/machine/machine.ts";
import { nativeLevels } from "../../../../lib/tensor/cpu/mod.ts";
import { fitsAmx, multiplyByAmx } from "../../../../lib/tensor/cpu/products/amx-product.ts";
import { multiplyByTiles } from "../../../../lib/tensor/cpu/products/native-product.ts";
import type { Product } from "../../../../lib/tensor/cpu/products/product.ts";
import { random } from "../../../../lib/random.ts";

const absent = !(await nativeLevels()).includes("amx");
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({
    name: name + (absent ? " [needs a processor with AMX]" : ""),
    ignore: absent,
    sanitizeResources: false,
    fn,
  });

type Shape = Omit<Product, "a" | "b" | "c" | "addend">;
type Multiply = (machine: Machine, products: readonly Product[]) => void;

/** Numbers of many magnitudes. */
function values(count: number, seed: number): Float32Array {
  const stream = random(seed, "amx");
  return Float32Array.from({ length: count }, () => stream.normal() * 2 ** (stream.int(8) - 4));
}

interface Inputs {
  readonly a: Float32Array;
  readonly b: Float32Array;
  /** The addend, or what C was before. */
  readonly d: Float32Array;
}

function inputsOf({ batch, M, N, K, oneA, oneB }: Shape, seed: number): Inputs {
  return {
    a: values((oneA ? 1 : batch) * M * K, seed),
    b: values((oneB ? 1 : batch) * K * N, seed + 1),
    d: values(batch * M * N, seed + 2),
  };
}

/** C of each product, all of them in one call; products with equal arrays share them. */
function run(
  machine: Machine,
  multiply: Multiply,
  shapes: readonly Shape[],
  inputs: readonly Inputs[],
  apart: boolean,
) {
  const placed = new Map<Float32Array, number>();
  const copy = (data: Float32Array) => {
    const known = placed.get(data);
    if (known !== undefined) return known;
    const { address } = machine.heap.allocate(4 * data.length);
    machine.view(Float32Array, address, data.length).set(data);
    placed.set(data, address);
    return address;
  };
  const products = shapes.map((shape, i): Product => {
    const [a, b, d] = [copy(inputs[i]!.a), copy(inputs[i]!.b), copy(inputs[i]!.d)];
    const c = apart ? machine.heap.allocate(4 * inputs[i]!.d.length + 64).address : d;
    return { ...shape, a, b, c, ...(apart ? { addend: d } : {}) };
  });
  multiply(machine, products);
  return products.map(({ c }, i) => machine.view(Float32Array, c, inputs[i]!.d.length).slice());
}

function exact({ batch, M, N, K, transposeA, transposeB, oneA, oneB, add }: Shape, { a, b, d }: Inputs) {
  const out = new Float64Array(batch * M * N);
  const sizes = new Float64Array(batch * M * N);
  for (let i = 0; i < batch; i++) {
    const [A, B] = [oneA ? 0 : i * M * K, oneB ? 0 : i * K * N];
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        const at = (i * M + m) * N + n;
        let sum = add ? d[at]! : 0;
        let size = Math.abs(sum);
        for (let k = 0; k < K; k++) {
          const product = a[A + (transposeA ? k * M + m : m * K + k)]! * b[B + (transposeB ? n * K + k : k * N + n)]!;
          sum += product;
          size += Math.abs(product);
        }
        out[at] = sum;
        sizes[at] = size;
      }
    }
  }
  return { out, sizes };
}

/** Root mean square of the errors, each relative to the sum of the magnitudes of its terms. */
function errorOf(c: Float32Array, { out, sizes }: ReturnType<typeof exact>): number {
  let sum = 0;
  for (let i = 0; i < c.length; i++) sum += ((c[i]! - out[i]!) / (sizes[i]! || 1)) ** 2;
  return Math.sqrt(sum / c.length);
}

const plain = { batch: 1, transposeA: false, transposeB: false };
const shapes: Shape[] = [];
for (const [M, N, K] of [[32, 32, 32], [24, 40, 24], [1, 1, 1], [65, 33, 31], [48, 96, 545], [300, 70, 100]] as const) {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      shapes.push({ ...plain, M, N, K, transposeA, transposeB, add: K % 2 === 0 });
    }
  }
}
shapes.push({ ...plain, batch: 3, M: 40, N: 50, K: 60, oneA: true }, {
  ...plain,
  batch: 2,
  M: 70,
  N: 33,
  K: 90,
  oneB: true,
});
shapes.push({ ...plain, batch: 3, M: 33, N: 64, K: 64, transposeB: true, add: true });

test("products by AMX are as accurate as those in float32, in every shape, transposed, added, and in a batch", async () => {
  const machine = await createMachine({ threads: 2, products: "amx" });
  for (const apart of [false, true]) {
    shapes.forEach((shape, seed) => {
      const inputs = inputsOf(shape, 10 * seed);
      const wanted = exact(shape, inputs);
      const [ours] = run(machine, multiplyByAmx, [shape], [inputs], apart);
      const [float32] = run(machine, multiplyByTiles, [shape], [inputs], apart);
      const [error, usual] = [errorOf(ours!, wanted), errorOf(float32!, wanted)];
      assert.ok(error <= 1.2 * usual + 2e-8, `${JSON.stringify(shape)}: off by ${error}, in float32 by ${usual}`);
    });
  }
  await machine.close();
});

test("a matrix times the identity is itself to the bit, from 2^-100 to 2^127", async () => {
  const machine = await createMachine({ threads: 1, products: "amx" });
  const n = 64;
  const stream = random(1, "bits");
  const a = Float32Array.from({ length: n * n }, () => (stream.float() - 0.5) * 2 ** (stream.int(227) - 99));
  const b = Float32Array.from({ length: n * n }, (_, i) => i % (n + 1) === 0 ? 1 : 0);
  const one = { ...plain, M: n, N: n, K: n };
  const d = new Float32Array(n * n);
  assert.deepEqual(run(machine, multiplyByAmx, [one], [{ a, b, d }], false)[0], a);
  assert.deepEqual(run(machine, multiplyByAmx, [one], [{ a: b, b: a, d }], false)[0], a);
  await machine.close();
});

test("the bytes of products by AMX depend neither on the number of threads nor on other products of the job", async () => {
  const some: Shape[] = [
    { ...plain, M: 700, N: 300, K: 512 },
    { ...plain, M: 700, N: 96, K: 512, add: true },
    { ...plain, M: 130, N: 333, K: 512, transposeA: true },
  ];
  const inputs = some.map(inputsOf);
  inputs[1] = { ...inputs[1]!, a: inputs[0]!.a };
  const made: Float32Array[][] = [];
  for (const threads of [1, 2, 3]) {
    const machine = await createMachine({ threads, products: "amx" });
    made.push(run(machine, multiplyByAmx, some, inputs, true));
    made.push(some.map((shape, i) => run(machine, multiplyByAmx, [shape], [inputs[i]!], true)[0]!));
    await machine.close();
  }
  for (const other of made) assert.deepEqual(other, made[0]);
});

test("a large B, such as a vocabulary's, is split in stages of 16 MiB, which change no byte", async () => {
  const machine = await createMachine({ threads: 2, products: "amx" });
  const some = 4000; // of 10,016 columns, 29 MiB split; in whole strips, as those at the edge are added up in another order
  for (const transposeB of [false, true]) {
    for (const K of [512, 600]) {
      const shape: Shape = { ...plain, M: 64, N: 10_016, K, transposeB: true, add: true };
      const inputs = inputsOf(shape, 20);
      inputs.b[7] = Infinity;
      if (!transposeB) {
        const rows = inputs.b.slice();
        for (let n = 0; n < shape.N; n++) for (let k = 0; k < K; k++) inputs.b[k * shape.N + n] = rows[n * K + k]!;
      }
      const before = machine.heap.usedBytes();
      const [whole] = run(machine, multiplyByAmx, [{ ...shape, transposeB }], [inputs], true);
      const own = machine.heap.usedBytes() - before;
      machine.heap.forgetPeak();
      const again = { ...inputs, b: inputs.b.slice() };
      assert.deepEqual(run(machine, multiplyByAmx, [{ ...shape, transposeB }], [again], true)[0], whole);
      const extra = machine.heap.peakBytes() - before - 2 * own;
      assert.ok(extra > 0 && extra < 17 << 20, `${extra} bytes for ${JSON.stringify(shape)}`);
      // The same columns, where B has no others.
      const last = shape.N - some;
      const part = { a: inputs.a, b: new Float32Array(some * K), d: new Float32Array(shape.M * some) };
      for (let n = 0; n < some; n++) {
        for (let k = 0; k < K; k++) {
          const value = inputs.b[transposeB ? (last + n) * K + k : k * shape.N + last + n]!;
          part.b[transposeB ? n * K + k : k * some + n] = value;
        }
        for (let m = 0; m < shape.M; m++) part.d[m * some + n] = inputs.d[m * shape.N + last + n]!;
      }
      const [columns] = run(machine, multiplyByAmx, [{ ...shape, N: some, transposeB }], [part], true);
      const wanted = part.d.map((_, i) => whole![Math.floor(i / some) * shape.N + last + i % some]!);
      assert.deepEqual(columns, wanted, JSON.stringify({ ...shape, transposeB }));
    }
  }
  await machine.close();
});

for (const operand of ["a", "b"] as const) {
  test(`infinities and NaN of ${operand} come out as in float32, and affect nothing else`, async () => {
    const shape: Shape = { ...plain, M: 200, N: 180, K: 1100, add: true };
    const inputs = inputsOf(shape, 5);
    const wide = operand === "a" ? shape.K : shape.N;
    for (const [row, column, value] of [[0, 0, Infinity], [77, 600, NaN], [150, 3, -Infinity]] as const) {
      inputs[operand][row * wide + column % wide] = value;
    }
    const made: Float32Array[] = [];
    for (const threads of [1, 2]) {
      const machine = await createMachine({ threads, products: "amx" });
      const [float32] = run(machine, multiplyByTiles, [shape], [inputs], true);
      const [ours] = run(machine, multiplyByAmx, [shape], [inputs], true);
      ours!.forEach((value, i) => {
        const wanted = float32![i]!;
        if (!Number.isFinite(wanted)) assert.equal(value, wanted, String(i));
        else assert.ok(Math.abs(value - wanted) < 1e-3 * (1 + Math.abs(wanted)), `${i}: ${value}, not ${wanted}`);
      });
      assert.ok(float32!.some((value) => value === Infinity) && float32!.some(Number.isNaN));
      made.push(ours!);
      await machine.close();
    }
    assert.deepEqual(made[1], made[0]);
  });
}

test("an infinity in one matrix B does not change products of the same A with others, for any number of threads", async () => {
  const shape: Shape = { ...plain, M: 600, N: 200, K: 96, transposeB: true };
  const [one, other] = [inputsOf(shape, 11), { ...inputsOf(shape, 12) }];
  const both = [one, { ...other, a: one.a }];
  one.b[77] = Infinity;
  for (const threads of [1, 3]) {
    for (const held of [false, true]) {
      const machine = await createMachine({ threads, products: "amx" });
      const [alone] = run(machine, multiplyByAmx, [shape], [both[1]!], true);
      const holding: Multiply = (machine, products) => {
        if (held) { for (const { b } of products) machine.constants.hold(b); }
        for (let time = 0; time < 2; time++) multiplyByAmx(machine, products);
      };
      const [, beside] = run(machine, holding, [shape, shape], both, true);
      assert.ok(beside!.every((value, i) => value === alone![i]), `${threads} threads, ${held ? "held" : "not held"}`);
      await machine.close();
    }
  }
});

test("numbers too small for bfloat16, denormal ones too, do not change the products of the numbers beside them", async () => {
  const machine = await createMachine({ threads: 1, products: "amx" });
  for (const [i, shape] of shapes.entries()) {
    const { a, b, d } = inputsOf(shape, 100 + i);
    const stream = random(i, "tiny");
    for (const data of [a, b]) {
      for (let j = 0; j < data.length; j++) if (stream.int(3) === 0) data[j]! *= 2 ** -(100 + stream.int(50));
    }
    const [c] = run(machine, multiplyByAmx, [shape], [{ a, b, d: d.slice() }], true);
    const { out, sizes } = exact(shape, { a, b, d });
    // A sum of tiny numbers alone loses bits, which the tiny numbers beside it do not.
    const error = errorOf(c!, { out, sizes: sizes.map((size) => Math.max(size, 2 ** -90)) });
    assert.ok(error < 1e-6, `${JSON.stringify(shape)}, seed ${100 + i}: ${error}`);
  }
  await machine.close();
});

test("finite numbers whose product is too large give an infinity, as in float32", async () => {
  const shape: Shape = { ...plain, M: 64, N: 64, K: 64, transposeB: true };
  const machine = await createMachine({ threads: 1, products: "amx" });
  for (const [a, b] of [[1e30, 1.2345e30], [-1.7e25, 3.3e25], [3.4028234663852886e38, 1], [3e38, -0.99]] as const) {
    const inputs = { a: new Float32Array(64 * 64), b: new Float32Array(64 * 64), d: new Float32Array(64 * 64) };
    inputs.a[0] = a;
    inputs.b[0] = b;
    const [c] = run(machine, multiplyByAmx, [shape], [inputs], true);
    assert.equal(c![0], Math.fround(Math.fround(a) * Math.fround(b)));
    assert.ok(c!.subarray(1).every((value) => value === 0));
  }
  await machine.close();
});

Deno.test("`fitsAmx()` accepts products large enough to pay for splitting", () => {
  assert.ok(fitsAmx({ M: 64, N: 128, K: 64 }));
  assert.ok(!fitsAmx({ M: 2048, N: 32, K: 688 }));
  assert.ok(!fitsAmx({ M: 2048, N: 688, K: 32 }));
  assert.ok(!fitsAmx({ M: 8, N: 4096, K: 688 }));
});
