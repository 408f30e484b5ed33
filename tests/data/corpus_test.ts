// The corpus: split by document, without overlap, deterministic; the user's own files; refusals.
import assert from "node:assert/strict";
import {
  type ChatRenderer,
  checkOverlap,
  dataConfigSchema,
  type Document,
  type DocumentList,
  DOMAINS,
  loadCorpus,
  type LoadedCorpus,
  type Problem,
  type SplitName,
  type TaskText,
} from "../../lib/data/mod.ts";
import { codeDocuments } from "../../lib/data/builtin/code.ts";
import { splitDocuments } from "../../lib/data/split.ts";
import { byteLength } from "../../lib/data/batches/tokenize.ts";
import { configKeys } from "../../lib/run/config/config-keys.ts";
import { UserError } from "../../lib/errors.ts";
import { random } from "../../lib/random.ts";

const SMALL = { trainBytes: 300_000, validationBytes: 16_384, heldoutBytes: 32_768 };
const load = (seed: number, change: object = {}) =>
  loadCorpus(dataConfigSchema.parse({ ...SMALL, ...change }), { seed });
const corpus = await load(1);
const all = (domain: string, from: LoadedCorpus = corpus) =>
  Object.values(from.documents[domain]!).flatMap((list: DocumentList) => [...list]);
/** The questions of a task. */
function asked<Kind extends TaskText["kind"]>(
  kind: Kind,
  from: LoadedCorpus = corpus,
): readonly (TaskText & { kind: Kind })[] {
  return from.tasks.filter((task): task is TaskText & { kind: Kind } => task.kind === kind);
}
const translations = asked("translation")[0]!.translations;
const text = (documents: Iterable<Document>) => Array.from(documents, (document) => document.text).join("\n");

/** Runs with a folder that has one .txt of many different paragraphs. */
async function withOwnText(body: (own: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const stream = random(1, "own");
    const words = Array.from({ length: 500 }, (_, i) => `word${i}`);
    const paragraph = () => Array.from({ length: 600 }, () => stream.pick(words)).join(" ");
    await Deno.writeTextFile(`${folder}/own.txt`, Array.from({ length: 20 }, paragraph).join("\n\n"));
    await body(`${folder}/own.txt`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

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

Deno.test("built-in code excludes the message table and duplicate files, and is cut only between lines", async () => {
  const documents = await codeDocuments();
  const whole = text(documents);
  assert.ok(!whole.includes("Unterminated string literal."));
  assert.ok(!documents.some(({ id }) => /_tsc\.js|webworker/.test(id)));
  const sizes = documents.map((document) => document.text.length).sort((a, b) => a - b);
  assert.ok(sizes[Math.floor(sizes.length / 2)]! > 1000 && sizes[Math.floor(sizes.length * 0.99)]! <= 4100);
  assert.ok(whole.includes("function createScanner(") && whole.includes("interface HTMLCanvasElement extends"));
});

Deno.test("`loadCorpus()` takes the user's own files for any domain, and then has no tasks", () =>
  withOwnText(async (own) => {
    const mine = await load(1, { english: own, code: own.replace("own", "*"), math: own, multilingual: own });
    assert.deepEqual(mine.tasks, []);
    for (const domain of DOMAINS) for (const { id } of all(domain, mine)) assert.ok(id.startsWith(own));
    // The same text in all domains: what one trains on, no other may hold out.
    assert.deepEqual(checkOverlap(mine), []);
    assert.ok(mine.report["english"]!.nearDuplicates > 0);
  }));

Deno.test("which texts are held out does not depend on the location of the user's files", () =>
  withOwnText((here) =>
    withOwnText(async (there) => {
      const splits = async (path: string) => {
        const { documents } = await load(1, { domains: ["english"], english: path });
        const of = (split: SplitName) => Array.from(documents["english"]![split], ({ text }) => text);
        return { train: of("train"), validation: of("validation"), heldout: of("heldout") };
      };
      assert.notEqual(here, there);
      assert.deepEqual(await splits(here), await splits(there));
    })
  ));

Deno.test("`loadCorpus()` keeps to the budgets if documents are whole books, and uses all books", () =>
  withOwnText(async (_, folder) => {
    const stream = random(5, "books");
    const words = (count: number) => Array.from({ length: count }, () => `w${stream.int(4000)}`).join(" ");
    for (let b = 0; b < 5; b++) {
      await Deno.writeTextFile(`${folder}/book${b}.jsonl`, JSON.stringify({ text: words(120_000) }));
    }
    const change = { domains: ["english"], english: `${folder}/book*.jsonl` };
    const budgets = { trainBytes: 60_000, validationBytes: 8_192, heldoutBytes: 16_384 };
    const { documents, report } = await load(1, { ...change, ...budgets });
    const { splits, cut } = report["english"]!;
    for (const [split, budget] of [["train", 60_000], ["validation", 8_192], ["heldout", 16_384]] as const) {
      assert.ok(
        splits[split].bytes <= budget && splits[split].bytes > 0.85 * budget,
        `${split} ${splits[split].bytes}`,
      );
    }
    assert.equal(cut, 5);
    const bookOf = ({ id }: Document) => id.split("#")[0]!;
    const books = Object.values(documents["english"]!).map((list: DocumentList) => new Set(Array.from(list, bookOf)));
    assert.equal(new Set(books.flatMap((set) => [...set])).size, 5, "every book is used");
    assert.equal(books.reduce((sum, set) => sum + set.size, 0), 5, "and each in one split only");
    // With larger budgets, the tenth is the limit.
    const wide = (await load(1, { ...change, heldoutBytes: 10_000_000, validationBytes: 10_000_000 }))
      .report["english"]!;
    const total = 5 * 120_000 * 6; // a little more than there is
    assert.ok(wide.splits.heldout.bytes <= total / 10 && wide.splits.validation.bytes <= total / 10);
  }));

Deno.test("`loadCorpus()` keeps to budgets that are smaller than any document", async () => {
  const tiny = { trainBytes: 700, validationBytes: 60, heldoutBytes: 90 };
  await withOwnText(async (own) => {
    const { report } = await load(1, { ...tiny, domains: ["english", "math"], english: own });
    for (const split of ["train", "validation", "heldout"] as const) {
      assert.ok(report["english"]!.splits[split].bytes <= tiny[`${split}Bytes`], split);
    }
    assert.ok(report["math"]!.splits.train.bytes <= 700);
  });
});

Deno.test("`loadCorpus()` reads one long line without punctuation, and reports text that repeats itself", () =>
  withOwnText(async (_, folder) => {
    const stream = random(6, "line");
    const line = Array.from({ length: 60_000 }, () => `w${stream.int(5000)}`).join(" ");
    await Deno.writeTextFile(`${folder}/line.txt`, line);
    const { report } = await load(1, { domains: ["english"], english: `${folder}/line.txt` });
    assert.ok(report["english"]!.splits.train.documents > 50);
    const period = Array.from({ length: 60_000 }, (_, i) => `w${i * 7919 % 1000}`).join(" ");
    await Deno.writeTextFile(`${folder}/period.txt`, period);
    await refuses(
      { domains: ["english"], english: `${folder}/period.txt` },
      "data.too-few-documents",
      /period\.txt\) repeats itself: all \d+ validation documents share half or more/,
    );
  }));

Deno.test("`loadCorpus()` names the budget that no character of a domain's text fits", () =>
  withOwnText(async (_, folder) => {
    const english = `${folder}/small.jsonl`;
    const change = { domains: ["english"], english };
    await Deno.writeTextFile(english, ["foo", "bar", "baz"].map((text) => JSON.stringify({ text })).join("\n"));
    await refuses(
      change,
      "data.too-little-text",
      /small\.jsonl\) has too little text: .* held-out text \(data\.heldoutBytes, or a tenth of the text/,
    );
    const long = ["一二三四五", "六七八九十", "甲乙丙丁戊"].map((text) => JSON.stringify({ text: text.repeat(20) }));
    await Deno.writeTextFile(english, long.join("\n"));
    await refuses({ ...change, trainBytes: 2 }, "data.too-little-text", /its training text \(data\.trainBytes\)/);
  }));

Deno.test("`loadCorpus()` reports what it left out of the user's files", () =>
  withOwnText(async (own, folder) => {
    const paragraphs = (await Deno.readTextFile(own)).split("\n\n");
    const lines = [...paragraphs.map((text) => JSON.stringify({ text })), '{"text":null}', '{"text":""}', "oops"];
    await Deno.writeTextFile(`${folder}/own.jsonl`, lines.join("\n"));
    const change = { domains: ["english"], english: `${folder}/own.jsonl` };
    await refuses(change, "data.bad-json", /line 23 is not JSON/);
    const { emptyTexts, badRecords, badFiles, firstBad } = (await load(1, { ...change, skipBad: true }))
      .report["english"]!;
    assert.deepEqual([emptyTexts, badRecords, badFiles], [2, 1, 0]);
    assert.match(firstBad!, /line 23 is not JSON/);
  }));

const alone = (documents: readonly Document[], change: object = {}) =>
  splitDocuments(documents, {
    seed: 1,
    domain: "code",
    source: "x",
    heldoutBytes: 65_536,
    validationBytes: 32_768,
    ...change,
  });
const numbered = (count: number, size = 100) =>
  Array.from({ length: count }, (_, i) => ({ id: `d${i}`, text: `${i} `.repeat(size) }));

Deno.test("`splitDocuments()` gives every split a document if there are at least three, whatever their sizes", () => {
  for (const count of [3, 4, 5, 9, 40, 200]) {
    for (const giant of [0, 1_000_000]) {
      const documents = [...numbered(count - 1), { id: "big", text: "b ".repeat(10 + giant) }];
      const splits = alone(documents);
      for (const split of ["train", "validation", "heldout"] as const) {
        assert.ok(splits[split].length > 0, `${count} ${split}`);
      }
      const ids = [...splits.train, ...splits.validation, ...splits.heldout].map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      // Neither budget exceeds a tenth of the text.
      if (count >= 40 && giant === 0) {
        assert.ok(splits.train.length >= 0.6 * count, `${splits.train.length} of ${count}`);
      }
    }
  }
});

Deno.test("`splitDocuments()` leaves out exact duplicates and counts them", () => {
  const documents = numbered(10);
  const splits = alone([...documents, ...documents.map(({ text }, i) => ({ id: `again${i}`, text: `${text}\n` }))]);
  assert.equal(splits.exactDuplicates, 10);
});

async function refuses(change: object, code: string, message: RegExp): Promise<void> {
  await assert.rejects(
    () => load(1, change),
    (error) => error instanceof UserError && error.code === code && message.test(error.message),
  );
}

Deno.test("`loadCorpus()` refuses text that is too short, blank, or one character repeated", () =>
  withOwnText(async (own, folder) => {
    const others = { english: own, math: own, multilingual: own };
    const write = (content: string) => Deno.writeTextFile(`${folder}/few.txt`, content);
    const code = `${folder}/few.txt`;
    for (const content of ["a", "a".repeat(100_000), "\n \n\t\n", "short\n\nparagraphs\n\nare joined"]) {
      await write(content);
      await refuses(
        { ...others, code },
        "data.too-few-documents",
        /^data\.domains\.code \(.*few\.txt\) has [01] different document/,
      );
    }
    await Deno.writeTextFile(`${folder}/a.ts`, "let a;");
    await Deno.writeTextFile(`${folder}/b.ts`, "let b;");
    await Deno.writeTextFile(`${folder}/c.ts`, "let b;");
    await refuses({ ...others, code: `${folder}/*.ts` }, "data.too-few-documents", /2 different documents of 3/);
  }));

Deno.test("`loadCorpus()` refuses a domain whose documents are all near-duplicates", () =>
  withOwnText(async (own, folder) => {
    const repeated = Array.from(
      { length: 9 },
      (_, i) => ({ text: `${"the very same sentence again and again ".repeat(9)}${i}` }),
    );
    await Deno.writeTextFile(`${folder}/same.jsonl`, repeated.map((one) => JSON.stringify(one)).join("\n"));
    await refuses(
      { english: own, math: own, multilingual: own, code: `${folder}/same.jsonl` },
      "data.too-few-documents",
      /^data\.domains\.code /,
    );
  }));

Deno.test("`dataConfigSchema` has a default and a description for every setting, and refuses unknown ones", () => {
  const four = ["english", "code", "math", "multilingual"];
  assert.deepEqual(dataConfigSchema.parse({}).domains, Object.fromEntries(four.map((name) => [name, "builtin"])));
  const keys = configKeys(dataConfigSchema);
  assert.ok(keys.length > 10);
  for (const { path, description } of keys) assert.ok(description.length > 10, path);
  assert.ok(!dataConfigSchema.safeParse({ engish: "x" }).success);
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

Deno.test("`loadCorpus()` keeps the user's questions out of the training text, whole or in a longer text", () =>
  withOwnText(async (_, folder) => {
    const stream = random(2, "questions");
    const sentence = () => Array.from({ length: 30 }, () => `word${stream.int(500)}`).join(" ");
    const texts = Array.from({ length: 60 }, sentence);
    const file = `${folder}/texts.jsonl`;
    await Deno.writeTextFile(file, texts.map((text) => JSON.stringify({ text })).join("\n"));
    const plain = await load(1, { builtin: "none", domains: { law: file } });
    // Two questions from what would be trained on, one of them within more text.
    const [first, second] = Array.from(plain.documents["law"]!.train, ({ text }) => text);
    const questions = [{ question: first, answer: "yes" }, { question: second!.slice(0, 100), answer: "no" }];
    const path = `${folder}/questions.jsonl`;
    await Deno.writeTextFile(path, questions.map((one) => JSON.stringify(one)).join("\n"));
    const guarded = await load(1, { builtin: "none", domains: { law: file }, tasks: { law: path } });
    const trained = Array.from(guarded.documents["law"]!.train, ({ text }) => text);
    assert.equal(trained.length, plain.documents["law"]!.train.length - 2);
    assert.ok(!trained.includes(first!) && !trained.includes(second!));
    assert.equal(guarded.report["law"]!.nearDuplicates, 2);
    assert.deepEqual(guarded.documents["law"]!.heldout, plain.documents["law"]!.heldout);
    assert.deepEqual(guarded.tasks.map(({ name, domain, kind }) => [name, domain, kind]), [
      ["law-questions", "law", "exact"],
    ]);
    assert.notEqual(guarded.fingerprint, plain.fingerprint);
    assert.deepEqual(Object.keys(guarded.fingerprints), ["law", "task:law-questions"]);
  }));

Deno.test("`loadCorpus()` never cuts a conversation, and compares it with others without the system's message", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const source = random(3, "conversations");
    const words = (count: number) => Array.from({ length: count }, () => source.int(5000).toString(36)).join(" ");
    const system = { role: "system", content: `You are helpful, and ${words(30)}.` };
    const records = Array.from({ length: 40 }, (_, i) => ({
      messages: [
        system,
        { role: "user", content: words(12) },
        { role: "assistant", content: words(i % 10 === 0 ? 3000 : 12) },
      ],
    }));
    await Deno.writeTextFile(`${folder}/a.jsonl`, records.map((one) => JSON.stringify(one)).join("\n"));
    const chat: ChatRenderer = {
      text: (messages) => messages.map(({ content }) => `${content}|`).join(""),
      answers(messages) {
        const text = chat.text(messages);
        return { text, answers: [[text.lastIndexOf("|", text.length - 2) + 1, text.length]] };
      },
    };
    const whole = new Set(records.map(({ messages }) => chat.text(messages)));
    const config = { domains: { a: `${folder}/a.jsonl` }, builtin: "none", trainBytes: 20_000, heldoutBytes: 1000 };
    const load = (more: object = {}) => loadCorpus(dataConfigSchema.parse({ ...config, ...more }), { seed: 1, chat });
    const corpus = await load();
    const { train, validation, heldout } = corpus.documents["a"]!;
    for (const { text, chat } of [...train, ...validation, ...heldout]) {
      assert.ok(whole.has(text), "it is whole");
      assert.ok(text.startsWith(system.content) && chat!.opening === system.content.length + 1);
    }
    assert.equal(corpus.report["a"]!.nearDuplicates, 0, "the system's message is no repetition");
    // A budget that no conversation fits gets one all the same.
    const tight = await load({ heldoutBytes: 10, validationBytes: 10, loss: "all" });
    assert.deepEqual([tight.documents["a"]!.heldout.length, tight.documents["a"]!.validation.length], [1, 1]);
    assert.notEqual(tight.fingerprint, (await load({ heldoutBytes: 10, validationBytes: 10 })).fingerprint);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
