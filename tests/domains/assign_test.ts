// New documents for a saved clustering: the same ones, other ones, and clusterings that cannot be used.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { assignDocuments, type AssignOptions, type Clustering, discoverDomains } from "../../lib/domains/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { random } from "../../lib/random.ts";
import { failingWrites } from "../faults/full-disk.ts";
import { withFolder } from "../run/fixtures.ts";
import { lines, options, texts, TOPICS, write } from "./topics.ts";

function assignment(folder: string, more: Partial<AssignOptions> = {}): AssignOptions {
  const { files, textField, skipBad, out } = options(folder);
  return { files, textField, skipBad, clustering: out, ...more };
}

Deno.test("documents of the discovery go where they went, and nothing has drifted", async () => {
  await withFolder(async (folder) => {
    await write(folder, { "a.jsonl": lines(texts(300)) });
    const before = await discoverDomains(options(folder));
    const out = join(folder, "again");
    const after = await assignDocuments(assignment(folder, { out }));
    assert.deepEqual(after.findings, []);
    assert.ok(after.divergence < 1e-12 && Math.abs(after.distance.difference) < 1e-9);
    for (const { name, file } of before.clusters) {
      const [first, again] = ["out", "again"].map((where) => Deno.readTextFileSync(join(folder, where, file)));
      assert.equal(again, first, name);
    }
    const config = (where: string) => parse(Deno.readTextFileSync(join(folder, where, "config.yaml")));
    assert.deepEqual(Object.keys(config("again").data.domains), Object.keys(config("out").data.domains));
    assert.match(Object.values(config("again").data.domains)[0] as string, /again\/text\//);
  });
});

Deno.test("other documents of the same kind have not drifted; other shares, words and topics are found", async () => {
  await withFolder(async (folder) => {
    await write(folder, { "a.jsonl": lines(texts(300)) });
    await discoverDomains(options(folder));
    const drift = async (list: readonly string[]) => {
      await Deno.writeTextFile(join(folder, "new.jsonl"), lines(list));
      return await assignDocuments(assignment(folder, { files: [join(folder, "new.jsonl")] }));
    };
    // The clusters were fitted to the first ones, so that new ones are a little farther from the centers.
    assert.deepEqual((await drift(texts(300, "more"))).findings.filter((text) => !/farther/.test(text)), []);
    const one = await drift(texts(300, "one").filter((_, at) => at % 3 === 0));
    assert.match(one.findings.join(), /other shares/);
    assert.ok(one.divergence > 0.3 && one.divergenceByChance < 0.05);
    const draw = random(3, "strange");
    const strange = Array.from(
      { length: 60 },
      (_, at) => [...Array.from({ length: 20 }, () => `new${draw.int(500)}`), draw.pick(TOPICS[at % 3]!), at].join(" "),
    );
    assert.match((await drift(strange)).findings.join(), /more terms are unknown/);
    const far = await drift(Array.from({ length: 60 }, (_, at) => `word line ${at} word`));
    assert.match(far.findings.join(), /near no center: 100.0 %/);
    assert.equal(far.far.documents, 60);
  });
});

const change = (file: string, edit: (text: string) => string) => async (folder: string) => {
  const path = join(folder, "out", file);
  await Deno.writeTextFile(path, edit(await Deno.readTextFile(path)));
};

const describe = (edit: (clustering: Clustering) => unknown) =>
  change("clustering.json", (text) => {
    const clustering = JSON.parse(text);
    edit(clustering);
    return JSON.stringify(clustering);
  });

Deno.test("a disk that is full at any write of an assignment: one sentence, and nothing is left", async () => {
  await withFolder(async (folder) => {
    await write(folder, { "a.jsonl": lines(texts(30)) });
    await discoverDomains(options(folder));
    const names = () => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
    for (let at = 1;; at++) {
      using disk = failingWrites((write) => write === at);
      const out = join(folder, "new");
      const error = await assignDocuments(assignment(folder, { out })).then(() => undefined, (error) => error);
      if (error === undefined && disk.count() < at) return assert.ok(at > 3, "it writes a few files");
      if (error === undefined) { // the flush of a folder, which not every file system knows
        await Deno.remove(out, { recursive: true });
        continue;
      }
      assert.ok(error instanceof UserError, `write ${at}: ${error.stack}`);
      assert.match(error.message, /^Cannot write [^\n]*new[^\n]*the disk is full$/, `write ${at}`);
      assert.deepEqual(names(), ["in", "out"], `write ${at}`);
    }
  });
});

Deno.test("a clustering of before there were hashes assigns as it did", async () => {
  await withFolder(async (folder) => {
    await write(folder, { "a.jsonl": lines(texts(30)) });
    await discoverDomains(options(folder));
    await describe((all) => delete (all as { sha256?: unknown }).sha256)(folder);
    assert.deepEqual((await assignDocuments(assignment(folder))).findings, []);
  });
});

const WRONG: Readonly<Record<string, [spoil: (folder: string) => Promise<unknown>, words: RegExp]>> = {
  "a folder that is no clustering": [(folder) => Deno.remove(join(folder, "out/clustering.json")), /not a clustering/],
  "another version": [change("clustering.json", (text) => text.replace('"version": 1', '"version": 7')), /version 7/],
  "a description that is not JSON": [change("clustering.json", (text) => text.slice(9)), /not JSON/],
  "a description without a field": [change("clustering.json", (text) => text.replace('"far"', '"fear"')), /far/],
  "a description without a cluster": [describe(({ clusters }) => clusters.pop()), /2 clusters instead of 3/],
  "a description of fewer clusters than the model has": [
    describe((all) => {
      all.documents -= all.clusters.pop()!.documents;
      all.settings.count--;
    }),
    /2 clusters by tf-idf, and the model has 3/,
  ],
  "a name that leads out of the folder": [
    describe(({ clusters }) => clusters[0]!.name = "../../x"),
    /"..\/..\/x" cannot/,
  ],
  "a name twice": [describe(({ clusters }) => clusters[0]!.name = clusters[1]!.name.toUpperCase()), /two .* the name/],
  "fewer documents than none": [describe(({ clusters }) => clusters[0]!.documents = -1), /clusters.0.documents/],
  "sizes that are not those of all": [describe(({ clusters }) => clusters[0]!.documents = 0), /all together 30/],
  "hidden states of no model": [describe(({ settings }) => settings.features = "hidden"), /model of its hidden states/],
  "a vocabulary that is cut off": [change("vocabulary.txt", (text) => text.slice(0, 40)), /terms/],
  "a vocabulary that is missing": [
    (folder) => Deno.remove(join(folder, "out/vocabulary.txt")),
    /vocabulary\.txt: it does not exist/,
  ],
  "a vocabulary in another order": [
    change("vocabulary.txt", (text) => text.split("\n").slice(0, -1).reverse().map((term) => `${term}\n`).join("")),
    /vocabulary\.txt: it was changed/,
  ],
  "a vocabulary with another word": [
    change("vocabulary.txt", (text) => text.replace("whale", "while")),
    /vocabulary\.txt: it was changed/,
  ],
  "the model of another discovery of the same text": [
    async (folder) => {
      const out = join(folder, "other");
      await discoverDomains(options(folder, { seed: 2, out }));
      await Deno.copyFile(join(out, "clustering.safetensors"), join(folder, "out/clustering.safetensors"));
      await Deno.remove(out, { recursive: true });
    },
    /clustering\.safetensors: it was changed, or is of another clustering/,
  ],
  "a model that is missing": [(folder) => Deno.remove(join(folder, "out/clustering.safetensors")), /safetensors/],
  "no documents": [(folder) => Deno.writeTextFile(join(folder, "in/a.jsonl"), '""\n'), /no documents/],
};

for (const [name, [spoil, words]] of Object.entries(WRONG)) {
  Deno.test(`${name}: one sentence, and nothing written`, async () => {
    await withFolder(async (folder) => {
      await write(folder, { "a.jsonl": lines(texts(30)) });
      await discoverDomains(options(folder));
      await spoil(folder);
      await assert.rejects(assignDocuments(assignment(folder, { out: join(folder, "new") })), (error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, words);
        return true;
      });
      assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(), ["in", "out"]);
    });
  });
}
