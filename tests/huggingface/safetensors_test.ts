// safetensors: round trips, deterministic bytes, and a specific error for every false claim.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { hashTensors } from "../../lib/huggingface/hash.ts";
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from "../../lib/huggingface/safetensors.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A file with this header text and this many bytes of data. */
function fileOf(header: string | Uint8Array, dataBytes = 0, claimed?: bigint): Uint8Array {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + json.length + i] = i;
  return bytes;
}

const tensor = (shape: string, offsets: string, dtype = '"F32"') =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;

/** Damaged files, and what the error must say. */
const DAMAGED: readonly [name: string, bytes: Uint8Array, says: RegExp][] = [
  ["an empty file", new Uint8Array(0), /0 bytes/],
  ["7 bytes", new Uint8Array(7), /7 bytes/],
  ["a header longer than the file", fileOf("{}", 0, 3n), /claims 3 bytes, but only 2/],
  ["a header over 100 MB", fileOf("{}", 0, 100_000_001n), /limit of 100000000/],
  ["a header length of 2^64 - 1", fileOf("{}", 0, 2n ** 64n - 1n), /18446744073709551615/],
  ["a header of no bytes", fileOf(""), /start with "{"/],
  ["a header that is not UTF-8", fileOf(new Uint8Array([0x7b, 0xff, 0x7d])), /not UTF-8/],
  ["a header that is not JSON", fileOf("{nonsense}"), /not JSON/],
  ["a header that ends early", fileOf('{"a":'), /not JSON/],
  ["a header that starts with a blank", fileOf(" {}"), /start with "{"/],
  ["a header that starts with a byte order mark", fileOf("\ufeff{}"), /start with "{"/],
  ["a header that is a list", fileOf("[]"), /start with "{"/],
  [
    "a repeated tensor",
    fileOf(`{"a":${tensor("[1]", "[0,4]")},"a":${tensor("[1]", "[0,4]")}}`, 4),
    /"a" appears twice/,
  ],
  [
    "a repeated tensor, spelt differently",
    fileOf(`{"a":${tensor("[1]", "[0,4]")},"\\u0061":${tensor("[1]", "[0,4]")}}`, 4),
    /"a" appears twice/,
  ],
  [
    "a repeated key in a tensor",
    fileOf('{"a":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
    /"dtype" app/,
  ],
  ["metadata that is no string", fileOf('{"__metadata__":{"step":3}}'), /metadata "step" is not a string but 3/],
  ["metadata that is a list", fileOf('{"__metadata__":[]}'), /__metadata__ is not an object/],
  ["a tensor that is a number", fileOf('{"a":1}'), /"a" is not described/],
  [
    "an unknown key in a tensor",
    fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}}'),
    /unknown key "x"/,
  ],
  [
    "an unknown dtype",
    fileOf(`{"a":${tensor("[1]", "[0,4]", '"F33"')}}`, 4),
    /"a" has dtype "F33"; the known ones are/,
  ],
  ["a dtype named like a method", fileOf(`{"a":${tensor("[1]", "[0,4]", '"toString"')}}`, 4), /dtype "toString"/],
  ["no dtype", fileOf('{"a":{"shape":[0],"data_offsets":[0,0]}}'), /dtype none/],
  ["a negative shape", fileOf(`{"a":${tensor("[-1]", "[0,4]")}}`, 4), /shape \[-1\]/],
  ["a fractional shape", fileOf(`{"a":${tensor("[0.5]", "[0,4]")}}`, 4), /0\.5 is not a whole number/],
  ["a shape written as a float", fileOf(`{"a":${tensor("[1.0]", "[0,4]")}}`, 4), /1\.0 is not a whole number/],
  ["a shape with an exponent", fileOf(`{"a":${tensor("[1e999]", "[0,4]")}}`, 4), /1e999 is not a whole number/],
  ["a huge shape", fileOf(`{"a":${tensor("[18446744073709551616]", "[0,4]")}}`, 4), /has shape/],
  ["a shape of strings", fileOf(`{"a":${tensor('["1"]', "[0,4]")}}`, 4), /has shape/],
  [
    "a shape whose product overflows",
    fileOf(`{"a":${tensor("[4294967296,4294967296]", "[0,0]")}}`),
    /73786976294838206464 bytes/,
  ],
  ["a shape that needs more than its offsets", fileOf(`{"a":${tensor("[2]", "[0,4]")}}`, 4), /needs 8 bytes.*hold 4/],
  ["a shape that needs less than its offsets", fileOf(`{"a":${tensor("[1]", "[0,8]")}}`, 8), /needs 4 bytes.*hold 8/],
  ["a shape that ends within a byte", fileOf(`{"a":${tensor("[3]", "[0,2]", '"F4"')}}`, 2), /F4 needs 12 bits.*hold 2/],
  ["reversed offsets", fileOf(`{"a":${tensor("[1]", "[4,0]")}}`, 4), /ends at 0, before its start at 4/],
  ["negative offsets", fileOf(`{"a":${tensor("[1]", "[-4,0]")}}`, 4), /data_offsets \[-4,0\]/],
  ["three offsets", fileOf(`{"a":${tensor("[1]", "[0,4,8]")}}`, 8), /two whole numbers/],
  ["offsets outside the file", fileOf(`{"a":${tensor("[2]", "[0,8]")}}`, 4), /ends at byte 8.*holds only 4/],
  [
    "overlapping tensors",
    fileOf(`{"a":${tensor("[2]", "[0,8]")},"b":${tensor("[2]", "[4,12]")}}`, 12),
    /"b" starts at byte 4, inside/,
  ],
  [
    "two tensors on the same bytes",
    fileOf(`{"a":${tensor("[1]", "[0,4]")},"b":${tensor("[1]", "[0,4]")}}`, 4),
    /inside/,
  ],
  [
    "a hole",
    fileOf(`{"a":${tensor("[1]", "[0,4]")},"b":${tensor("[1]", "[8,12]")}}`, 12),
    /bytes 4 to 8 before tensor "b"/,
  ],
  ["a hole at the start", fileOf(`{"a":${tensor("[1]", "[4,8]")}}`, 8), /bytes 0 to 4/],
  ["data that no tensor reaches", fileOf(`{"a":${tensor("[1]", "[0,4]")}}`, 5), /bytes 4 to 5 at its end/],
];

for (const [name, bytes, says] of DAMAGED) {
  Deno.test(`\`readSafetensors()\` refuses ${name}`, () =>
    withFolder(async (folder) => {
      const path = `${folder}/damaged.safetensors`;
      await Deno.writeFile(path, bytes);
      for (const read of [readSafetensors, readSafetensorsHeader]) {
        await assert.rejects(read(path), (error) => {
          assert.ok(error instanceof UserError, String(error));
          assert.match(error.message, says);
          assert.ok(error.message.includes(path));
          assert.match(error.code, /^safetensors\./);
          assert.ok(error.hint);
          return true;
        });
      }
    }));
}

Deno.test("`readSafetensors()` refuses every truncation of a good file, and an extra byte", () =>
  withFolder(async (folder) => {
    const path = `${folder}/t.safetensors`;
    await writeSafetensors(path, { a: { shape: [3], data: new Float32Array([1, 2, 3]) } }, { k: "v" });
    const whole = await Deno.readFile(path);
    for (let length = 0; length < whole.length; length++) {
      await Deno.writeFile(path, whole.subarray(0, length));
      await assert.rejects(readSafetensors(path), UserError, `cut to ${length} bytes`);
    }
    await Deno.writeFile(path, new Uint8Array([...whole, 0]));
    await assert.rejects(readSafetensors(path), UserError);
  }));

Deno.test("`readSafetensors()` names a missing file, and a folder", () =>
  withFolder(async (folder) => {
    await assert.rejects(readSafetensors(`${folder}/none`), { code: "file.missing", message: /none"/ });
    await assert.rejects(readSafetensors(folder), (error) =>
      error instanceof UserError && error.message.includes(folder));
  }));

Deno.test({
  name: "`readSafetensors()` refuses a named pipe, which would wait forever",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      assert.ok((await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output()).success);
      await assert.rejects(readSafetensors(`${folder}/pipe`), { code: "file.not-a-file", message: /pipe"/ });
    }),
});

Deno.test("`writeSafetensors()` and `readSafetensors()` keep names, shapes, types and values", () =>
  withFolder(async (folder) => {
    const path = `${folder}/t.safetensors`;
    const tensors = {
      "model.b": { shape: [2, 3], data: new Float32Array([1, -0, NaN, Infinity, 1e-45, 6]) },
      "scalar": { shape: [], data: new Float32Array([7]) },
      "empty": { shape: [0, 5], data: new Float32Array(0) },
      "1": { shape: [1], data: new Int32Array([-5]) },
      "wide": { shape: [2], data: new BigInt64Array([-(2n ** 62n), 3n]) },
      "bytes": { shape: [3], data: new Uint8Array([1, 2, 255]) },
      ["__proto__"]: { shape: [1], data: new Float32Array([9]) },
      "constructor": { shape: [1], data: new Float32Array([10]) },
      'ü "quoted"\n': { shape: [1], data: new Float32Array([11]) },
    };
    const metadata = JSON.parse('{"format":"pt","__proto__":"odd"}');
    await writeSafetensors(path, tensors, metadata);
    const read = await readSafetensors(path);
    assert.equal(read.tensors.size, Object.keys(tensors).length);
    for (const [name, { shape, data }] of Object.entries(tensors)) {
      assert.deepEqual(read.tensors.get(name)!.shape, shape, name);
      assert.deepEqual(read.tensors.get(name)!.data, data, name);
    }
    assert.deepEqual(read.metadata, metadata);
    const header = await readSafetensorsHeader(path);
    assert.equal(header.dataStart % 8, 0);
    for (const { dtype, begin } of header.tensors.values()) {
      if (dtype !== "U8") assert.equal(begin % 4, 0);
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["t.safetensors"]);
  }));

Deno.test("`writeSafetensors()` writes the same bytes for any order of names", () =>
  withFolder(async (folder) => {
    const a = { shape: [1], data: new Float32Array([1]) };
    const b = { shape: [1], data: new Float32Array([2]) };
    await writeSafetensors(`${folder}/1`, { a, b }, { x: "1", y: "2" });
    await writeSafetensors(`${folder}/2`, new Map([["b", b], ["a", a]]), { y: "2", x: "1" });
    assert.deepEqual(await Deno.readFile(`${folder}/1`), await Deno.readFile(`${folder}/2`));
  }));

Deno.test("`writeSafetensors()` leaves the old file when it fails", () =>
  withFolder(async (folder) => {
    await assert.rejects(
      writeSafetensors(`${folder}/none/t`, { a: { shape: [1], data: new Float32Array(1) } }),
      { code: "file.cannot-write" },
    );
    await assert.rejects(writeSafetensors(`${folder}/t`, { a: { shape: [2], data: new Float32Array(1) } }), TypeError);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("`writeSafetensors()` takes views and shared memory", () =>
  withFolder(async (folder) => {
    const shared = new Float32Array(new SharedArrayBuffer(32), 8, 2);
    shared.set([1, 2]);
    const view = new Float32Array([0, 3, 4, 0]).subarray(1, 3);
    await writeSafetensors(`${folder}/t`, { shared: { shape: [2], data: shared }, view: { shape: [2], data: view } });
    const { tensors } = await readSafetensors(`${folder}/t`);
    assert.deepEqual([...tensors.get("shared")!.data], [1, 2]);
    assert.deepEqual([...tensors.get("view")!.data], [3, 4]);
  }));

Deno.test("`readSafetensors()` reads all types of the format, and those without a typed array as bytes", () =>
  withFolder(async (folder) => {
    const types = { F8_E4M3: 4, F8_E4M3FNUZ: 4, F8_E5M2: 4, F8_E5M2FNUZ: 4, F8_E8M0: 4, F6_E2M3: 3, F6_E3M2: 3, F4: 2 };
    for (const [dtype, size] of Object.entries({ ...types, C64: 32, BOOL: 4, F64: 32 })) {
      const json = `{"__metadata__":null,"a":${tensor("[4]", `[0,${size}]`, `"${dtype}"`)}}`;
      await Deno.writeFile(`${folder}/t`, fileOf(json.padEnd(Math.ceil(json.length / 8) * 8), size));
      const { tensors, metadata } = await readSafetensors(`${folder}/t`);
      assert.deepEqual(metadata, {});
      assert.equal(tensors.get("a")!.dtype, dtype);
      if (dtype !== "F64") assert.deepEqual([...tensors.get("a")!.data], Array.from({ length: size }, (_, i) => i));
    }
  }));

Deno.test("`readSafetensors()` widens F16 and BF16 exactly", () =>
  withFolder(async (folder) => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x8000]);
    const brains = new Uint16Array([0x3f80, 0xc000, 0x7f80]);
    const header = `{"h":${tensor("[8]", "[0,16]", '"F16"')},"b":${tensor("[3]", "[16,22]", '"BF16"')}}`;
    const bytes = fileOf(header, 22);
    bytes.set(new Uint8Array(halves.buffer), bytes.length - 22);
    bytes.set(new Uint8Array(brains.buffer), bytes.length - 6);
    await Deno.writeFile(`${folder}/t`, bytes);
    const { tensors } = await readSafetensors(`${folder}/t`);
    const half = [1, -2, 2 ** -24, 65504, Infinity, -Infinity, NaN, -0];
    assert.deepEqual(tensors.get("h")!.data, new Float32Array(half));
    assert.deepEqual(tensors.get("b")!.data, new Float32Array([1, -2, Infinity]));
  }));

Deno.test("`hashTensors()` depends on names, types, shapes and bytes, and on nothing else", () => {
  const a = { shape: [2], data: new Float32Array([1, 2]) };
  const b = { shape: [1], data: new Float32Array([3]) };
  const hash = hashTensors({ a, b });
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(hashTensors({ b, a }), hash);
  assert.equal(hashTensors(new Map([["a", { ...a, data: a.data.slice() }], ["b", b]])), hash);
  const others = [
    { a, c: b },
    { a: { ...a, shape: [1, 2] }, b },
    { a: { ...a, data: new Float32Array([1, 2.0000002]) }, b },
    { a: { shape: [2], data: new Int32Array(a.data.buffer.slice(0)) }, b },
    { a: b, b: a },
    { a },
  ];
  assert.equal(new Set([hash, ...others.map((tensors) => hashTensors(tensors))]).size, others.length + 1);
});
