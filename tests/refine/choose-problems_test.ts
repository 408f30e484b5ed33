// Problems: generated ones with right answers, files, and what is wrong with files.
import assert from "node:assert/strict";
import { join } from "node:path";
import { splitOfFact } from "../../lib/data/builtin/math.ts";
import { UserError } from "../../lib/errors.ts";
import { chooseProblems } from "../../lib/refine/choose-problems.ts";
import { exactNumber } from "../../lib/refine/exact.ts";
import { LEVELS } from "../../lib/refine/generate-problems.ts";
import { parseProblems } from "../../lib/refine/problem.ts";

const ALL = { file: "", levels: [], perLevel: 40 };

/** The value of a question that is nothing but an expression. */
function valueOf(question: string): number | undefined {
  const expression = /^What is ([\d+*\-() ]+)\?$/.exec(question)?.[1];
  return expression === undefined ? undefined : Number(new Function(`return ${expression};`)());
}

Deno.test("generated problems are distinct, the same for a seed, and their answers are right", async () => {
  const problems = await chooseProblems(ALL, 3);
  assert.deepEqual(problems, await chooseProblems(ALL, 3));
  assert.notDeepEqual(problems, await chooseProblems(ALL, 4));
  assert.equal(problems.length, 120);
  assert.equal(new Set(problems.map(({ question }) => question)).size, 120);
  assert.deepEqual([...new Set(problems.map(({ level }) => level))], [...LEVELS]);
  let checked = 0;
  for (const { question, answer, level } of problems) {
    assert.equal(exactNumber(answer), answer, question);
    if (level !== "easy") assert.match(answer, /^-?\d+$/, question);
    const value = valueOf(question);
    if (value === undefined) continue;
    assert.equal(answer, String(value), question);
    checked++;
  }
  assert.ok(checked > 10, `${checked} expressions`);
});

Deno.test("word problems: the answers follow from the numbers in the questions", async () => {
  const problems = await chooseProblems({ ...ALL, levels: ["medium", "hard"] }, 11);
  const found = new Map<string, number>();
  const check = (name: string, pattern: RegExp, solve: (...numbers: number[]) => number) => {
    for (const { question, answer } of problems) {
      const numbers = pattern.exec(question)?.slice(1).map(Number);
      if (numbers === undefined) continue;
      assert.equal(answer, String(solve(...numbers)), question);
      found.set(name, (found.get(name) ?? 0) + 1);
    }
  };
  check("boxes", /has (\d+) boxes with (\d+) \w+ each and gives away (\d+)/, (a, b, c) => a! * b! - c!);
  check("change", /buys (\d+) \w+ for (\d+) dollars each and pays with (\d+)/, (a, b, c) => c! - a! * b!);
  check(
    "shares",
    /has (\d+) \w+, gets (\d+) more, and shares all of them equally among (\d+)/,
    (a, b, c) => (a! + b!) / c!,
  );
  check("train", /gone (\d+) kilometers. It then goes (\d+) kilometers per hour for (\d+)/, (a, b, c) => a! + b! * c!);
  check("remainder", /when (\d+)\^(\d+) is divided by (\d+)/, (a, b, c) => {
    let rest = 1;
    for (let i = 0; i < b!; i++) rest = rest * a! % c!;
    return rest;
  });
  check("sum", /from (\d+) to (\d+) that are divisible by (\d+)/, (low, high, step) => {
    let sum = 0;
    for (let i = Math.ceil(low! / step!) * step!; i <= high!; i += step!) sum += i;
    return sum;
  });
  check("system", /If (\d+)x \+ y = (\d+) and x \+ (\d+)y = (\d+)/, (a, p, b, q) => {
    const x = (p! * b! - q!) / (a! * b! - 1);
    return x * (p! - a! * x);
  });
  check("teams", /team of (\d+) be chosen from (\d+)/, (k, n) => {
    const factorial = (value: number): number => value < 2 ? 1 : value * factorial(value - 1);
    return factorial(n!) / factorial(k!) / factorial(n! - k!);
  });
  check("divisors", /divisors does (\d+) have/, (n) => {
    let [left, count] = [n!, 1];
    for (let prime = 2; left > 1; prime++) {
      let power = 1;
      for (; left % prime === 0; left /= prime) power++;
      count *= power;
    }
    return count;
  });
  assert.equal(found.size, 9, `found ${[...found.keys()].join(", ")}`);
});

Deno.test("easy problems are of facts that models with this seed were not trained on", async () => {
  for (const { question } of await chooseProblems({ ...ALL, levels: ["easy"] }, 5)) {
    const [, a, b] = /^(\d+) \+ (\d+) =$|^What is (\d+) plus (\d+)\?$/.exec(question)?.filter((one) => one) ?? [];
    if (a === undefined || b === undefined) continue;
    const key = `sum ${Math.min(Number(a), Number(b))} ${Math.max(Number(a), Number(b))}`;
    assert.equal(splitOfFact(key, 5), "heldout", question);
  }
});

Deno.test("a file of problems: levels in its order, answers in lowest terms", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "own.jsonl");
    await Deno.writeTextFile(
      file,
      '\uFEFF{"id": "a", "level": "b", "question": " Half of 3? ", "answer": "3/2"}\r\n\n' +
        '{"id": "c", "level": "a", "question": "1?", "answer": 1.50}\n{"id": "d", "level": "b", "question": "2?", "answer": 2}',
    );
    const found = await chooseProblems({ file, levels: [], perLevel: 5 }, 1);
    assert.deepEqual(found.map(({ id, answer }) => [id, answer]), [["a", "3/2"], ["d", "2"], ["c", "3/2"]]);
    assert.equal(found[0]!.question, "Half of 3?");
    assert.deepEqual((await chooseProblems({ file, levels: ["b"], perLevel: 1 }, 1)).map(({ id }) => id), ["a"]);
    await assert.rejects(
      chooseProblems({ file, levels: ["hard"], perLevel: 1 }, 1),
      withCode("refine.level", /has b, a$/),
    );
    await assert.rejects(
      chooseProblems({ ...ALL, file: join(folder, "none") }, 1),
      withCode("refine.file", /does not exist/),
    );
    await assert.rejects(
      chooseProblems({ ...ALL, levels: ["trivial"] }, 1),
      withCode("refine.level", /easy, medium, hard/),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const withCode = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof UserError && error.code === code && message.test(error.message);

Deno.test("`parseProblems()` names the line and the field of what is wrong", () => {
  const wrong: readonly (readonly [text: string, message: RegExp])[] = [
    ["", /own\.jsonl has no problems/],
    ['{"id": "a"', /line 1: not JSON/],
    ['\n{"id": "a", "answer": 3}', /line 2: question/],
    ['{"id": "a", "question": "?", "answer": "many"}', /line 1: answer: "many" is not a number/],
    ['{"id": "a", "question": "  ", "answer": 1}', /line 1: question/],
    ['{"id": "a", "question": "?", "answer": 1, "hint": "x"}', /line 1: .*hint/],
    ['{"id": "a", "question": "?", "answer": 1}\n{"id": "a", "question": "!", "answer": 1}', /line 2: the id "a"/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(() => parseProblems(text, "own.jsonl"), withCode("refine.problem", message), text);
  }
});
