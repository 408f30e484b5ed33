// A corpus of the user's own files: budgets, questions, conversations, refusals.
import assert from "node:assert/strict";
import type { ChatRenderer, Document, DocumentList, SplitName } from "../../lib/data/types.ts";
import { checkOverlap } from "../../lib/data/overlap.ts";
import { dataConfigSchema } from "../../lib/data/config.ts";
import { DOMAINS } from "../../lib/data/builtin/registry.ts";
import { loadCorpus } from "../../lib/data/corpus.ts";
import { random } from "../../lib/random.ts";
import { allOf, load, refuses, withOwnText } from "./own-text.ts";

Deno.test("`loadCorpus()` takes the user's own files for any domain, and then has no tasks", () =>
  withOwnText(async (own) => {
    const mine = await load(1, { english: own, code: own.replace("own", "*"), math: own, multilingual: own });
    assert.deepEqual(mine.tasks, []);
    for (const domain of DOMAINS) for (const { id } of allOf(domain, mine)) assert.ok(id.startsWith(own));
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
