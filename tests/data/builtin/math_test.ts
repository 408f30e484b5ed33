// The math domain: every answer is right, and held-out facts occur in no other split in any wording.
import assert from "node:assert/strict";
import { mathChoices, mathDocuments, mathProblems, splitOfFact } from "../../../lib/data/builtin/math.ts";
import { MATH_LANGUAGES, type MathKind, mathTemplates } from "../../../lib/data/builtin/math-templates.ts";

const SEED = 3;
const train = [...mathDocuments("math", "train", { bytes: 200_000, english: 0.5, seed: SEED })];
const heldout = [...mathDocuments("math", "heldout", { bytes: 50_000, english: 0.5, seed: SEED })];
const validation = [...mathDocuments("math", "validation", { bytes: 50_000, english: 0.5, seed: SEED })];
const lines = (documents: readonly { text: string }[]) => documents.flatMap(({ text }) => text.trimEnd().split("\n"));

/** All `a op b = c` in a line, with both sides evaluated independently of the generator. */
function equations(line: string): { left: string; value: number; right: number }[] {
  const operations: Record<string, (a: number, b: number) => number> = {
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => a / b,
  };
  return [...line.matchAll(/(?<![\dx] ?[+*/-] ?)\b(\d+) ([+*/-]) (\d+) = (\d+)/g)].map(([, a, operation, b, c]) => ({
    left: `${a} ${operation} ${b}`,
    value: operations[operation!]!(Number(a), Number(b)),
    right: Number(c),
  }));
}

/** The fact behind an `a op b`, derived independently. */
function factOf(left: string): string {
  const [a, operation, b] = left.split(" ") as [string, string, string];
  const terms = operation === "+" || operation === "*"
    ? [Number(a), Number(b)]
    : [Number(b), operation === "-" ? Number(a) - Number(b) : Number(a) / Number(b)];
  terms.sort((x, y) => x - y);
  return `${"+-".includes(operation) ? "sum" : "product"} ${terms.join(" ")}`;
}

Deno.test("every equation that a document states is right", () => {
  let count = 0;
  for (const line of lines([...train, ...heldout])) {
    for (const { left, value, right } of equations(line)) {
      assert.equal(right, value, line);
      assert.ok(Number.isInteger(value) && value >= 0, left);
      count++;
    }
  }
  assert.ok(count > 1000);
});

Deno.test("every equation solved for x holds", () => {
  let count = 0;
  for (const line of lines(train)) {
    const linear = line.match(/(\d+)x \+ (\d+) = (\d+)\D.*x = (\d+)$/);
    const shift = line.match(/x \+ (\d+) = (\d+)[.;].*?(\d+)$/);
    const scale = line.match(/(\d+)x = (\d+)[.;] .*?(\d+)$/);
    const [a, d, e, x] = linear
      ? linear.slice(1).map(Number)
      : shift
      ? [1, ...shift.slice(1).map(Number)]
      : scale
      ? [Number(scale[1]), 0, Number(scale[2]), Number(scale[3])]
      : [];
    if (a === undefined) continue;
    assert.equal(a * x! + d!, e, line);
    count++;
  }
  assert.ok(count > 500);
});

Deno.test("comparisons and questions in words have the right answer", () => {
  const operations: Record<string, (a: number, b: number) => number> = {
    plus: (a, b) => a + b,
    minus: (a, b) => a - b,
    times: (a, b) => a * b,
    "divided by": (a, b) => a / b,
  };
  for (const line of lines(train)) {
    const asked = line.match(/^What is (\d+) (plus|minus|times|divided by) (\d+)\? (\d+)$/);
    if (asked) assert.equal(Number(asked[4]), operations[asked[2]!]!(Number(asked[1]), Number(asked[3])), line);
    const which = line.match(/^Which is (larger|smaller), (\d+) or (\d+)\? (\d+)$/);
    if (which) {
      const pair = [Number(which[2]), Number(which[3])];
      assert.equal(Number(which[4]), which[1] === "larger" ? Math.max(...pair) : Math.min(...pair), line);
    }
    const unit = line.match(/^How many (minutes|centimetres|grams) are (\d+) \w+\? (\d+) \1$/);
    if (unit) {
      assert.equal(Number(unit[3]), Number(unit[2]) * { minutes: 60, centimetres: 100, grams: 1000 }[unit[1]!]!);
    }
  }
});

Deno.test("no fact is in two splits: not turned around, not as the inverse, not inside a worked answer", () => {
  const facts = (documents: readonly { text: string }[]) =>
    new Set(lines(documents).flatMap((line) => equations(line).map(({ left }) => factOf(left))));
  const [inTrain, inHeldout, inValidation] = [train, heldout, validation].map(facts) as [
    Set<string>,
    Set<string>,
    Set<string>,
  ];
  assert.ok(inTrain.size > 1000 && inHeldout.size > 150 && inValidation.size > 50);
  for (const fact of inHeldout) assert.ok(!inTrain.has(fact) && !inValidation.has(fact), fact);
  for (const fact of inValidation) assert.ok(!inTrain.has(fact), fact);
});

Deno.test("documents name all facts that they state", () => {
  for (const document of heldout) {
    for (const line of lines([document])) {
      for (const { left } of equations(line)) assert.ok(document.keys!.includes(factOf(left)), line);
    }
    for (const key of document.keys!) assert.equal(splitOfFact(key, SEED), "heldout");
  }
});

Deno.test("`mathProblems()` gives different held-out problems whose answers end their line", () => {
  const problems = mathProblems(300, SEED);
  assert.equal(new Set(problems.map(({ prompt }) => prompt)).size, 300);
  assert.ok(new Set(problems.map(({ kind }) => kind)).size >= 8);
  const training = new Set(lines(train));
  for (const { prompt, answer } of problems) {
    assert.match(prompt, /\S$/);
    assert.match(answer, /^ \S.*\S$|^ \d$/);
    assert.ok(!training.has(prompt + answer), prompt);
    for (const { left, value, right } of equations(prompt + answer)) {
      assert.equal(value, right);
      assert.equal(splitOfFact(factOf(left), SEED), "heldout");
    }
  }
});

Deno.test("`mathChoices()` asks the same problems with three wrong answers of the same form", () => {
  const problems = mathProblems(200, 3);
  const asked = mathChoices(200, 3);
  assert.deepEqual(
    asked.map(({ prompt, choices, right }) => [prompt, choices[right]]),
    problems.map((one) => [one.prompt, one.answer]),
  );
  const places = new Set(asked.map(({ right }) => right));
  assert.deepEqual([...places].sort(), [0, 1, 2, 3]);
  for (const { choices, right } of asked) {
    assert.equal(new Set(choices).size, 4);
    const form = (text: string) => text.replace(/\d+/g, "0");
    assert.deepEqual([...new Set(choices.map(form))], [form(choices[right]!)]);
  }
});

Deno.test("many problems are small, and the share of English is as configured", () => {
  const sums = lines(train).flatMap((line) => line.match(/^(\d+) \+ (\d+) = /)?.slice(1).map(Number) ?? []);
  assert.ok(sums.filter((term) => term <= 20).length > sums.length / 2);
  const english = (share: number) => {
    const documents = [...mathDocuments("math", "train", { bytes: 100_000, english: share, seed: 1 })];
    return documents.filter(({ text }) => /What is|Which is|Solve|How many/.test(text)).length / documents.length;
  };
  assert.equal(english(0), 0);
  assert.ok(english(0.8) > 0.7 && english(0.8) < 0.85);
  assert.ok(english(1) > 0.95); // a document of signs only shows no language
});

Deno.test("every kind has templates in every language, and all slots are filled", () => {
  const kinds: MathKind[] = ["add", "subtract", "multiply", "divide", "larger", "smaller", "shift", "scale", "linear"];
  for (const language of MATH_LANGUAGES) {
    for (const kind of kinds) assert.ok(mathTemplates(kind, language).length > 0, `${language} ${kind}`);
  }
  for (const line of lines([...train, ...heldout])) assert.doesNotMatch(line, /[{}]|undefined|NaN/);
});

Deno.test("`mathDocuments()` keeps to any number of bytes, and gives whole problems even if no document fits", () => {
  for (const bytes of [0, 10, 60, 100, 150, 250, 1000, 4000]) {
    const documents = [...mathDocuments("math", "heldout", { bytes, english: 1, seed: SEED })];
    const size = documents.reduce((sum, { text }) => sum + new TextEncoder().encode(text).length, 0);
    assert.ok(size <= bytes, `${size} of ${bytes}`);
    if (bytes >= 100) assert.ok(size > 0, `nothing in ${bytes} bytes`);
    for (const { text } of documents) assert.match(text, /^(.+ \S+\n)+$/);
  }
});
