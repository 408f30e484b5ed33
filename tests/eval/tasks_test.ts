// Tasks: questions from held-out text that fit the context, and scores that a known model must get.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Corpus } from "../../lib/data/mod.ts";
import { answeredRightly, buildTasks, evaluate, evaluationWindows, scoreTask, type Task } from "../../lib/eval/mod.ts";
import { methodResultSchema } from "../../lib/run/mod.ts";
import { valuesBy } from "../run/results.ts";
import { bigramModel, byteTokenizer, tinyDecoder, wordyDocuments } from "./fakes.ts";

await tf.setBackend("cpu");
const heldout = (documents: ReturnType<typeof wordyDocuments>) => ({ train: [], validation: [], heldout: documents });
const translations = ["de", "fr"].flatMap((language) =>
  wordyDocuments(20, 3, language.length + language.charCodeAt(0)).map(({ text }, i) => ({
    prompt: `English: m${i}\n${language}:`,
    translation: ` ${text.replaceAll("\n", " ")}`,
    language,
  }))
);
const corpus: Corpus = {
  domains: ["english", "code", "math", "multilingual"],
  documents: {
    english: heldout(wordyDocuments(12, 120, 1)),
    code: heldout(wordyDocuments(3, 200, 2)),
    math: heldout(wordyDocuments(2, 9, 3)),
    multilingual: heldout(wordyDocuments(2, 9, 4)),
  },
  tasks: [
    {
      name: "arithmetic",
      domain: "math",
      kind: "exact",
      questions: Array.from({ length: 30 }, (_, i) => ({ prompt: `${i}+${i}=`, answer: ` ${2 * i}` })),
    },
    { name: "english-continuation", domain: "english", kind: "continuation" },
    { name: "code-continuation", domain: "code", kind: "continuation" },
    { name: "translation", domain: "multilingual", kind: "translation", translations },
  ],
  fingerprint: "",
};
const options = { seed: 5, items: 24, time: 60 };
const tasks = buildTasks(corpus, byteTokenizer, options);
const taskOf = (name: string) => tasks.find((task) => task.name === name)!;

Deno.test("`buildTasks()` makes the four tasks, which depend only on the seed", () => {
  assert.deepEqual(tasks.map(({ name }) => name), [
    "arithmetic",
    "english-continuation",
    "code-continuation",
    "translation",
  ]);
  for (const { items } of tasks) assert.equal(items.length, 24);
  assert.deepEqual(buildTasks(corpus, byteTokenizer, options), tasks);
  assert.notDeepEqual(buildTasks(corpus, byteTokenizer, { ...options, seed: 6 }), tasks);
  const [first, ...others] = corpus.tasks;
  const bare = {
    documents: { english: heldout(wordyDocuments(1, 500)) },
    tasks: [{ ...first, questions: [] } as unknown as typeof first & object, ...others.slice(0, 2)],
  };
  assert.deepEqual(buildTasks(bare, byteTokenizer, options), []);
});

Deno.test("`buildTasks()` makes questions that fit the context with every answer", () => {
  for (const task of tasks) {
    for (const item of task.items) {
      assert.equal(item.prompt[0], byteTokenizer.endOfText);
      assert.ok(item.prompt.length >= 2);
      if ("choices" in item) {
        for (const { tokens } of item.choices) assert.ok(item.prompt.length - 1 + tokens.length <= options.time);
      } else if (task.kind === "generation") {
        assert.ok(item.prompt.length + task.maxTokens <= options.time);
        assert.ok(task.maxTokens > byteTokenizer.encode(item.answer).length);
      }
    }
  }
});

for (const domain of ["english", "code"]) {
  Deno.test(`\`buildTasks()\` of ${domain}: one choice continues the prompt; the others come from other documents and are as long`, () => {
    const texts = corpus.documents[domain]!.heldout.map(({ text }) => text);
    const rights = [0, 0, 0, 0];
    const task = taskOf(`${domain}-continuation`);
    assert.ok(task.kind === "choice");
    for (const { prompt, choices, right } of task.items) {
      rights[right]!++;
      const before = byteTokenizer.decode(prompt.slice(1)).replace(/^\ufffd+/, "");
      const answers = choices.map(({ tokens }) => byteTokenizer.decode(tokens));
      const source = texts.findIndex((text) => text.includes(before + answers[right]!));
      assert.ok(source >= 0, "the right one follows the prompt");
      answers.forEach((answer, i) => {
        if (i !== right) {
          assert.ok(texts.some((text, d) => d !== source && text.includes(answer)), "another document's");
          assert.ok(!texts[source]!.includes(before + answer));
        }
        const bytesOf = (text: string) => new TextEncoder().encode(text).length;
        assert.ok(Math.abs(bytesOf(answer) - bytesOf(answers[right]!)) <= 0.2 * bytesOf(answers[right]!));
        assert.match(answer, /^[ \n]\S/, "a blank that gives nothing away");
        assert.equal(answer[0], answers[0]![0]);
      });
      assert.equal(new Set(answers).size, 4);
    }
    assert.ok(Math.min(...rights) > 0, `the right one's place is not fixed: ${rights}`);
  });
}

Deno.test("`buildTasks()` of passages: the next one, and three others of the same document", () => {
  const { documents } = corpus;
  const { items } = buildTasks(
    { documents, tasks: [{ name: "code-passage", domain: "code", kind: "continuation", among: "document" }] },
    byteTokenizer,
    options,
  )[0]!;
  assert.equal(items.length, 24);
  for (const item of items) {
    assert.ok("choices" in item);
    const [prompt, ...texts] = [item.prompt, ...item.choices.map(({ tokens }) => tokens)].map((ids) =>
      byteTokenizer.decode([...ids])
    );
    assert.equal(new Set(texts).size, 4);
    const whole = prompt!.slice(-8) + texts[item.right]!; // the prompt may begin within a character
    const own = documents["code"]!.heldout.filter(({ text }) => text.includes(whole));
    assert.ok(own.some(({ text }) => texts.every((one) => text.includes(one))));
  }
});

Deno.test("`buildTasks()` of translations: four candidates of one language, of every language", () => {
  const task = taskOf("translation");
  assert.ok(task.kind === "choice");
  const languages = new Set<string>();
  for (const { prompt, choices, right } of task.items) {
    const asked = byteTokenizer.decode(prompt);
    const answers = choices.map(({ tokens }) => byteTokenizer.decode(tokens));
    const pair = translations.find((pair) => pair.prompt === asked && pair.translation === answers[right])!;
    languages.add(pair.language);
    const same = translations.filter(({ language }) => language === pair.language);
    for (const answer of answers) assert.ok(same.some(({ translation }) => translation === answer));
    assert.equal(new Set(answers).size, 4);
  }
  assert.deepEqual([...languages].sort(), ["de", "fr"]);
});

Deno.test("`scoreTask()` counts the choice that gains the most likelihood from its prompt", async () => {
  // "c" is the likeliest after anything; "b" becomes likely after "a".
  const [a, b, c] = [97, 98, 99];
  const model = bigramModel(257, (from, to) => to === c ? 6 : from === a && to === b ? 5 : 0);
  const choice = (text: string) => ({ tokens: byteTokenizer.encode(text) });
  const prompt = [256, a];
  const items = [
    { prompt, choices: ["c", "b", "d", "e"].map(choice), right: 1 },
    { prompt, choices: ["c", "b", "d", "e"].map(choice), right: 0 },
    // What follows the first token is the same with and without the prompt, so length is no disadvantage.
    { prompt, choices: ["c", "d", "e", "bdddd"].map(choice), right: 3 },
  ];
  const task: Task = { kind: "choice", scoring: "gain", name: "x", domain: "english", chance: 0.25, items };
  for (const batch of [1, 5, 64]) {
    const answers = await answeredRightly(model, task, byteTokenizer, { batch });
    assert.deepEqual(answers, [true, false, true]);
  }
  const { value, low, high, samples } = await scoreTask(model, task, byteTokenizer);
  assert.deepEqual([value, samples], [2 / 3, 3]);
  // Clopper and Pearson's interval of 2 of 3.
  assert.ok(Math.abs(low - 0.0943) < 1e-4 && Math.abs(high - 0.9916) < 1e-4, `${low} ${high}`);
});

Deno.test("`scoreTask()` of the user's choices takes the likeliest after the question, whose tokens are summed", async () => {
  // After "a", "b" is likelier than "c" is; both are followed by "d" with little probability.
  const [a, b, c, d] = [97, 98, 99, 100];
  const model = bigramModel(
    257,
    (from, to) => from === a && to === b ? 6 : from === a && to === c ? 5 : from === b && to === d ? 1 : 0,
  );
  const choice = (text: string) => ({ tokens: byteTokenizer.encode(text) });
  const items = [
    { prompt: [256, a], choices: ["c", "b"].map(choice), right: 1 },
    { prompt: [256, a], choices: ["c", "bd"].map(choice), right: 1 }, // a sum, not a mean: longer is less likely
    { prompt: [256, a], choices: ["bd", "c", "e"].map(choice), right: 1 },
  ];
  const task: Task = { kind: "choice", scoring: "likelihood", name: "x", domain: "law", chance: 4 / 9, items };
  for (const batch of [1, 5, 64]) {
    assert.deepEqual(await answeredRightly(model, task, byteTokenizer, { batch }), [true, false, true]);
  }
  // Each answer is run once, after its question.
  let rows = 0;
  await answeredRightly(model, task, byteTokenizer, { onRow: () => rows++ });
  assert.equal(rows, 7);
});

Deno.test("`buildTasks()` of the user's questions: those that fit, in an order of the seed, with the level of chance", () => {
  const choice = (choices: string[], prompt = "q") => ({ prompt, choices, right: 0 });
  const own = {
    documents: {},
    tasks: [
      {
        name: "law-questions",
        domain: "law",
        kind: "choice",
        questions: [choice([" a", " b"]), choice([" a", " b", " c", " d"]), choice([" a", " b"], "long ".repeat(50))],
      },
      { name: "poems-questions", domain: "poems", kind: "exact", questions: [{ prompt: "2+2=", answer: " 4" }] },
    ],
  } satisfies Pick<Corpus, "documents" | "tasks">;
  const [law, poems] = buildTasks(own, byteTokenizer, options);
  assert.ok(law?.kind === "choice" && poems?.kind === "generation");
  assert.deepEqual([law.scoring, law.items.length, law.chance], ["likelihood", 2, (1 / 2 + 1 / 4) / 2]);
  assert.deepEqual(law.items.map(({ choices }) => choices.length).sort(), [2, 4]);
  assert.deepEqual([poems.chance, poems.items[0]!.answer, poems.maxTokens], [0, " 4", 4]);
});

Deno.test("`scoreTask()` compares the generated line exactly", async () => {
  // Each letter is followed by the next one, "e" by a line end; "x" by the end of text; "y" by itself, forever.
  const code = (text: string) => text.charCodeAt(0);
  const follows = (from: number) =>
    from === code("e") ? 10 : from === code("x") ? 256 : from === code("y") ? from : from + 1;
  const model = bigramModel(257, (from, to) => from < 256 && follows(from) === to ? 9 : 0);
  const ask = (prompt: string, answer: string) => ({ prompt: [256, ...byteTokenizer.encode(prompt)], answer });
  const items = [ask("a", "bcde"), ask("zab", "cde"), ask("c", "d"), ask("c", "de "), ask("w", "x"), ask("y", "yyyy")];
  const task: Task = { kind: "generation", name: "x", domain: "math", chance: 0, maxTokens: 6, items };
  for (const batch of [1, 2, 64]) {
    assert.deepEqual(
      await answeredRightly(model, task, byteTokenizer, { batch }),
      [true, true, false, true, true, false],
    );
  }
});

Deno.test("`scoreTask()` of a decoder does not depend on the batch, and leaks no tensor", async () => {
  const model = tinyDecoder(7);
  const answers: boolean[][] = [];
  // The decoder's answers without a cache, so that some are right.
  const arithmetic = taskOf("arithmetic");
  assert.ok(arithmetic.kind === "generation");
  const items = arithmetic.items.slice(0, 6).map(({ prompt }, i) => {
    const ids = [...prompt];
    for (let step = 0; step < 5; step++) {
      ids.push(tf.tidy(() => {
        const logits = model.logits(tf.tensor2d(ids, [1, ids.length], "int32"));
        return tf.argMax(logits.reshape([ids.length, 257]).slice([ids.length - 1, 0], [1, 257]), -1).dataSync()[0]!;
      }));
    }
    return { prompt, answer: i % 2 === 0 ? byteTokenizer.decode(ids.slice(prompt.length)) : "wrong" };
  });
  const checked: Task[] = [{ ...arithmetic, maxTokens: 5, items }, taskOf("translation")];
  const before = tf.memory().numTensors;
  for (const task of checked) {
    answers.length = 0;
    for (const batch of [1, 4, 50]) answers.push(await answeredRightly(model, task, byteTokenizer, { batch }));
    assert.deepEqual(answers[0], answers[1]);
    assert.deepEqual(answers[0], answers[2]);
    if (task.kind === "generation") assert.deepEqual(answers[0], items.map((_, i) => i % 2 === 0));
  }
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("`evaluate()` gives scores in the form of the event log, with the mean of the domains", async () => {
  const windows = Object.fromEntries(
    ["english", "code"].map((domain) => [
      domain,
      evaluationWindows(corpus.documents[domain]!.heldout, byteTokenizer, { time: 60, maxWindows: 6 }),
    ]),
  );
  const model = bigramModel(257, (from, to) => Math.cos(from - to));
  const progress: string[] = [];
  let last = 0;
  const { measures, measurements, documents } = await evaluate(model, { windows, tasks, tokenizer: byteTokenizer }, {
    parameters: { trained: 1, total: 3, active: 2 },
    device: "a test",
    onProgress({ part, done, total }) {
      assert.ok(done > last && done <= total);
      last = done;
      if (progress.at(-1) !== part) progress.push(part);
      if (done === total) progress.push("end");
    },
  });
  methodResultSchema.parse(measurements);
  const { english, code, mean } = valuesBy(measurements, "bpb");
  assert.ok(Math.abs((english! + code!) / 2 - mean!) < 1e-12);
  for (const { interval, value } of measurements) {
    assert.ok(interval === null || (interval[0] <= value && value <= interval[1]));
  }
  assert.deepEqual(valuesBy(measurements, "parameters"), { trained: 1, total: 3, active: 2 });
  const names = ["bpb", ...tasks.map(({ name }) => name), "calibration-error", "decoding-latency", "parameters"];
  assert.deepEqual([...new Set(measurements.map(({ name }) => name))], names);
  assert.deepEqual(measures.map(({ name }) => name), names);
  assert.deepEqual(measurements.filter(({ device }) => device !== undefined).map(({ name }) => name), [
    "decoding-latency",
  ]);
  assert.deepEqual(progress, ["english", "code", ...tasks.map(({ name }) => name), "end"]);
  assert.equal(documents["english"]!.nll.length, 6);
});
