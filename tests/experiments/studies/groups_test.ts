// Dividing text into groups with an expert each.
import assert from "node:assert/strict";
import { groupedConfig, groupedCorpus, withSuffix } from "../../../experiments/studies/groups/lab.ts";
import { useOf } from "../../../experiments/studies/groups/gate-use.ts";
import { lossesOnOwn, ownExpertLosses } from "../../../experiments/studies/groups/own.ts";
import { type Division, DIVISIONS, partitionCell } from "../../../experiments/studies/groups/partition.ts";
import { unitsOf } from "../../../experiments/studies/groups/units.ts";
import { btsConfigSchema, type Lab } from "../../../lib/bts/mod.ts";
import { type Document, loadCorpus } from "../../../lib/data/mod.ts";
import type { CellResult, CellRunner } from "../../../lib/run/mod.ts";

Deno.test("units keep all documents in order, and long documents are units of their own", () => {
  const documents = [3, 3, 9, 1, 2, 20, 1].map((length, i) => ({ text: String(i).repeat(length) }));
  const units = unitsOf("x", documents, 5);
  assert.deepEqual(units.map(({ from, documents }) => [from, documents]), [[0, 2], [2, 1], [3, 2], [5, 1], [6, 1]]);
  assert.deepEqual(units.map(({ text }) => text), ["000\n111", "222222222", "3\n44", "5".repeat(20), "6"]);
  assert.deepEqual(unitsOf("x", []), []);
});

/** A runner without a cache. */
const plain: CellRunner = {
  async cell({ name }, body) {
    const context = { table() {}, summary() {}, signal: new AbortController().signal };
    return { key: name, content: name, folder: "", cached: false, value: await body(context as never) };
  },
};

const config = btsConfigSchema.parse({
  data: {
    domains: ["speeches", "compiler", "messages", "arithmetic"],
    trainBytes: 120_000,
    heldoutBytes: 16_384,
    validationBytes: 8_192,
  },
});

// Little enough to stay in memory.
const corpus = await loadCorpus(config.data, { seed: 1 });

function divided(division: Division) {
  const lab = { run: plain, corpus, config, rngSeed: 1 } as unknown as Lab;
  return partitionCell(lab, division, 4);
}

for (const division of DIVISIONS) {
  Deno.test(`${division}: groups have all training documents once, and no held-out or validation document`, async () => {
    const partition = await divided(division);
    const grouped = groupedCorpus(corpus, partition);
    const texts = (documents: Iterable<Document>) => [...documents].map(({ text }) => text);
    const all = corpus.domains.flatMap((domain) => texts(corpus.documents[domain]!.train));
    const kept = grouped.domains.flatMap((name) => texts(grouped.documents[name]!.train));
    assert.deepEqual(kept.toSorted(), all.toSorted());
    const aside = new Set(
      corpus.domains.flatMap((domain) => {
        const { heldout, validation } = corpus.documents[domain]!;
        return texts([...heldout, ...validation]);
      }),
    );
    assert.ok(aside.size > 0 && kept.every((text) => !aside.has(text)));
    for (const domain of corpus.domains) {
      assert.equal(partition.value.heldout[domain]!.length, corpus.documents[domain]!.heldout.length);
    }
    // Groups of equally many units have about equal text.
    const sizes = Object.values(grouped.report).map(({ splits: { train } }) => train.bytes);
    assert.ok(Math.max(...sizes) < 2.5 * Math.min(...sizes), sizes.join());
    const { randIndex } = partition.value;
    if (division === "by hand") assert.equal(randIndex, 1);
    if (division === "discovered") assert.ok(randIndex > 0.8, String(randIndex));
    if (division === "random") assert.ok(Math.abs(randIndex) < 0.1, String(randIndex));
  });
}

Deno.test("groups that are not known yet have no text", async () => {
  const { value, ...cell } = await divided("random");
  const planned = groupedCorpus(corpus, { ...cell, value: { ...value, train: {}, heldout: {} } });
  assert.deepEqual(planned.domains, value.names);
  for (const name of planned.domains) assert.deepEqual([...planned.documents[name]!.train], []);
});

Deno.test("another division has other text for the cache", async () => {
  const one = await divided("random");
  const other = { ...one, content: "another" };
  assert.notDeepEqual(groupedCorpus(corpus, one).fingerprints, groupedCorpus(corpus, other).fingerprints);
});

Deno.test("a grouped configuration names groups as domains, and the first ones as experts", () => {
  const { data, experts, mix } = groupedConfig(config, ["a", "b", "c"], 2);
  assert.deepEqual([Object.keys(data.domains), experts], [["a", "b", "c"], ["a", "b"]]);
  assert.deepEqual([mix.seed, mix.stitch], [{ a: 1, b: 1, c: 1 }, { a: 1, b: 1, c: 1 }]);
});

Deno.test("cells get a suffix and nothing else", async () => {
  const found: CellResult<unknown> = await withSuffix(plain, "n=2")
    .cell({ name: "stitch" } as never, () => Promise.resolve(1 as never));
  assert.deepEqual([found.key, found.value], ["stitch:n=2", 1]);
});

Deno.test("own losses are those of each document's expert, and of documents whose group has one", () => {
  const domain = (...nll: number[]) => ({ x: { nll: Float64Array.from(nll), bytes: Float64Array.of(10, 20, 30) } });
  const losses = { "expert:a": domain(1, 2, 3), "expert:b": domain(4, 5, 6) };
  const groups = { x: [1, 0, 1] };
  const own = ownExpertLosses(losses, groups, ["a", "b"])!;
  assert.deepEqual([...own["x"]!.nll], [4, 2, 6]);
  const first = lossesOnOwn(own, groups, 1);
  assert.deepEqual([[...first.nll], [...first.bytes]], [[2], [20]]);
});

Deno.test("the effective number of models is 1 for one, n for n alike", () => {
  const one = useOf(["a", "b"], [[1, 0], [1, 0]]);
  assert.deepEqual([one.leading, one.mixed, one.leads], [1, 1, [1, 0]]);
  const both = useOf(["a", "b"], [[0.6, 0.4], [0.4, 0.6]]);
  assert.ok(Math.abs(both.leading - 2) < 1e-12 && both.mixed > 1.9 && both.mixed < 2);
  assert.deepEqual(both.mean, [0.5, 0.5]);
});
