// JSON in model folders: read like Python, changed in place; and strict safetensors headers.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { readJson } from "../../lib/huggingface/files.ts";
import { readSafetensors, writeSafetensors } from "../../lib/huggingface/safetensors.ts";
import { changeJson, parsePythonJson } from "../../lib/huggingface/python-json.ts";
import { random } from "../../lib/random.ts";
import { optionalTest, python } from "../optional.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const changed = (text: string, ...changes: Parameters<typeof changeJson>[1]) =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(changeJson(bytes(text), changes));

/** Texts that Python's `json.loads()` reads although JSON.parse does not, or reads in its own way. */
const PYTHON_TEXTS = [
  '{"a": Infinity, "b": -Infinity, "c": [NaN, {"d": NaN}]}',
  '\ufeff{"a": 1}',
  '\ufeff{"limit": [0.0, Infinity]}',
  '{"a": 1, "b": 2, "a": 3}',
  '{"Infinity": "NaN", "text": "-Infinity, NaN", "esc\\\\": "\\"Infinity\\"", "x": Infinity}',
  '{"__proto__": {"x": NaN}, "constructor": 1e999, "n": -0.0}',
  "Infinity",
  "[]",
];

Deno.test("`parsePythonJson()` reads Infinity, NaN, a byte order mark and repeated keys, where the last one counts", () => {
  const [numbers, mark, both, twice, strings, proto, bare] = PYTHON_TEXTS.map((text) => parsePythonJson(bytes(text)));
  assert.deepEqual(numbers, { a: Infinity, b: -Infinity, c: [NaN, { d: NaN }] });
  assert.deepEqual(mark, { a: 1 });
  assert.deepEqual(both, { limit: [0, Infinity] });
  assert.deepEqual(twice, { a: 3, b: 2 });
  assert.deepEqual(strings, { Infinity: "NaN", text: "-Infinity, NaN", "esc\\": '"Infinity"', x: Infinity });
  assert.deepEqual(Object.entries(proto as object).map(([key]) => key), ["__proto__", "constructor", "n"]);
  assert.equal(bare, Infinity);
});

optionalTest("python-torch", "`parsePythonJson()` and Python's `json.loads()` read the same", () => {
  const script = "import sys, json; [json.loads(t.encode()) for t in json.loads(sys.argv[1])]";
  python(["-c", script, JSON.stringify(PYTHON_TEXTS)]);
});

Deno.test("`parsePythonJson()` refuses what Python refuses", () => {
  const bad = [
    "",
    "{",
    "{'a': 1}",
    '{"a": 1,}',
    '{"a": nan}',
    '{"a": +Infinity}',
    '{"a": Infinityx}',
    '{"a": - Infinity}',
  ];
  for (const text of [...bad, '{"a": NaN', "{Infinity: 1}", "\ufeff\ufeff{}", '{"a": 1} // note', '{"a": "x\ny"}']) {
    assert.throws(() => parsePythonJson(bytes(text)), SyntaxError, text);
  }
  assert.throws(() => parsePythonJson(new Uint8Array([0x7b, 0xff, 0x7d])), /not UTF-8/);
});

Deno.test("`readJson()` refuses JSON that is not an object, naming the file", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (
      const [text, says] of [["Infinity", /not a JSON object/], ["[1]", /not a JSON object/], [
        "{x",
        /not JSON/,
      ]] as const
    ) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(readJson(path), (error) => {
        assert.ok(error instanceof UserError && error.message.includes(path), String(error));
        assert.match(error.message, says);
        return true;
      });
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("`changeJson()` changes only the value", () => {
  const text =
    '\ufeff{\r\n  "a" : 30.0,\n\t"b": {"dtype": "float32", "x": [1.0, {"dtype": 0.0}]}, "dtype":"float32"\n}\n\n';
  assert.equal(
    changed(text, { path: ["dtype"], value: "bfloat16" }),
    text.replace('"dtype":"float32"', '"dtype":"bfloat16"'),
  );
  assert.equal(changed(text, { path: ["b", "dtype"], value: 1 }), text.replace('{"dtype": "float32"', '{"dtype": 1'));
  assert.equal(
    changed(text, { path: ["b"], value: null }),
    text.replace(/\{"dtype": "float32".*\}\]\}/, "null"),
  );
  assert.equal(changed('{"a": 1, "a": {"b": 2}}', { path: ["a"], value: 3 }), '{"a": 1, "a": 3}');
  assert.equal(changed('{"a": 1, "a": {"b": 2}}', { path: ["a", "b"], value: 3 }), '{"a": 1, "a": {"b": 3}}');
  assert.equal(changed('{"\\u0061": Infinity}', { path: ["a"], value: true }), '{"\\u0061": true}');
});

Deno.test("`changeJson()` adds a missing key in the file's formatting", () => {
  const add = { path: ["new"], value: false } as const;
  assert.equal(
    changed('{\n  "a": 1.0,\n  "b": [\n    2\n  ]\n}\n', add),
    '{\n  "a": 1.0,\n  "b": [\n    2\n  ],\n  "new": false\n}\n',
  );
  assert.equal(changed('{"a": 1}', add), '{"a": 1, "new": false}');
  assert.equal(changed("{}", add), '{"new": false}');
  assert.equal(changed("{\n}", add), '{\n"new": false}');
  assert.equal(
    changed('{\n  "t": {\n    "a": 1\n  }\n}', { path: ["t", "new"], value: 2 }),
    '{\n  "t": {\n    "a": 1,\n    "new": 2\n  }\n}',
  );
});

Deno.test("`changeJson()` changes random objects correctly", () => {
  const seed = Date.now() % 1e6;
  const source = random(seed, "json");
  const textOf = (codes: readonly number[]) =>
    JSON.stringify(
      String.fromCodePoint(...Array.from({ length: source.int(5) }, () => codes[source.int(codes.length)]!)),
    );
  const text = () => textOf([34, 92, 123, 44, 58, 97, 233]);
  // Keys have no backslash: once V8 15.0 (Deno 2.9.6) has parsed a key "\\", it takes "\"" in its place for the same.
  const keyText = () => textOf([34, 123, 44, 58, 97, 233]);
  const value = (depth: number): string => {
    const kind = source.int(depth > 2 ? 4 : 6);
    const list = (member: () => string) =>
      Array.from({ length: source.int(4) }, member).join(source.int(2) === 0 ? "," : " ,\n ");
    if (kind === 0) return text();
    if (kind === 1) return String(source.int(100) / 8);
    if (kind === 2) return ["true", "null", "NaN", "-Infinity"][source.int(4)]!;
    if (kind === 3) return `${source.int(9)}.0`;
    return kind === 4 ? `[${list(() => value(depth + 1))}]` : `{${list(() => `${keyText()} :${value(depth + 1)}`)}}`;
  };
  for (let i = 0; i < 300; i++) {
    const before = `{${Array.from({ length: source.int(5) }, () => `${keyText()}: ${value(0)}`).join(", ")}}`;
    const object = parsePythonJson(bytes(before)) as Record<string, unknown>;
    for (const key of [...Object.keys(object), "missing"]) {
      const after = changed(before, { path: [key], value: "changed" });
      assert.deepEqual(parsePythonJson(bytes(after)), { ...object, [key]: "changed" }, `seed ${seed}: ${before}`);
    }
  }
});

Deno.test("a header with a string of many megabytes is read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const note = 'a\\"'.repeat(4e6);
    await writeSafetensors(`${folder}/t`, { a: { shape: [1], data: new Float32Array([1]) } }, { note });
    const { metadata } = await readSafetensors(`${folder}/t`);
    assert.ok(metadata.note === note);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
