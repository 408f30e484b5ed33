// Discovery from files to a folder: what it writes, the same after a kill, and what it refuses.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { dataConfigSchema, loadCorpus } from "../../lib/data/mod.ts";
import { clustersTable, discoverDomains, loadDescription } from "../../lib/domains/mod.ts";
import { absent, UserError } from "../../lib/errors.ts";
import { failingWrites } from "../faults/full-disk.ts";
import { withFolder } from "../run/fixtures.ts";
import { lines, options, texts, TOPICS, write } from "./topics.ts";

async function filesIn(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) Object.assign(found, await filesIn(path));
    else found[name] = (await Deno.readFile(path)).toHex();
  }
  return found;
}

Deno.test("documents of all formats are sorted into domains that an experiment reads as it is", async () => {
  await withFolder(async (folder) => {
    const all = texts(120);
    const conversation = {
      messages: [{ role: "user", content: all[0] }, { role: "assistant", content: "whale sea ship" }],
    };
    await write(folder, {
      "a.jsonl": lines([...all.slice(0, 60).map((text) => ({ text })), { text: all[5] }, conversation]),
      "deep/b.jsonl": lines(all.slice(60, 110).map((text) => ({ text }))),
      "deep/c.ts": all[110]!,
    });
    const made = await discoverDomains(options(folder));
    assert.equal(made.documents, 112);
    assert.equal(made.duplicates, 1);
    const sizes = made.clusters.map(({ documents }) => documents);
    assert.equal(sizes.reduce((a, b) => a + b), 112);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 2, String(sizes));
    assert.deepEqual(await loadDescription(options(folder).out), made);
    for (const { name, documents, file, topTerms, overlap, neighbors, languages, sources, typical } of made.clusters) {
      const records = (await Deno.readTextFile(join(folder, "out", file))).trimEnd().split("\n");
      assert.equal(records.length, documents);
      const topic = TOPICS.find((words) => words.includes(topTerms[0]!))!;
      assert.deepEqual(topTerms.slice(0, 8).filter((term) => topic.includes(term)).length, 8, `${name}: ${topTerms}`);
      assert.ok(Math.abs(Object.values(overlap).reduce((a, b) => a + b) - 1) < 1e-9);
      assert.equal(neighbors.length, 2);
      assert.ok(Math.abs(Object.values(languages).reduce((a, b) => a + b) - 1) < 1e-9);
      assert.equal(sources.reduce((sum, one) => sum + one.documents, 0), documents);
      assert.equal(typical.length, 3);
    }

    // The configuration is one, and its domains are the documents.
    const config = await Deno.readTextFile(join(folder, "out/config.yaml"));
    const data = dataConfigSchema.parse(parse(config).data);
    assert.deepEqual(Object.keys(data.domains), made.clusters.map(({ name }) => name));
    const chat = { text: () => "", answers: () => ({ text: "whale", answers: [[0, 5] as const] }) };
    const corpus = await loadCorpus(data, { seed: 1, chat });
    for (const name of corpus.domains) assert.ok(corpus.report[name]!.splits.train.documents > 0);
    assert.match(await Deno.readTextFile(join(folder, "out/report.html")), /<svg/);
  });
});

Deno.test("a discovery that is killed and given again writes the same bytes; another seed's work is not continued", async () => {
  await withFolder(async (folder) => {
    await write(folder, { "a.jsonl": lines(texts(600).map((text) => ({ text }))) });
    const whole = options(folder, { sample: 300 });
    await discoverDomains(whole);
    const expected = await filesIn(whole.out);
    await Deno.remove(whole.out, { recursive: true });

    const stop = (after: number) => {
      const controller = new AbortController();
      return {
        signal: controller.signal,
        keepMs: 0,
        onProgress: ({ stage, done }: { stage: string; done: number }) => {
          if (stage === "assigning" && done >= after) controller.abort(new Error("stopped"));
        },
      };
    };
    await assert.rejects(discoverDomains({ ...whole, seed: 2, ...stop(100) }), /stopped/);
    for (const after of [200, 400]) await assert.rejects(discoverDomains({ ...whole, ...stop(after) }), /stopped/);
    // A killed process may have written more than it says.
    const text = join(`${whole.out}.partial`, "text");
    for (const { name } of Deno.readDirSync(text)) Deno.writeTextFileSync(join(text, name), "half", { append: true });
    await assert.rejects(Deno.stat(whole.out), Deno.errors.NotFound);
    await discoverDomains(whole);
    assert.deepEqual(await filesIn(whole.out), expected);
    await assert.rejects(Deno.stat(`${whole.out}.partial`), Deno.errors.NotFound);
  });
});

Deno.test("a discovery whose sorted documents are gone sorts them again", async () => {
  await withFolder(async (folder) => {
    await write(folder, { "a.jsonl": lines(texts(600).map((text) => ({ text }))) });
    const whole = options(folder);
    await discoverDomains(whole);
    const expected = await filesIn(whole.out);
    const text = join(`${whole.out}.partial`, "text");
    const cut = (name: string) => Deno.truncateSync(join(text, name), 10);
    for (const damage of [cut, (name: string) => Deno.removeSync(join(text, name))]) {
      await Deno.remove(whole.out, { recursive: true });
      const controller = new AbortController();
      const onProgress = ({ stage, done }: { stage: string; done: number }) => {
        if (stage === "assigning" && done >= 400) controller.abort(new Error("stopped"));
      };
      const stopped = discoverDomains({ ...whole, signal: controller.signal, keepMs: 0, onProgress });
      await assert.rejects(stopped, /stopped/);
      damage(Array.from(Deno.readDirSync(text), ({ name }) => name).sort()[0]!);
      await discoverDomains(whole);
      assert.deepEqual(await filesIn(whole.out), expected);
    }
  });
});

Deno.test("a disk that is full at any write: one sentence, no result, and the same command goes on to the same bytes", async () => {
  await withFolder(async (folder) => {
    await write(folder, { "a.jsonl": lines(texts(30)) });
    const whole = options(folder, { keepMs: 0 });
    await discoverDomains(whole);
    const expected = await filesIn(whole.out);
    for (let at = 1;; at++) {
      await Deno.remove(whole.out, { recursive: true }).catch(absent);
      {
        using disk = failingWrites((write) => write === at);
        const made = await discoverDomains(whole).then(() => undefined, (error) => error);
        if (made === undefined && disk.count() < at) return assert.ok(at > 10, "it writes a few files");
        if (made === undefined) { // the flush of a folder, which not every file system knows
          assert.deepEqual(await filesIn(whole.out), expected);
          continue;
        }
        assert.ok(made instanceof UserError, `write ${at}: ${made.stack}`);
        assert.match(made.message, /^Cannot write [^\n]*out[^\n]*the disk is full$/, `write ${at}`);
        assert.match(made.hint!, /--out/);
      }
      await assert.rejects(Deno.stat(whole.out), Deno.errors.NotFound);
      if (at % 3 === 0) {
        await discoverDomains(whole);
        assert.deepEqual(await filesIn(whole.out), expected, `after write ${at}`);
        assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(), ["in", "out"]);
      } else await Deno.remove(`${whole.out}.partial`, { recursive: true }).catch(absent);
    }
  });
});

Deno.test("of two discoveries into one folder at once, one is refused and the other is whole", async () => {
  await withFolder(async (folder) => {
    await write(folder, { "a.jsonl": lines(texts(600)) });
    const both = await Promise.allSettled([1, 2].map(() => discoverDomains(options(folder))));
    const errors = both.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
    assert.equal(errors.length, 1);
    assert.ok(errors[0] instanceof UserError, String(errors[0]));
    assert.match(errors[0].message, new RegExp(`partial: process ${Deno.pid} works in it`));
    const { clusters } = await loadDescription(options(folder).out);
    const sorted = clusters.map(({ file }) => Deno.readTextFileSync(join(options(folder).out, file)));
    assert.equal(sorted.join("").trimEnd().split("\n").length, 600);
  });
});

Deno.test("the clusters depend on the texts and the seed, and not on the order of the documents", async () => {
  await withFolder(async (folder) => {
    const all = texts(300);
    await write(folder, { "a.jsonl": lines(all) });
    const first = await discoverDomains(options(folder, { sample: 100 }));
    await write(folder, { "a.jsonl": lines(all.toReversed()) });
    const second = await discoverDomains(options(folder, { sample: 100, out: join(folder, "second") }));
    const sizes = (made: typeof first) => made.clusters.map(({ name, documents }) => [name, documents]);
    assert.deepEqual(sizes(second), sizes(first));
    assert.equal(first.sampled, 100);
  });
});

Deno.test("documents near no center may be left to the seed, as a domain without an expert", async () => {
  await withFolder(async (folder) => {
    const odd = ["zzz qqq", "12 13", "xyzzy plugh", "ööö äää"];
    await write(folder, { "a.jsonl": lines([...texts(90), ...odd]) });
    const made = await discoverDomains(options(folder, { leaveFar: true }));
    assert.ok(made.far >= odd.length - 1, String(made.far));
    assert.equal(made.rest?.documents, made.far);
    const config = parse(await Deno.readTextFile(join(folder, "out/config.yaml")));
    assert.deepEqual(config.experts, made.clusters.map(({ name }) => name));
    assert.ok(Object.hasOwn(config.data.domains, "rest"));
    for (const { sources } of clustersTable(made).rows) assert.equal(sources, "a.jsonl 100 %");
  });
});

const WRONG: Readonly<Record<string, [files: Readonly<Record<string, string>>, words: RegExp, more?: object]>> = {
  "fewer documents than clusters need": [{ "a.jsonl": lines(texts(8)) }, /in 8 different documents: .* at least 3/],
  "identical documents": [{ "a.jsonl": lines(Array(50).fill("the same text")) }, /1 different document, besides 49/],
  "documents that differ in numbers alone": [
    { "a.jsonl": lines(Array.from({ length: 30 }, (_, i) => `item ${i}`)) },
    /only 1 different document/,
  ],
  "documents without a common term": [{ "a.jsonl": lines([..."abcdefghi"].map((x) => x.repeat(5))) }, /no term/],
  "blank documents": [{ "a.jsonl": lines(["", " ", "\n"]) }, /in 0 different documents/],
  "an empty file": [{ "a.txt": "" }, /is empty/],
  "a record without the field": [{ "a.jsonl": lines([{ content: "x" }]) }, /--text-field content/],
  "bytes that are not UTF-8": [{ "a.jsonl": "{\n" }, /a\.jsonl/],
};

for (const [name, [files, words, more = {}]] of Object.entries(WRONG)) {
  Deno.test(`${name}: one sentence, and nothing written`, async () => {
    await withFolder(async (folder) => {
      await write(folder, files);
      await assert.rejects(discoverDomains(options(folder, more)), (error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(`${error.message} ${error.hint}`, words);
        assert.doesNotMatch(`${error.message} ${error.hint}`, /data\./);
        return true;
      });
      assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["in"]);
    });
  });
}
