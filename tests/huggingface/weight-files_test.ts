// Weights read by range and written by piece.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { encodeWeights, type WeightDtype } from "../../lib/huggingface/dtypes.ts";
import { openWeightFiles } from "../../lib/huggingface/weight-files.ts";
import { type PlannedTensor, readSafetensors, writeSafetensors } from "../../lib/huggingface/safetensors.ts";
import { readJson } from "../../lib/huggingface/files.ts";
import { writeWeightFiles } from "../../lib/huggingface/weight-writer.ts";
import { random } from "../../lib/random.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const SHAPES: Readonly<Record<string, readonly number[]>> = {
  "model.a": [4, 5],
  "model.b": [7],
  "model.c": [2, 3, 2],
  "scalar": [],
  "empty": [0, 3],
};

function values(name: string): Float32Array {
  const source = random(1, name);
  const size = SHAPES[name]!.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, () => source.normal());
}

function plan(dtype: WeightDtype): PlannedTensor[] {
  return Object.entries(SHAPES).map(([name, shape]) => ({ name, dtype, shape }));
}

/** The bytes of a weight, three elements at a time. */
function* pieces({ name, dtype }: PlannedTensor): Generator<Uint8Array> {
  const all = values(name);
  for (let at = 0; at < all.length; at += 3) yield encodeWeights(dtype as WeightDtype, all.slice(at, at + 3));
}

Deno.test("`writeWeightFiles()` writes one file that `readSafetensors()` and `openWeightFiles()` read", async () => {
  await withFolder(async (folder) => {
    const { files, bytes } = await writeWeightFiles(folder, plan("F32"), pieces, { metadata: { made: "so" } });
    assert.deepEqual(files, ["model.safetensors"]);
    assert.equal(bytes, 4 * (20 + 7 + 12 + 1));
    const { tensors, metadata } = await readSafetensors(`${folder}/model.safetensors`);
    assert.deepEqual(metadata, { format: "pt", made: "so" });
    const open = await openWeightFiles(folder);
    for (const [name, shape] of Object.entries(SHAPES)) {
      const all = values(name);
      assert.deepEqual(tensors.get(name), { dtype: "F32", shape, data: all });
      assert.deepEqual(open.weights.get(name)?.shape, shape);
      for (const [begin, end] of [[0, all.length], [1, 1], [all.length >> 1, all.length]] as const) {
        assert.deepEqual(open.read(name, begin, end), all.slice(begin, end));
      }
    }
    open.close();
  });
});

Deno.test("`writeWeightFiles()` splits into shards that `openWeightFiles()` joins, a large weight in its own shard", async () => {
  await withFolder(async (folder) => {
    const { files } = await writeWeightFiles(folder, plan("BF16"), pieces, { shardBytes: 39 });
    assert.deepEqual(files, [1, 2, 3, 4].map((i) => `model-0000${i}-of-00004.safetensors`));
    const index = await readJson(`${folder}/model.safetensors.index.json`);
    assert.deepEqual(index.metadata, { total_size: 80 });
    const open = await openWeightFiles(folder);
    for (const name of Object.keys(SHAPES)) {
      const all = values(name);
      const rounded = open.read(name, 0, all.length);
      rounded.forEach((value, i) => assert.ok(Math.abs(value - all[i]!) <= Math.abs(all[i]!) / 256, name));
    }
    open.close();
  });
});

Deno.test("`writeWeightFiles()` refuses data whose size does not match the shape", async () => {
  await withFolder(async (folder) => {
    const wrong = () => [new Uint8Array(3)];
    await assert.rejects(writeWeightFiles(folder, plan("F32"), wrong), /needs \d+ bytes, not 3/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("`encodeWeights()` rounds to the nearest, ties to even, and keeps infinities and NaN", () => {
  const bits = (dtype: WeightDtype, value: number) =>
    new Uint16Array(encodeWeights(dtype, Float32Array.of(value)).slice().buffer)[0];
  const cases: [WeightDtype, number, number][] = [
    ["BF16", 1, 0x3f80],
    ["BF16", 1 + 1 / 256, 0x3f80], // half way between two, to the even one
    ["BF16", 1 + 3 / 256, 0x3f82],
    ["BF16", 1 + 1 / 256 + 2 ** -20, 0x3f81],
    ["BF16", -0, 0x8000],
    ["BF16", 3.4e38, 0x7f80], // above the largest bfloat16
    ["BF16", -Infinity, 0xff80],
    ["BF16", NaN, 0x7fc0],
    ["F16", 1 + 1 / 2048, 0x3c00],
    ["F16", 1 + 3 / 2048, 0x3c02],
    ["F16", 65519, 0x7bff],
    ["F16", 65520, 0x7c00],
    ["F16", 2 ** -24, 0x0001],
    ["F16", -(2 ** -25), 0x8000],
  ];
  for (const [dtype, value, wanted] of cases) assert.equal(bits(dtype, value), wanted, `${dtype} ${value}`);
  // A NaN with only low fraction bits must not become an infinity.
  const nan = new Float32Array(Uint32Array.of(0x7f800001, 0xffffffff).buffer);
  assert.deepEqual([...new Uint16Array(encodeWeights("BF16", nan).slice().buffer)], [0x7fc0, 0xffff]);
});

Deno.test("`encodeWeights()` and `read()` keep every half-precision number", async () => {
  await withFolder(async (folder) => {
    for (const dtype of ["F16", "BF16"] as const) {
      const halves = Uint16Array.from({ length: 65_536 }, (_, i) => i);
      const weight = { name: "all", dtype, shape: [halves.length] };
      await writeWeightFiles(folder, [weight], () => [new Uint8Array(halves.buffer)]);
      const open = await openWeightFiles(folder);
      const read = open.read("all", 0, halves.length);
      open.close();
      const again = new Uint16Array(encodeWeights(dtype, read).slice().buffer);
      read.forEach((value, i) => assert.ok(Number.isNaN(value) || again[i] === i, `${dtype} ${i}`));
    }
  });
});

Deno.test("`openWeightFiles()` refuses folders without a model, and weights of other types", async () => {
  await withFolder(async (folder) => {
    const refuses = (code: string, says: RegExp) => (error: unknown) =>
      error instanceof UserError && error.code === code && says.test(error.message);
    await assert.rejects(openWeightFiles(`${folder}/none`), refuses("model.no-weights", /there is no folder/));
    await assert.rejects(openWeightFiles(folder), refuses("model.no-weights", /neither model.safetensors nor/));
    const index = { weight_map: { a: "one.safetensors", b: "one.safetensors" } };
    await Deno.writeTextFile(`${folder}/model.safetensors.index.json`, JSON.stringify(index));
    await writeSafetensors(`${folder}/one.safetensors`, { a: { shape: [1], data: Int32Array.of(7) } });
    await assert.rejects(openWeightFiles(folder), refuses("model.bad-folder", /"b" is not in "one.safetensors"/));
    await Deno.rename(`${folder}/one.safetensors`, `${folder}/model.safetensors`);
    const open = await openWeightFiles(folder);
    assert.throws(() => open.read("a", 0, 1), refuses("model.dtype", /type is I32/));
    assert.deepEqual([...open.readBytes("a", 0, 1)], [7, 0, 0, 0]);
    open.close();
  });
});
