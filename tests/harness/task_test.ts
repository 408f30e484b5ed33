// Prompts, continuations and right answers: those of the harness on the tasks beside this file.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { openTask, type Request } from "../../lib/harness/task.ts";
import { readTasks } from "../../lib/harness/task-files.ts";
import { SAMPLES, TASKS } from "./expected.ts";
import { CHOICE, taskOf, withTask } from "./fakes.ts";

/** A request as the harness writes its arguments; of a generation without its settings. */
function argumentsOf(request: Request): unknown[] {
  switch (request.kind) {
    case "text":
      return [request.text];
    case "generation":
      return [request.context];
    case "continuation":
      return [request.context, request.continuation];
  }
}

Deno.test("every prompt is the harness's, few-shot examples included", async () => {
  const { tasks } = await readTasks([TASKS]);
  assert.deepEqual(tasks.map(({ name }) => name).sort(), Object.keys(SAMPLES));
  for (const config of tasks) {
    const task = await openTask(config);
    const items = task.items();
    const [first] = config.filters;
    const expected = SAMPLES[config.name]!.filter(({ filter }) => filter === first!.name).sort((a, b) => a.id - b.id);
    assert.equal(items.length, expected.length);
    for (const [i, item] of items.entries()) {
      const asked = expected[i]!.arguments.map((one) => one.filter((part) => typeof part === "string"));
      assert.deepEqual(item.requests.map(argumentsOf), asked, `${config.name} ${i}`);
    }
    assert.deepEqual(task.items(2), items.slice(0, 2));
  }
});

const F1 = 'doc_to_text: "?"\nmetric_list: [{ metric: f1 }]';

const MISTAKES: Readonly<Record<string, readonly [settings: string, data: string, message: RegExp]>> = {
  "a missing field": [
    "doc_to_text: question",
    '{"question": "a", "right": 0}\n{"right": 1}',
    /line 2 has no field "question"/,
  ],
  "an undefined name in a template": [
    'doc_to_text: "{{question}}"',
    '{"right": 0}',
    /test\.jsonl line 1: doc_to_text \(.*task\.yaml line 7\) cannot be rendered: question is undefined/,
  ],
  "an empty choice": [
    'doc_to_text: "?"\ndoc_to_choice: cs',
    '{"right": 0, "cs": ["a", "b"]}\n{"right": 0, "cs": ["a", ""]}',
    /line 2: doc_to_choice gives \['a', ''\], of which choice 1 is empty/,
  ],
  "choices that are all the same": [
    'doc_to_text: "?"\ndoc_to_choice: cs',
    '{"right": 0, "cs": ["a", "a"]}',
    /line 1: doc_to_choice gives \['a', 'a'\], which are all the same/,
  ],
  "an undefined name in a template of examples": [
    'doc_to_text: "?"\nnum_fewshot: 1\nfewshot_config:\n  sampler: first_n\n  samples: [{ right: 0 }]\n  doc_to_text: "{{nope}}"',
    '{"right": 0}',
    /task\.yaml line 11: doc_to_text \(.*task\.yaml line 12\) cannot be rendered: nope is undefined/,
  ],
  "an endless loop in a template": [
    'doc_to_text: "{% for i in range(10**9) %}{% endfor %}"',
    '{"right": 0}',
    /task\.yaml line 7: the template of doc_to_text takes more than [\d,]+ steps on .*test\.jsonl line 1$/,
  ],
  "a template whose text grows": [
    `doc_to_text: "?"\ndescription: "{% set n = namespace(x='aa') %}{% for i in range(40) %}{% set n.x = n.x + n.x %}{% endfor %}"`,
    '{"right": 0}',
    /task\.yaml line 8: the template of description makes a text of more than/,
  ],
  "a number that is no choice": [
    'doc_to_text: "?"',
    '{"right": 0}\n{"right": 2}',
    /line 2: its target 2 is not among the 2 choices: expected one of "yes", "no", or a number from 0 to 1/,
  ],
  "f1 of several right choices": [
    `${F1}\ndoc_to_target: "{{right}}"`,
    '{"right": [0, 1]}',
    /line 1: cannot compute f1: 2 of the choices are right, and it needs one/,
  ],
  "a text that is no choice": [
    'doc_to_text: "?"',
    '{"right": "maybe"}',
    /its target "maybe" is not among the 2 choices/,
  ],
  "a list of answers in one document only": [
    'doc_to_text: "?"',
    '{"right": 0}\n{"right": [0]}',
    /line 2: its target is a list, unlike the first/,
  ],
  "a question that is no text": [
    "doc_to_text: question",
    '{"question": {"a": 1}, "right": 0}',
    /doc_to_text gives \{'a': 1\}/,
  ],
  "a line that is no JSON": ['doc_to_text: "?"', '{"right": 0}\n{"right"', /test\.jsonl line 2 is not JSON/],
  "a line that is no object": ['doc_to_text: "?"', "[1]\n", /test\.jsonl element 1 is not a document/],
  "no documents": ['doc_to_text: "?"', "\n", /there are no documents/],
  "too few documents for examples": [
    'doc_to_text: "?"\nfewshot_split: test\nnum_fewshot: 2',
    '{"right": 0}\n{"right": 1}',
    /has 2 documents to draw examples from, but 3 are drawn/,
  ],
};

for (const [what, [settings, data, message]] of Object.entries(MISTAKES)) {
  Deno.test(`${what} is named with its place`, () =>
    withTask(settings, data, async (path) => {
      await assert.rejects(
        async () => (await taskOf(path)).items(),
        (error) => error instanceof UserError && message.test(error.message) || assert.fail(String(error)),
      );
    }));
}

Deno.test("f1 of more than two choices is refused", () =>
  withTask(
    F1,
    '{"right": 0}',
    async (path) => {
      await assert.rejects(
        async () => (await taskOf(path)).items(),
        /line 1: cannot compute f1: it is of two choices, .* and there are 3/,
      );
    },
    `${CHOICE.replace('"no"', '"no", "maybe"')}\n`,
  ));

Deno.test("a column of dates is left out, because the harness writes it in another way", () =>
  withTask('doc_to_text: "{{day}}"', '{"day": "2020-01-01", "right": 0}', async (path) => {
    await assert.rejects(async () => (await taskOf(path)).items(), /day is undefined/);
  }));

Deno.test("a column of numbers of which one has a fraction is written with fractions", () =>
  withTask(
    'doc_to_text: "{{x}} {{y}} {{z}}"',
    '{"x": 1, "y": [1, 2.5], "z": 3, "right": 0}\n{"x": 0.5, "y": [], "z": 4, "right": 0}',
    async (path) => {
      const [first] = (await taskOf(path)).items();
      assert.equal((first!.requests[0] as { context: string }).context, "1.0 [1.0, 2.5] 3");
    },
  ));
