// The user's tasks: questions in JSON lines, and every mistake with its file, line and field.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { readQuestions } from "../../lib/data/questions.ts";

async function withFile(lines: readonly unknown[], body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook questions " });
  try {
    const path = `${folder}/law questions.jsonl`;
    const text = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line)).join("\n");
    await Deno.writeTextFile(path, text);
    await body(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const read = async (lines: readonly unknown[]) => {
  let found: Awaited<ReturnType<typeof readQuestions>> | undefined;
  await withFile(lines, async (path) => void (found = await readQuestions(path, "data.tasks.law")));
  return found!;
};

Deno.test("`readQuestions()` reads multiple choice by text or index, and exact answers", async () => {
  const choices = ["Yes", "No", "Perhaps"];
  assert.deepEqual(
    await read([
      { question: "May I?", choices, answer: "No" },
      "",
      { question: "May I?  ", choices, answer: 2, source: "more fields are fine" },
      { question: "May I?\n", choices: ["a", "b"], answer: "a" },
    ]),
    {
      kind: "choice",
      questions: [
        { prompt: "May I?", choices: [" Yes", " No", " Perhaps"], right: 1 },
        { prompt: "May I?", choices: [" Yes", " No", " Perhaps"], right: 2 },
        { prompt: "May I?\n", choices: ["a", "b"], right: 0 },
      ],
    },
  );
  assert.deepEqual(
    await read([{ question: "2 + 2 =", answer: 4 }, { question: "Who?\nAnswer:", answer: "The court " }]),
    {
      kind: "exact",
      questions: [{ prompt: "2 + 2 =", answer: " 4" }, { prompt: "Who?\nAnswer:", answer: " The court" }],
    },
  );
});

Deno.test("`readQuestions()` refuses a bad line with its file, line and field", async () => {
  const good = { question: "q", choices: ["a", "b"], answer: "a" };
  const cases: [line: unknown, message: RegExp][] = [
    ["{", /law questions\.jsonl line 2 is not JSON/],
    [[1], /line 2 is not a JSON object/],
    [{ ...good, question: undefined }, /line 2: the field "question" is missing/],
    [{ ...good, question: " " }, /line 2: the field "question" is empty/],
    [{ ...good, question: 7 }, /line 2: the field "question" is not text/],
    [{ ...good, answer: undefined }, /line 2: the field "answer" is missing/],
    [{ ...good, answer: "c" }, /line 2: the field "answer" is "c", which is neither one of the choices nor an index/],
    [{ ...good, answer: 2 }, /line 2: the field "answer" is 2, which/],
    [{ ...good, answer: -1 }, /line 2: the field "answer" is -1, which/],
    [{ ...good, answer: 0.5 }, /line 2: the field "answer" is 0.5, which/],
    [{ ...good, answer: true }, /line 2: the field "answer" is true, which/],
    [{ ...good, choices: ["a"] }, /line 2: the field "choices" is not a list of at least two texts/],
    [{ ...good, choices: ["a", 1] }, /line 2: the field "choices" is not a list/],
    [{ ...good, choices: "ab" }, /line 2: the field "choices" is not a list/],
    [{ ...good, choices: ["a", "b", " a"] }, /line 2: the field "choices" has "a" twice/],
    [{ question: "q", answer: "a" }, /line 2 has no field "choices", unlike the lines before it/],
  ];
  for (const [line, message] of cases) {
    await withFile([good, line], (path) =>
      assert.rejects(
        () => readQuestions(path, "data.tasks.law"),
        (error) => error instanceof UserError && message.test(error.message) && error.hint !== undefined,
        String(message),
      ));
  }
  const exact = { question: "q", answer: "a" };
  for (
    const [lines, message] of [
      [[exact, { ...exact, answer: "two\nlines" }], /line 2: the field "answer" has several lines/],
      [[exact, { ...exact, answer: "" }], /line 2: the field "answer" is empty/],
      [[exact, { ...exact, answer: ["a"] }], /line 2: the field "answer" is not text or a number/],
      [[exact, good], /line 2 has the field "choices", unlike/],
      [["", " "], /has no questions/],
    ] as const
  ) {
    await withFile(
      lines,
      (path) =>
        assert.rejects(
          () => readQuestions(path, "data.tasks.law"),
          (error) => error instanceof UserError && message.test(error.message),
        ),
    );
  }
  await assert.rejects(() => readQuestions("no such.jsonl", "data.tasks.law"), /data\.tasks\.law is "no such\.jsonl"/);
});

Deno.test("`readQuestions()` does not offer to skip what is not UTF-8", () =>
  withFile([{ question: "q", answer: "x" }], async (path) => {
    await Deno.writeFile(path, new Uint8Array([...new TextEncoder().encode('{"question": "'), 0xff]), { append: true });
    await assert.rejects(readQuestions(path, "data.tasks.law"), (error: UserError) => {
      assert.match(error.message, /questions\.jsonl line 1 is not UTF-8: byte \d+ is 0xff/);
      assert.match(error.hint!, /^Save it as UTF-8/);
      assert.doesNotMatch(error.hint!, /skipBad/);
      return true;
    });
  }));
