// The corpus of built-in text: split by document, without overlap, deterministic.
import assert from "node:assert/strict";
import { checkOverlap } from "../../lib/data/overlap.ts";
import type { Document, LoadedCorpus, Problem, TaskText } from "../../lib/data/types.ts";
import { DOMAINS } from "../../lib/data/builtin/registry.ts";
import { byteLength } from "../../lib/data/batches/tokenize.ts";
import { allOf, load, SMALL, withOwnText } from "./own-text.ts";

const corpus = await load(1);

const all = (domain: string, from: LoadedCorpus = corpus) => allOf(domain, from);

/** The questions of a task. */
function asked<Kind extends TaskText["kind"]>(
  kind: Kind,
  from: LoadedCorpus = corpus,
): readonly (TaskText & { kind: Kind })[] {
  return from.tasks.filter((task): task is TaskText & { kind: Kind } => task.kind === kind);
}

const translations = asked("translation")[0]!.translations;

const text = (documents: Iterable<Document>) => Array.from(documents, (document) => document.text).join("\n");

Deno.test("`loadCorpus()` fills the splits of the four domains close to their budgets, and reports their sizes", () => {
  assert.deepEqual(corpus.domains, DOMAINS);
  for (const domain of DOMAINS) {
    const { splits, source } = corpus.report[domain]!;
    assert.equal(source, "builtin");
    for (const split of ["train", "validation", "heldout"] as const) {
      const documents = [...corpus.documents[domain]![split]];
      const bytes = documents.reduce((sum, document) => sum + byteLength(document.text), 0);
      assert.deepEqual(splits[split], { documents: documents.length, bytes });
    }
    const near = (bytes: number, budget: number) => bytes > 0.75 * budget && bytes <= budget;
    assert.ok(splits.train.bytes > 0.97 * SMALL.trainBytes && splits.train.bytes <= SMALL.trainBytes, domain);
    assert.ok(near(splits.validation.bytes, SMALL.validationBytes), `${domain} ${splits.validation.bytes}`);
    assert.ok(near(splits.heldout.bytes, SMALL.heldoutBytes), `${domain} ${splits.heldout.bytes}`);
  }
});

Deno.test("no training document repeats a validation or held-out one in any domain", () => {
  assert.deepEqual(checkOverlap(corpus), []);
});

Deno.test("all pieces of a speech, source file, message, article or math fact are in one split", () => {
  const splitOf = new Map<string, string>();
  for (const domain of DOMAINS) {
    for (const [split, documents] of Object.entries(corpus.documents[domain]!)) {
      for (const { keys, id } of documents) {
        assert.ok(keys !== undefined && keys.length > 0, id);
        for (const key of keys) assert.equal(splitOf.get(key) ?? split, split, key);
        for (const key of keys) splitOf.set(key, split);
      }
    }
  }
});

Deno.test("`loadCorpus()` is deterministic; another seed holds out other documents and problems", async () => {
  const again = await load(1);
  const read = (from: LoadedCorpus) => ({ ...from, documents: from.domains.map((domain) => all(domain, from)) });
  assert.deepEqual(read(again), read(corpus));
  const other = await load(2);
  assert.notEqual(other.fingerprint, corpus.fingerprint);
  for (const domain of ["english", "code", "multilingual"]) {
    const ids = (from: LoadedCorpus) => from.documents[domain]!.heldout.map(({ id }) => id);
    assert.notDeepEqual(ids(other), ids(corpus));
  }
  assert.deepEqual(other.tasks.map(({ name }) => name), corpus.tasks.map(({ name }) => name));
  assert.notDeepEqual(asked("exact", other), asked("exact"));
});

Deno.test("held-out documents do not depend on how much is trained on", async () => {
  const more = await load(1, { trainBytes: 900_000 });
  for (const domain of DOMAINS) {
    assert.deepEqual(more.documents[domain]!.heldout, corpus.documents[domain]!.heldout, domain);
    assert.deepEqual(more.documents[domain]!.validation, corpus.documents[domain]!.validation, domain);
  }
});

Deno.test("translation questions are formatted like the documents, and only about held-out messages", () => {
  assert.ok(translations.length > 100);
  assert.equal(new Set(translations.map(({ prompt }) => prompt)).size, translations.length);
  assert.ok(new Set(translations.map(({ language }) => language)).size > 10);
  const [training, heldout] = [
    text(corpus.documents["multilingual"]!.train),
    text(corpus.documents["multilingual"]!.heldout),
  ];
  for (const { prompt, translation, language } of translations) {
    const [question, answer] = prompt.split("\n");
    assert.equal(answer, `${language}:`);
    assert.match(translation, /^ \S/);
    assert.ok(question!.startsWith("English: ") && !training.includes(question!), question);
    assert.ok(heldout.includes(`${answer}${translation}`) && !training.includes(`${answer}${translation}\n`), prompt);
  }
});

Deno.test("no message or article is in two splits in any language, and none of its English is in the code", () => {
  const training = text(corpus.documents["multilingual"]!.train);
  const code = text(corpus.documents["code"]!.train);
  for (const document of corpus.documents["multilingual"]!.heldout) {
    for (const line of document.text.split("\n")) {
      if (line.length < 60) continue; // short messages may be part of longer ones
      assert.ok(!training.split("\n").includes(line), line);
      assert.ok(!code.includes(line.slice(line.indexOf(":") + 2)), line);
    }
  }
});

Deno.test("the multilingual domain is about 90 % other languages, and every line names its language", () => {
  let [english, total] = [0, 0];
  for (const document of all("multilingual")) {
    const lines = document.text.split("\n");
    assert.ok(lines.length >= 2, document.id);
    for (const line of lines) {
      assert.match(line, /^[\p{L}\p{M} ]+: \S/u);
      total += byteLength(line);
      if (line.startsWith("English: ")) english += byteLength(line);
    }
  }
  assert.ok(english / total > 0.06 && english / total < 0.14, `${english / total}`);
});

Deno.test("`loadCorpus()` takes parts of the built-in domains as domains, without overlap", async () => {
  const domains = ["speeches", "novel", "compiler", "declarations", "arithmetic", "crosslingual", "messages", "rights"];
  const parts = await load(1, { trainBytes: 100_000, validationBytes: 8_192, heldoutBytes: 16_384, domains });
  assert.deepEqual(parts.domains, domains);
  assert.deepEqual(checkOverlap(parts), []);
  for (const domain of domains) assert.ok(all(domain, parts).length > 10, domain);
  const ids = (domain: string) => all(domain, parts).map(({ id }) => id);
  assert.ok(ids("speeches").every((id) => id.includes("datasets-sotu")));
  assert.ok(ids("novel").every((id) => id.includes("moby-dick")));
  assert.ok(ids("declarations").every((id) => id.includes(".d.ts#")));
  assert.ok(ids("compiler").every((id) => id.startsWith("typescript/src/")));
  assert.ok(ids("messages").every((id) => id.startsWith("message:")));
  assert.ok(ids("rights").every((id) => id.startsWith("article:")));
  assert.match(text(all("arithmetic", parts)), /What is \d+ plus \d+\?/);
  assert.doesNotMatch(text(all("crosslingual", parts)), /What is \d+ plus \d+\?/);
  assert.deepEqual(parts.tasks.map(({ name, domain }) => [name, domain]), [
    ["arithmetic", "arithmetic"],
    ["crosslingual-arithmetic", "crosslingual"],
    ["translation", "messages"],
  ]);
  const languages = asked("exact", parts).map(({ questions }) =>
    [...new Set(questions.map((question) => (question as Problem).language))].sort()
  );
  assert.deepEqual(languages, [["en"], ["de", "es", "fr", "it", "ru"]]);
  assert.ok(asked("translation", parts)[0]!.translations.length > 0);
});

Deno.test("`loadCorpus()` takes a part of a built-in domain beside the user's own text of that name", () =>
  withOwnText(async (own) => {
    const mine = await load(1, { domains: { english: own, novel: "builtin" } });
    assert.deepEqual(mine.domains, ["english", "novel"]);
    assert.ok(all("english", mine).every(({ id }) => id.startsWith(own)));
    assert.ok(all("novel", mine).every(({ id }) => id.includes("moby-dick")));
  }));
