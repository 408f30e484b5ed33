// Loading the user's files: every format is read, and every fault is reported with its place.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { fileTexts, readFiles } from "../../../lib/data/files/load.ts";
import type { LoadOptions } from "../../../lib/data/files/options.ts";
import type { Document } from "../../../lib/data/mod.ts";
import { gz, latin1, parquet, refuses, utf8, withFiles } from "./helpers.ts";

async function load(path: string, options: Partial<LoadOptions> = {}) {
  const documents: Document[] = [];
  const skipped = await readFiles(path, "data.code", { textField: "text", ...options }, {
    add: (document) => void documents.push(document),
    mark: () => documents.length,
    rollback: (mark: number) => void (documents.length = mark),
  });
  return { documents, skipped };
}

async function texts(path: string, textField = "text"): Promise<string[]> {
  return (await load(path, { textField })).documents.map(({ text }) => text);
}

Deno.test("`readFiles()` reads one document per .jsonl record, .txt by paragraphs and other files whole, gzipped or not", () =>
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

Deno.test("`readFiles()` reads all members of concatenated .gz files", () =>
  withFiles(
    { "a.jsonl.gz": Uint8Array.from([...gz('{"text":"one"}\n'), ...gz('{"text":"two"}\n')]) },
    async (folder) => assert.deepEqual(await texts(`${folder}/a.jsonl.gz`), ["one", "two"]),
  ));

Deno.test("`readFiles()` reads .parquet, also gzipped", () =>
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

Deno.test("`readFiles()` numbers rows across the row groups of a .parquet", () => {
  const data = Array.from({ length: 2500 }, (_, i) => i === 2100 ? "bad\0" : `text ${i}`);
  const file = parquetWriteBuffer({ columnData: [{ name: "text", data, type: "STRING" }], rowGroupSize: 1000 });
  return withFiles({ "a.parquet": new Uint8Array(file) }, async (folder) => {
    await refuses(() => texts(`${folder}/a.parquet`), "data.nul", /a\.parquet row 2101 has a NUL byte/);
    const { documents, skipped } = await load(`${folder}/a.parquet`, { skipBad: true });
    assert.deepEqual([documents.length, skipped.badRecords], [2499, 1]);
    assert.deepEqual(documents[2200], { id: `${folder}/a.parquet#2202`, text: "text 2201" });
  });
});

Deno.test("`readFiles()` reads records from .ndjson, .json arrays, JSON lines in a .json, .csv and .tsv", () =>
  withFiles({
    "a.ndjson": '{"text":"one"}\n{"text":"two"}',
    "b.json": '[\n  {"text": "one"},\n  {"text": "two"}\n]\n',
    "c.json": '["one", "two"]',
    "d.json": '{"text":"one"}\n{"text":"two"}\n',
    "e.csv": '\ufeffid,text\r\n1,one\r\n2,"two, ""quoted""\nlines"\r\n\r\n',
    "f.csv": "id;text\n1;one, two\n",
    "g.tsv.gz": gz("text\tid\none, two\t1\n"),
    "h.csv": "text\none\n",
    "config.json": '{\n  "compilerOptions": { "strict": true }\n}\n',
    "numbers.json": "[1, 2, 3]\n",
  }, async (folder) => {
    assert.deepEqual(await texts(`${folder}/a.ndjson`), ["one", "two"]);
    assert.deepEqual(await texts(`${folder}/b.json`), ["one", "two"]);
    assert.deepEqual(await texts(`${folder}/c.json`), ["one", "two"]);
    assert.deepEqual(await texts(`${folder}/d.json`), ["one", "two"]);
    assert.deepEqual(await texts(`${folder}/e.csv`), ["one", 'two, "quoted"\nlines']);
    assert.deepEqual(await texts(`${folder}/f.csv`), ["one, two"]);
    assert.deepEqual(await texts(`${folder}/g.tsv.gz`), ["one, two"]);
    assert.deepEqual(await texts(`${folder}/h.csv`), ["one"]);
    // A file without records is a text in itself.
    assert.deepEqual(await texts(`${folder}/config.json`), ['{\n  "compilerOptions": { "strict": true }\n}\n']);
    assert.deepEqual(await texts(`${folder}/numbers.json`), ["[1, 2, 3]\n"]);
    const { documents } = await load(`${folder}/b.json`);
    assert.deepEqual(documents.map(({ id }) => id), [`${folder}/b.json#1`, `${folder}/b.json#2`]);
  }));

Deno.test("`readFiles()` reports the place of a fault in a .json array or a .csv", () =>
  withFiles({
    "open.json": '[{"text":"one"},\n',
    "field.json": '[{"text":"one"},{"txt":"two"}]',
    "mixed.json": '[{"text":"one"},2]',
    "column.csv": "id,body\n1,one\n",
    "ragged.csv": "id,text\n1,one\n2,two,three\n",
    "open.csv": 'id,text\n1,"one\n2,two\n',
    "latin1.csv": latin1("id,text\n1,one\n2,caf\xe9\n"),
  }, async (folder) => {
    const read = (name: string) => () => texts(`${folder}/${name}`);
    await refuses(read("open.json"), "data.bad-json", /open\.json is not JSON/, /one array/);
    await refuses(read("field.json"), "data.missing-field", /field\.json element 2 has no field "text"/);
    await refuses(read("mixed.json"), "data.bad-json", /element 2 is a number, not a JSON object/);
    await refuses(read("column.csv"), "data.missing-field", /column\.csv has no field "text": it has id, body/);
    await refuses(read("ragged.csv"), "data.bad-csv", /ragged\.csv line 3 has 3 fields, but the first line names 2/);
    await refuses(
      read("open.csv"),
      "data.bad-csv",
      /open\.csv is not CSV: a quotation mark that opens in record 1 is never/,
      /doubled/,
    );
    await refuses(read("latin1.csv"), "data.not-utf8", /latin1\.csv line 3 is not UTF-8: byte 3 is 0xe9/);
  }));

Deno.test("`readFiles()` reads .csv as other programs write it: blank lines first, `sep=`, line ends of old Macs", () =>
  withFiles({
    "blank.csv": "\n\r\nid,text\n1,one\n",
    "sep.csv": '\ufeffsep=|\r\nid|text\r\n1|"one, two; three"\r\n',
    "tab.csv": "sep=\t\ntext\tid\none\t1\n",
    "mac.csv": 'id,text\r1,one\r2,"two\rlines"\r',
    "ragged.csv": "sep=;\nid;text\n1;one\n2\n",
    "nothing.csv": "\n\n",
  }, async (folder) => {
    assert.deepEqual(await texts(`${folder}/blank.csv`), ["one"]);
    assert.deepEqual(await texts(`${folder}/sep.csv`), ["one, two; three"]);
    assert.deepEqual(await texts(`${folder}/tab.csv`), ["one"]);
    assert.deepEqual(await texts(`${folder}/mac.csv`), ["one", "two\rlines"]);
    assert.deepEqual(await texts(`${folder}/nothing.csv`), []);
    await refuses(() => texts(`${folder}/ragged.csv`), "data.bad-csv", /ragged\.csv line 4 has 1 fields/);
  }));

Deno.test("`readFiles()` reads the NaN and Infinity of Python's JSON, and the text beside them unchanged", () =>
  withFiles({
    "a.jsonl": '{"score":NaN,"text":"one"}\n{"text":"NaN, -Infinity \\"NaN","x":[-Infinity,Infinity]}\n{"text":NaN}\n',
    "b.json": '[{"score":NaN,"text":"one"}]',
    "c.jsonl": '{"text":"one","x":NaNs}\n',
  }, async (folder) => {
    assert.deepEqual(await texts(`${folder}/a.jsonl`), ["one", 'NaN, -Infinity "NaN']);
    assert.deepEqual(await texts(`${folder}/b.json`), ["one"]);
    await refuses(() => texts(`${folder}/c.jsonl`), "data.bad-json", /line 1 is not JSON/);
  }));

Deno.test("`readFiles()` reports a damaged second line of JSON lines in a .json", () =>
  withFiles({ "a.json": '{"text":"one"}\n{"text":\n{"text":"three"}\n' }, async (folder) => {
    await refuses(() => texts(`${folder}/a.json`), "data.bad-json", /a\.json line 2 is not JSON/);
    const { skipped } = await load(`${folder}/a.json`, { skipBad: true });
    assert.equal(skipped.badRecords, 1);
  }));

Deno.test("`readFiles()` names UTF-16, and says what to do with a damaged .parquet in words", () =>
  withFiles({
    "le.txt": Uint8Array.from([0xff, 0xfe, 0x61, 0]),
    "be.jsonl": Uint8Array.from([0xfe, 0xff, 0, 0x61]),
    "zeros.parquet": utf8(`PAR1${"\0".repeat(100)}PAR1`),
    "text.parquet": "hello, this is text",
  }, async (folder) => {
    await refuses(() => texts(`${folder}/le.txt`), "data.not-utf8", /byte 0 is 0xff/, /iconv -f utf-16/);
    await refuses(() => texts(`${folder}/be.jsonl`), "data.not-utf8", /byte 0 is 0xfe/, /iconv -f utf-16/);
    await refuses(
      () => texts(`${folder}/zeros.parquet`),
      "data.bad-parquet",
      /Parquet file: its contents are damaged$/,
    );
    await refuses(() => texts(`${folder}/text.parquet`), "data.bad-parquet", /not a readable Parquet file/, /again/);
  }));

Deno.test("`readFiles()` reads text from nested fields", () => {
  const nested = parquetWriteBuffer({
    schema: [
      { name: "root", num_children: 2 },
      { name: "id", type: "INT32", repetition_type: "OPTIONAL" },
      { name: "meta", num_children: 1, repetition_type: "OPTIONAL" },
      { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
    ],
    columnData: [
      { name: "id", data: [1, 2, 3] },
      { name: "meta", data: [{ text: "one" }, null, { text: null }] },
    ],
  });
  return withFiles({
    "a.jsonl": '{"meta":{"text":"one"}}\n{"meta":null}\n{"meta":{"text":""}}\n{"meta.text":"literal"}',
    "b.json": '[{"messages":[{"content":"one"},{"content":"two"}]}]',
    "c.parquet": new Uint8Array(nested),
    "d.csv": "meta.text\none\n",
  }, async (folder) => {
    assert.deepEqual(await texts(`${folder}/a.jsonl`, "meta.text"), ["one", "literal"]);
    assert.deepEqual(await texts(`${folder}/b.json`, "messages.1.content"), ["two"]);
    assert.deepEqual(await texts(`${folder}/d.csv`, "meta.text"), ["one"]);
    const { documents, skipped } = await load(`${folder}/c.parquet`, { textField: "meta.text" });
    assert.deepEqual(documents.map(({ text }) => text), ["one"]);
    assert.equal(skipped.emptyTexts, 2);
    await refuses(() => texts(`${folder}/a.jsonl`), "data.missing-field", /it has meta\.text/, /=meta\.text/);
    await refuses(() => texts(`${folder}/c.parquet`), "data.missing-field", /it has id, meta\.text/, /=meta\.text/);
    await refuses(() => texts(`${folder}/a.jsonl`, "meta.body"), "data.missing-field", /no field "meta\.body"/);
  });
});

Deno.test("`readFiles()` gives every document a unique id with its file", () =>
  withFiles(
    { "a line 3.jsonl": '{"text":"one"}\n\n{"text":"two"}', "b.txt": "x\n\ny" },
    async (folder) => {
      const { documents } = await load(`${folder}/*`);
      assert.deepEqual(documents.map(({ id }) => id.slice(folder.length)), [
        "/a line 3.jsonl#1",
        "/a line 3.jsonl#3",
        "/b.txt#1",
      ]);
    },
  ));

Deno.test("`readFiles()` separates documents of a .txt at <|endoftext|>", () =>
  withFiles({
    "a.txt": "One.\n\nStill one.\n<|endoftext|>\nTwo.\n<|endoftext|><|endoftext|>Three.",
    "b.txt": `${"p".repeat(3000)}\n\n${"q".repeat(3000)}\n<|endoftext|>\n`,
    "c.md": "A<|endoftext|>B",
  }, async (folder) => {
    assert.deepEqual(await texts(`${folder}/a.txt`), ["One.\n\nStill one.", "Two.", "Three."]);
    // At the end of running text, it separates nothing.
    assert.deepEqual(await texts(`${folder}/b.txt`), ["p".repeat(3000), "q".repeat(3000)]);
    assert.deepEqual(await texts(`${folder}/c.md`), ["A<|endoftext|>B"]);
  }));

Deno.test("`readFiles()` skips and counts null and blank texts, in every format", () =>
  withFiles({
    "a.jsonl": '{"text":null}\n{"text":""}\n{"text":" \\n"}\n{"text":"one"}',
    "b.json": '[{"text":null},{"text":"one"}]',
    "c.csv": 'id,text\n1,\n2,"  "\n3,one\n',
    "d.parquet": parquet("text", [null, "", "one"]),
  }, async (folder) => {
    for (const [name, emptyTexts] of [["a.jsonl", 3], ["b.json", 1], ["c.csv", 2], ["d.parquet", 2]] as const) {
      const { documents, skipped } = await load(`${folder}/${name}`);
      assert.deepEqual(documents.map(({ text }) => text), ["one"], name);
      assert.deepEqual(skipped, { emptyFiles: 0, emptyTexts, badRecords: 0, badFiles: 0 }, name);
    }
  }));

Deno.test("`readFiles()` skips and counts empty files of a glob, but refuses a single one", () =>
  withFiles({ "a.ts": "a", "b.ts": "" }, async (folder) => {
    const loaded = await load(`${folder}/*.ts`);
    assert.deepEqual([loaded.documents.length, loaded.skipped.emptyFiles], [1, 1]);
    await refuses(() => texts(`${folder}/b.ts`), "data.empty-file", /data\.code names .*b\.ts, which is empty/);
  }));

Deno.test("`readFiles()` reports the first byte that is not UTF-8, and a NUL", () =>
  withFiles({
    "latin1.txt": new Uint8Array([0x63, 0x61, 0x66, 0xe9, 0x21]),
    "cut.txt": new Uint8Array([0x61, 0xe2, 0x82]),
    "nul.txt": "ab\0c",
    "bad.jsonl.gz": gz(new Uint8Array([0x7b, 0xff])),
  }, async (folder) => {
    await refuses(() => texts(`${folder}/latin1.txt`), "data.not-utf8", /latin1\.txt is not UTF-8: byte 3 is 0xe9/);
    await refuses(() => texts(`${folder}/cut.txt`), "data.not-utf8", /byte 1 is 0xe2/);
    await refuses(() => texts(`${folder}/nul.txt`), "data.nul", /nul\.txt has a NUL byte at byte 2/);
    await refuses(() => texts(`${folder}/bad.jsonl.gz`), "data.not-utf8", /byte 1 is 0xff/);
  }));

Deno.test("`readFiles()` refuses invalid UTF-8 in every format, naming the record", () => {
  const bad = latin1("caf\xe9");
  const rows = [utf8("one"), bad, utf8("three")];
  return withFiles({
    "a.jsonl": latin1('{"text":"one"}\n{"text":"caf\xe9"}\n{"text":"three"}'),
    "b.csv": latin1("text\none\ncaf\xe9\nthree\n"),
    "typed.parquet": parquet("text", rows.map((bytes) => bytes)),
    "untyped.parquet": parquet("text", rows, "BYTE_ARRAY"),
    "c.txt": bad,
    "d.md": bad,
    "e.json": latin1('[{"text":"caf\xe9"}]'),
  }, async (folder) => {
    for (
      const [name, place] of [
        ["a.jsonl", "a.jsonl line 2"],
        ["b.csv", "b.csv line 3"],
        ["typed.parquet", "typed.parquet row 2"],
        ["untyped.parquet", "untyped.parquet row 2"],
        ["c.txt", "c.txt"],
        ["d.md", "d.md"],
        ["e.json", "e.json"],
      ] as const
    ) {
      await refuses(
        () => texts(`${folder}/${name}`),
        "data.not-utf8",
        new RegExp(`${place} is not UTF-8: byte \\d+ is 0xe9`),
      );
    }
    for (const name of ["a.jsonl", "b.csv", "typed.parquet", "untyped.parquet"]) {
      const { documents, skipped } = await load(`${folder}/${name}`, { skipBad: true });
      assert.deepEqual(documents.map(({ text }) => text), ["one", "three"], name);
      assert.deepEqual([skipped.badRecords, skipped.badFiles], [1, 0], name);
    }
  });
});

Deno.test("`readFiles()` reports the faulty line of a .jsonl, and the fields there are", () =>
  withFiles({
    "json.jsonl": '{"text":"one"}\n{"text": oops}\n',
    "list.jsonl": '["text"]',
    "field.jsonl": '{"text":"one"}\n\n{"txt":"two"}',
    "number.jsonl": '{"text":1}',
    "half.jsonl": '{"text":"\\ud800"}',
    "nul.jsonl": '{"text":"\\u0000"}',
    "proto.jsonl": '{"a":1}',
    "hidden.jsonl": '{"text":"one"}\n\u202e{"text":"two"}',
  }, async (folder) => {
    const one = (name: string, field?: string) => () => texts(`${folder}/${name}.jsonl`, field);
    await refuses(one("json"), "data.bad-json", /json\.jsonl line 2 is not JSON/);
    await refuses(one("list"), "data.bad-json", /line 1 is a list, not a JSON object/);
    await refuses(
      one("field"),
      "data.missing-field",
      /field\.jsonl line 3 has no field "text": it has txt/,
      /textField=txt/,
    );
    await refuses(one("number"), "data.bad-text", /line 1: the field "text" is a number, not text/);
    await refuses(one("half"), "data.bad-text", /surrogate/);
    await refuses(one("nul"), "data.bad-text", /NUL/);
    await refuses(one("proto", "constructor"), "data.missing-field", /no field "constructor"/);
    await refuses(one("proto", "__proto__"), "data.missing-field", /no field "__proto__"/);
    await refuses(one("hidden"), "data.bad-json", /line 2 is not JSON.*\\u202e/);
  }));

Deno.test("`readFiles()` ignores a byte order mark at the start of any line, as in files joined by cat", () =>
  withFiles({
    "a.jsonl": '\ufeff{"text":"one"}\n\ufeff{"text":"two"}\n\ufeff\n',
    "b.txt": "\ufeffOne.\n\ufeffTwo.\n",
    "c.json": '\ufeff[{"text":"one"}]',
    "d.ndjson": '\ufeff{"text":"one"}\r\n\ufeff{"text":"two"}\r\n',
  }, async (folder) => {
    assert.deepEqual(await texts(`${folder}/a.jsonl`), ["one", "two"]);
    assert.deepEqual(await texts(`${folder}/b.txt`), ["One.\nTwo."]);
    assert.deepEqual(await texts(`${folder}/c.json`), ["one"]);
    assert.deepEqual(await texts(`${folder}/d.ndjson`), ["one", "two"]);
  }));

Deno.test("`readFiles()` with `skipBad` skips and counts what cannot be read, and reports the first", () =>
  withFiles({
    "a.jsonl": '{"text":"one"}\noops\n{"text":2}\n{"txt":"three"}\n{"text":"four"}',
    "b.txt.gz": "plain",
    "c.parquet": "PAR1",
    "d.txt": latin1("caf\xe9"),
    "e.csv": 'text\nfive\n"six',
  }, async (folder) => {
    await Deno.symlink("nowhere", `${folder}/z.txt`);
    const { documents, skipped } = await load(`${folder}/*`, { skipBad: true });
    assert.deepEqual(documents.map(({ text }) => text), ["one", "four"]);
    const { firstBad, ...counts } = skipped;
    assert.deepEqual(counts, { emptyFiles: 0, emptyTexts: 0, badRecords: 3, badFiles: 5 });
    assert.match(firstBad!, /z\.txt, a symbolic link to nowhere/);
    await refuses(() => load(`${folder}/*.jsonl`), "data.bad-json", /line 2/);
    // A single file that cannot be read is still refused.
    await refuses(() => load(`${folder}/c.parquet`, { skipBad: true }), "data.bad-parquet", /c\.parquet/);
  }));

Deno.test("`readFiles()` refuses broken gzip and Parquet files", () =>
  withFiles(
    { "a.txt.gz": "plain", "b.txt.gz": gz("text ".repeat(999)).slice(0, 30), "c.parquet": "PAR1" },
    async (folder) => {
      await refuses(() => texts(`${folder}/a.txt.gz`), "data.bad-gzip", /a\.txt\.gz is not a complete gzip file/);
      await refuses(() => texts(`${folder}/b.txt.gz`), "data.bad-gzip", /b\.txt\.gz/);
      await refuses(() => texts(`${folder}/c.parquet`), "data.bad-parquet", /c\.parquet is not a readable Parquet/);
    },
  ));

Deno.test("`fileTexts()` yields the documents of `readFiles()` one at a time, each with its file", () =>
  withFiles({
    "a.jsonl": '{"text":"one"}\n{"text":" "}\n{"other":"x"}\n{"text":"two"}',
    "b.ts": "const a = 1;\n",
    "c.jsonl": '{"text":"three"}\n{"text":',
    "d.jsonl": "",
  }, async (folder) => {
    const skipped: string[] = [];
    const options = { textField: "text", skipBad: true };
    const read = fileTexts(`${folder}/*`, "data.code", options, ({ code }) => void skipped.push(code));
    const found = await Array.fromAsync(read, ({ file, document: { text } }) => [file, text]);
    assert.deepEqual(found, [
      [`${folder}/a.jsonl`, "one"],
      [`${folder}/a.jsonl`, "two"],
      [`${folder}/b.ts`, "const a = 1;\n"],
      [`${folder}/c.jsonl`, "three"],
    ]);
    assert.equal(skipped.length, 2);
    const strict = () => Array.fromAsync(fileTexts(`${folder}/*`, "data.code", { textField: "text" }));
    await refuses(strict, "data.missing-field", /a\.jsonl line 3/);
  }));
