// The user's files: every format is read, and whatever is wrong is said with its place.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { findFiles, readWhole } from "../../../lib/data/files/find.ts";
import { loadFiles } from "../../../lib/data/files/load.ts";
import { firstInvalidByte } from "../../../lib/data/files/utf8.ts";
import { UserError } from "../../../lib/errors.ts";
import { random } from "../../../lib/random.ts";

type Content = string | Uint8Array;

/** Runs with files in a fresh folder. */
async function withFiles(files: Record<string, Content>, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      if (name.includes("/")) {
        await Deno.mkdir(`${folder}/${name.slice(0, name.lastIndexOf("/"))}`, { recursive: true });
      }
      await Deno.writeFile(
        `${folder}/${name}`,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function texts(path: string, textField = "text"): Promise<string[]> {
  return (await loadFiles(path, "data.code", textField)).documents.map(({ text }) => text);
}

/** Asserts a UserError with this code, whose message and hint match. */
async function refuses(load: () => unknown, code: string, message: RegExp, hint = /./): Promise<void> {
  await assert.rejects(async () => await load(), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /[.\n]$/);
    if (error.hint !== undefined) assert.match(error.hint, hint);
    return true;
  });
}

const gz = (text: string) => new Uint8Array(gzipSync(text));
const parquet = (column: string, data: unknown[]) =>
  new Uint8Array(parquetWriteBuffer({ columnData: [{ name: column, data, type: "STRING" }] }));

Deno.test("`loadFiles()` reads .jsonl a record a document, .txt by paragraphs, other files whole; gzip or not", () =>
  withFiles({
    "a.jsonl": '{"text":"one"}\r\n\n{"text":"two\\nlines","x":1}\n{"text":"  "}',
    "b.jsonl.gz": gz('{"body":"three"}'),
    "c.txt": `${"p".repeat(3000)}\n\n${"q".repeat(3000)}\n`,
    "d.ts": "const a = 1;\n",
    "e.ts.gz": gz("const b = 2;\n"),
    "f.md": "\ufeff# Title\n\nText",
  }, async (folder) => {
    assert.deepEqual(await texts(`${folder}/a.jsonl`), ["one", "two\nlines"]);
    assert.deepEqual(await texts(`${folder}/b.jsonl.gz`, "body"), ["three"]);
    assert.deepEqual(await texts(`${folder}/c.txt`), ["p".repeat(3000), "q".repeat(3000)]);
    assert.deepEqual(await texts(`${folder}/*.{ts,ts.gz}`), ["const a = 1;\n", "const b = 2;\n"]);
    assert.deepEqual(await texts(`${folder}/f.md`), ["# Title\n\nText"]);
  }));

Deno.test("`loadFiles()` reads .parquet, packed with gzip on top too", () =>
  withFiles({ "a.parquet": parquet("content", ["one", "zwei", "三"]) }, async (folder) => {
    assert.deepEqual(await texts(`${folder}/a.parquet`, "content"), ["one", "zwei", "三"]);
    await Deno.writeFile(`${folder}/a.parquet.gz`, gzipSync(await Deno.readFile(`${folder}/a.parquet`)));
    assert.deepEqual(await texts(`${folder}/a.parquet.gz`, "content"), ["one", "zwei", "三"]);
    await refuses(
      () => texts(`${folder}/a.parquet`),
      "data.missing-field",
      /no field "text": it has content/,
      /=content/,
    );
  }));

Deno.test("`loadFiles()` gives every record and piece an id of its own with its file", () =>
  withFiles({ "a.jsonl": '{"text":"one"}\n{"text":"two"}', "b.txt": "x\n\ny" }, async (folder) => {
    const { documents } = await loadFiles(`${folder}/*`, "data.code", "text");
    assert.deepEqual(documents.map(({ id }) => id.slice(folder.length)), ["/a.jsonl#1", "/a.jsonl#2", "/b.txt#1"]);
  }));

Deno.test("`loadFiles()` leaves empty files of a glob out and counts them, but refuses a single one", () =>
  withFiles({ "a.ts": "a", "b.ts": "" }, async (folder) => {
    const loaded = await loadFiles(`${folder}/*.ts`, "data.code", "text");
    assert.deepEqual([loaded.documents.length, loaded.emptyFiles], [1, 1]);
    await refuses(() => texts(`${folder}/b.ts`), "data.empty-file", /data\.code names .*b\.ts, which is empty/);
  }));

Deno.test("`loadFiles()` says which byte is no UTF-8, and where a NUL is", () =>
  withFiles({
    "latin1.txt": new Uint8Array([0x63, 0x61, 0x66, 0xe9, 0x21]),
    "cut.txt": new Uint8Array([0x61, 0xe2, 0x82]),
    "nul.txt": "ab\0c",
    "bad.jsonl.gz": new Uint8Array(gzipSync(new Uint8Array([0x7b, 0xff]))),
  }, async (folder) => {
    await refuses(() => texts(`${folder}/latin1.txt`), "data.not-utf8", /latin1\.txt is not UTF-8: byte 3 is 0xe9/);
    await refuses(() => texts(`${folder}/cut.txt`), "data.not-utf8", /byte 1 is 0xe2/);
    await refuses(() => texts(`${folder}/nul.txt`), "data.nul", /nul\.txt has a NUL byte at byte 2/);
    await refuses(() => texts(`${folder}/bad.jsonl.gz`), "data.not-utf8", /byte 1 is 0xff/);
  }));

Deno.test("`loadFiles()` says which line of a .jsonl is wrong, and which fields there are", () =>
  withFiles({
    "json.jsonl": '{"text":"one"}\n{"text": oops}\n',
    "list.jsonl": '["text"]',
    "field.jsonl": '{"text":"one"}\n\n{"txt":"two"}',
    "number.jsonl": '{"text":1}',
    "null.jsonl": '{"text":null}',
    "half.jsonl": '{"text":"\\ud800"}',
    "nul.jsonl": '{"text":"\\u0000"}',
    "proto.jsonl": '{"a":1}',
  }, async (folder) => {
    const one = (name: string, field?: string) => () => texts(`${folder}/${name}.jsonl`, field);
    await refuses(one("json"), "data.bad-json", /json\.jsonl line 2 is not JSON/);
    await refuses(one("list"), "data.bad-json", /line 1 is not a JSON object/);
    await refuses(
      one("field"),
      "data.missing-field",
      /field\.jsonl line 3 has no field "text": it has txt/,
      /textField=txt/,
    );
    await refuses(one("number"), "data.bad-text", /line 1: the field "text" is a number, not text/);
    await refuses(one("null"), "data.bad-text", /is null/);
    await refuses(one("half"), "data.bad-text", /surrogate/);
    await refuses(one("nul"), "data.bad-text", /NUL/);
    await refuses(one("proto", "constructor"), "data.missing-field", /no field "constructor"/);
  }));

Deno.test("`loadFiles()` refuses broken gzip and Parquet files", () =>
  withFiles(
    { "a.txt.gz": "plain", "b.txt.gz": gz("text ".repeat(999)).slice(0, 30), "c.parquet": "PAR1" },
    async (folder) => {
      await refuses(() => texts(`${folder}/a.txt.gz`), "data.bad-gzip", /a\.txt\.gz is not a whole gzip file/);
      await refuses(() => texts(`${folder}/b.txt.gz`), "data.bad-gzip", /b\.txt\.gz/);
      await refuses(() => texts(`${folder}/c.parquet`), "data.bad-parquet", /c\.parquet is not a readable Parquet/);
    },
  ));

Deno.test("`findFiles()` refuses what is missing, a folder, and a glob without match, and names the setting", () =>
  withFiles({ "sub/a.ts": "a" }, async (folder) => {
    await refuses(() => findFiles(`${folder}/no.txt`, "data.math"), "data.missing-file", /^data\.math is ".*no\.txt"/);
    await refuses(() => findFiles(`${folder}/*.txt`, "data.math"), "data.no-match", /no file matches/, /quotation/);
    await refuses(() => findFiles(folder, "data.math"), "data.is-folder", /the folder/, /\*\*\/\*\.txt/);
    assert.deepEqual(findFiles(`${folder}/**/*.ts`, "data.math"), [`${folder}/sub/a.ts`]);
  }));

Deno.test("`findFiles()` takes a name with glob signs as it is when it exists", () =>
  withFiles({ "a[1].txt": "x", "a1.txt": "y" }, (folder) => {
    assert.deepEqual(findFiles(`${folder}/a[1].txt`, "data.code"), [`${folder}/a[1].txt`]);
    return Promise.resolve();
  }));

Deno.test("`findFiles()` refuses a link to itself, and walks a folder that links to its parent once", () =>
  withFiles({ "sub/a.txt": "a" }, async (folder) => {
    await Deno.symlink(`${folder}/self.md`, `${folder}/self.md`);
    await Deno.symlink(folder, `${folder}/sub/up`);
    await refuses(() => findFiles(`${folder}/self.md`, "data.code"), "data.link-loop", /self\.md, a symbolic link/);
    await refuses(() => findFiles(`${folder}/*.md`, "data.code"), "data.link-loop", /self\.md/);
    assert.deepEqual(findFiles(`${folder}/**/*.txt`, "data.code"), [`${folder}/sub/a.txt`]);
  }));

Deno.test("`readWhole()` refuses a file that shrinks or grows while it is read", async () => {
  const fake = (sizes: number[], chunks: number[]) => ({
    stat: () => Promise.resolve({ size: sizes.shift()!, isFile: true }),
    read: () => Promise.resolve(chunks.shift() ?? null),
  });
  assert.equal((await readWhole(fake([10, 10], [4, 6]), "f")).length, 10);
  await refuses(() => readWhole(fake([10, 6], [4, 2]), "f.txt"), "data.changed", /f\.txt changed .* 10 bytes, then 6/);
  await refuses(() => readWhole(fake([10, 15], [10]), "f.txt"), "data.changed", /f\.txt changed/);
});

Deno.test("`firstInvalidByte()` agrees with TextDecoder on random bytes", () => {
  const stream = random(1, "utf8");
  const decodes = (bytes: Uint8Array) => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const leads = [0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0x9f, 0xa0, 0x8f, 0x90];
  for (let i = 0; i < 3000; i++) {
    const bytes = Uint8Array.from({ length: stream.between(1, 6) }, () => stream.pick(leads));
    const offset = firstInvalidByte(bytes);
    assert.equal(offset === bytes.length, decodes(bytes), bytes.join());
    assert.ok(decodes(bytes.subarray(0, offset)), bytes.join());
  }
});
