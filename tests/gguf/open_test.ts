// The GGUF format: metadata and tensors are read as Python's gguf wrote them; what breaks the format is refused.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { type GgufFile, openGguf, TENSOR_TYPES, TYPE_NAMES } from "../../lib/gguf/mod.ts";
import {
  entry,
  entryText,
  entryTexts,
  entryU32,
  f32,
  f64,
  fixture,
  gguf,
  i16,
  i32,
  i64,
  i8,
  join,
  type Listed,
  listed,
  text,
  u16,
  u32,
  u64,
  u8,
  withFile,
} from "./bytes.ts";

async function withGguf(bytes: Uint8Array, body: (file: GgufFile) => void): Promise<void> {
  await withFile(bytes, async (path) => {
    using file = await openGguf(path);
    body(file);
  });
}

Deno.test("quantized blocks have the values of Python's gguf.quants.dequantize, bit for bit", async () => {
  using file = await openGguf(fixture("quantizations.gguf"));
  for (const type of TYPE_NAMES) {
    if (type === "F32") continue; // read as it is
    const expected = file.read(`${type}.values`);
    const found = file.read(type);
    assert.equal(file.tensors.get(type)!.type, type);
    assert.deepEqual(file.tensors.get(type)!.shape, file.tensors.get(`${type}.values`)!.shape);
    assert.ok(new Set(expected).size > 20, `the expected values of ${type} differ from each other`);
    assert.deepEqual(new Uint32Array(found.buffer), new Uint32Array(expected.buffer), type);
  }
});

Deno.test("metadata of every type is read, nested arrays too", async () => {
  const entries = [
    entry("u8", 0, u8(200)),
    entry("i8", 1, i8(-3)),
    entry("u16", 2, u16(60_000)),
    entry("i16", 3, i16(-300)),
    entry("u32", 4, u32(4_000_000_000)),
    entry("i32", 5, i32(-7)),
    entry("f32", 6, f32(0.5)),
    entry("yes", 7, u8(1)),
    entry("no", 7, u8(0)),
    entryText("text", "naïve\0日本"),
    entryTexts("texts", ["", "a", "b"]),
    entry("empty", 9, u32(6), u64(0)),
    entry("nested", 9, u32(9), u64(2), u32(0), u64(2), u8(1), u8(2), u32(8), u64(1), text("x")),
    entry("u64", 10, u64(2n ** 40n)),
    entry("big", 10, u64(2n ** 63n)),
    entry("i64", 11, i64(-(2n ** 62n))),
    entry("f64", 12, f64(1e300)),
    entryText("__proto__", "own"),
  ];
  for (const version of [2, 3]) {
    await withGguf(gguf({ version, entries }), ({ metadata, version: found }) => {
      assert.equal(found, version);
      assert.deepEqual([...metadata], [
        ["u8", 200],
        ["i8", -3],
        ["u16", 60_000],
        ["i16", -300],
        ["u32", 4_000_000_000],
        ["i32", -7],
        ["f32", 0.5],
        ["yes", true],
        ["no", false],
        ["text", "naïve\0日本"],
        ["texts", ["", "a", "b"]],
        ["empty", []],
        ["nested", [[1, 2], ["x"]]],
        ["u64", 2 ** 40],
        ["big", 2n ** 63n],
        ["i64", -(2n ** 62n)],
        ["f64", 1e300],
        ["__proto__", "own"],
      ]);
    });
  }
});

Deno.test("a header longer than one piece is read", async () => {
  const words = Array.from({ length: 30_000 }, (_, i) => `${i} ${"x".repeat(i % 97)}`);
  const entries = [entryText("long", "y".repeat(3_000_000)), entryTexts("words", words), entryU32("last", 7)];
  await withGguf(gguf({ entries }), ({ metadata }) => {
    assert.equal((metadata.get("long") as string).length, 3_000_000);
    assert.deepEqual(metadata.get("words"), words);
    assert.equal(metadata.get("last"), 7);
  });
});

Deno.test("shapes are outermost first, and tensors keep their places under another alignment", async () => {
  const data = new Float32Array(64).map((_, i) => i);
  const tensors: Listed[] = [
    { name: "b", dimensions: [3, 2], type: "F32", offset: 64 },
    { name: "a", dimensions: [5], type: "F32", offset: 0 },
  ];
  const bytes = gguf({
    entries: [entryU32("general.alignment", 64)],
    tensors,
    data: new Uint8Array(data.buffer),
    alignment: 64,
  });
  await withGguf(bytes, (file) => {
    assert.deepEqual([...file.tensors.keys()], ["b", "a"]);
    assert.deepEqual(file.tensors.get("b")!.shape, [2, 3]);
    assert.deepEqual([...file.read("a")], [0, 1, 2, 3, 4]);
    assert.deepEqual([...file.read("b")], [16, 17, 18, 19, 20, 21]);
  });
});

Deno.test("a tensor larger than one piece is read whole", async () => {
  const { block, bytes } = TENSOR_TYPES.Q5_0;
  const blocks = 400_000; // 8.8 MB
  const data = new Uint8Array(blocks * bytes);
  const halves = new Float16Array(data.buffer);
  for (let i = 0; i < blocks; i++) halves[i * bytes / 2] = i % 1000;
  const tensor: Listed = { name: "t", dimensions: [block, blocks], type: "Q5_0", offset: 0 };
  await withGguf(gguf({ tensors: [tensor], data }), (file) => {
    const values = file.read("t");
    assert.equal(values.length, block * blocks);
    assert.ok(values.every((value, i) => value === -16 * (Math.floor(i / block) % 1000)));
  });
});

const one = (tensor: Partial<Listed>): Listed => ({ name: "t", dimensions: [32], type: "F32", offset: 0, ...tensor });
const magic = new TextEncoder().encode("GGUF");
const nest = (depth: number): Uint8Array => depth === 0 ? join(u32(0), u64(0)) : join(u32(9), u64(1), nest(depth - 1));
const room = new Uint8Array(256);

/** Damaged files: the error's code, words of its message, and the bytes. */
const DAMAGED: Readonly<Record<string, [code: string, words: RegExp, bytes: Uint8Array]>> = {
  "an empty file": ["gguf.too-short", /has 0 bytes/, new Uint8Array(0)],
  "a ZIP archive": ["gguf.magic", /not a GGUF file/, join(new TextEncoder().encode("PK\x03\x04"), room)],
  "version 1": ["gguf.version", /version 1 .* 2 and 3/, join(magic, u32(1), room)],
  "version 4": ["gguf.version", /version 4/, join(magic, u32(4), room)],
  "big-endian": ["gguf.big-endian", /big-endian/, join(magic, Uint8Array.of(0, 0, 0, 3), room)],
  "more tensors than the file holds": ["gguf.truncated", /claims 9 tensors/, join(magic, u32(3), u64(9), u64(0))],
  "2^60 tensors": ["gguf.count", /1152921504606846976 tensors/, join(magic, u32(3), u64(2n ** 60n), u64(0))],
  "2^63 entries": ["gguf.count", /metadata entries/, join(magic, u32(3), u64(0), u64(2n ** 63n))],
  "a key that ends after the file": [
    "gguf.truncated",
    /bytes for key 0/,
    join(magic, u32(3), u64(0), u64(1), u64(1000), room),
  ],
  "a string of 2^62 bytes": ["gguf.count", /"k"/, gguf({ entries: [entry("k", 8, u64(2n ** 62n))] })],
  "an array of 2^40 bytes": ["gguf.count", /"k"/, gguf({ entries: [entry("k", 9, u32(0), u64(2n ** 40n))] })],
  "an array longer than the file": [
    "gguf.truncated",
    /1000 elements for the metadata "k"/,
    gguf({ entries: [entry("k", 9, u32(4), u64(1000), u32(1))] }),
  ],
  "arrays nested too deep": ["gguf.depth", /"k" nests/, gguf({ entries: [entry("k", 9, nest(1000))] })],
  "a value of type 13": ["gguf.value-type", /"k" has the type 13/, gguf({ entries: [entry("k", 13), room] })],
  "an array of type 99": ["gguf.value-type", /type 99/, gguf({ entries: [entry("k", 9, u32(99), u64(1), room)] })],
  "the boolean 2": ["gguf.bool", /"k" is the boolean 2/, gguf({ entries: [entry("k", 7, u8(2)), entryU32("l", 1)] })],
  "text that is not UTF-8": [
    "gguf.utf8",
    /"k" at byte \d+ is not UTF-8/,
    gguf({ entries: [entry("k", 8, u64(2), u8(0xff), u8(0xfe)), entryU32("l", 1)] }),
  ],
  "a key twice": ["gguf.duplicate", /"k" twice/, gguf({ entries: [entryU32("k", 1), entryU32("k", 1)] })],
  "an alignment of 0": ["gguf.alignment", /is 0/, gguf({ entries: [entryU32("general.alignment", 0)] })],
  "an alignment of 48": ["gguf.alignment", /is 48/, gguf({ entries: [entryU32("general.alignment", 48)] })],
  "an alignment of 2^31": ["gguf.alignment", /2147483648/, gguf({ entries: [entryU32("general.alignment", 2 ** 31)] })],
  "an alignment that is text": ["gguf.alignment", /is x/, gguf({ entries: [entryText("general.alignment", "x")] })],
  "no dimensions": ["gguf.rank", /"t" has 0 dim/, gguf({ tensors: [one({ dimensions: [] })], data: room })],
  "five dimensions": ["gguf.rank", /5 dim/, gguf({ tensors: [one({ dimensions: [1, 1, 1, 1, 1] })], data: room })],
  "2^31 dimensions": [
    "gguf.rank",
    /2147483648 dim/,
    join(magic, u32(3), u64(1), u64(0), text("t"), u32(2 ** 31), room),
  ],
  "a dimension of 0": ["gguf.shape", /0 × 4/, gguf({ tensors: [one({ dimensions: [0, 4] })], data: room })],
  "dimensions that overflow": [
    "gguf.shape",
    /4294967296 × 4294967296/,
    gguf({ tensors: [one({ dimensions: [2 ** 32, 2 ** 32] })], data: room }),
  ],
  "a type that is not read": [
    "gguf.type",
    /"t" has the type IQ2_XXS/,
    gguf({ tensors: [one({ type: 16, dimensions: [256] })], data: room }),
  ],
  "a type that does not exist": ["gguf.type", /number 77/, gguf({ tensors: [one({ type: 77 })], data: room })],
  "rows that are not whole blocks": [
    "gguf.block",
    /rows of 48 values, and Q4_0 packs 32/,
    gguf({ tensors: [one({ type: "Q4_0", dimensions: [48, 2] })], data: room }),
  ],
  "a misaligned tensor": ["gguf.misaligned", /byte 8 /, gguf({ tensors: [one({ offset: 8 })], data: room })],
  "a tensor past the end": ["gguf.truncated", /"t" ends/, gguf({ tensors: [one({ offset: 256 })], data: room })],
  "a tensor at 2^63": ["gguf.truncated", /"t" starts/, gguf({ tensors: [one({ offset: 2n ** 63n })], data: room })],
  "a tensor twice": ["gguf.duplicate", /two tensors named "t"/, gguf({ tensors: [one({}), one({})], data: room })],
  "overlapping tensors": [
    "gguf.overlap",
    /"t" and "u" overlap/,
    gguf({ tensors: [one({}), one({ name: "u", offset: 96 })], data: room }),
  ],
  "a list of tensors that ends with the file": [
    "gguf.truncated",
    /in the middle of its header/,
    join(magic, u32(3), u64(1), u64(0), listed(one({})).subarray(0, -1)),
  ],
};

for (const [name, [code, words, bytes]] of Object.entries(DAMAGED)) {
  Deno.test(`${name} is refused`, async () => {
    await withFile(bytes, async (path) => {
      await assert.rejects(openGguf(path), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, words);
        assert.ok(error.message.includes(path) && error.hint !== undefined);
        return true;
      });
    });
  });
}

Deno.test("a folder and a missing file are refused", async () => {
  for (const path of [fixture(""), fixture("none.gguf")]) {
    await assert.rejects(openGguf(path), (error) => error instanceof UserError && error.message.includes(path));
  }
});

Deno.test("a file that becomes shorter while it is open is refused", async () => {
  await withFile(await Deno.readFile(fixture("llama-untied.gguf")), async (path) => {
    using file = await openGguf(path);
    await Deno.truncate(path, 2000);
    assert.throws(
      () => file.read("output.weight"),
      (error) => error instanceof UserError && /shorter/.test(error.message),
    );
  });
});

Deno.test("`read()` reads any part of a tensor of every type", async () => {
  using file = await openGguf(fixture("quantizations.gguf"));
  for (const name of file.tensors.keys()) {
    const whole = file.read(name);
    for (const [begin, end] of [[0, 1], [3, whole.length], [whole.length >> 1, (whole.length >> 1) + 7]] as const) {
      assert.deepEqual(file.read(name, begin, end), whole.slice(begin, end), `${name} ${begin} ${end}`);
    }
  }
});
