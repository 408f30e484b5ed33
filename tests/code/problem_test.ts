// The built-in problems: their tests prove the solutions right and the wrong solutions wrong. And damaged files.
import assert from "node:assert/strict";
import { builtinProblems, parseProblems, readProblems } from "../../lib/code/problem.ts";
import { judge } from "../../lib/code/judge.ts";
import { inParallel } from "../../lib/in-parallel.ts";
import { encodedEquals } from "../../lib/sandbox/encoded.ts";
import { startProgram } from "../../lib/sandbox/program.ts";
import { UserError } from "../../lib/errors.ts";

const problems = await builtinProblems();

/** Wrong solutions that are right but too slow, or take long to be wrong: each needs a process of its own. */
const SLOW: Readonly<Record<string, readonly number[]>> = {
  "edit-distance": [0],
  "longest-increasing-subsequence": [2],
  "glob-match": [2],
  "knapsack": [2],
  "sudoku": [1],
};

/** One program with many functions, which are called by number. */
function together(programs: readonly { readonly source: string; readonly entryPoint: string }[]): string {
  const functions = programs.map(({ source, entryPoint }) => `(() => { ${source}\nreturn ${entryPoint}; })()`);
  return `const all = [${functions.join(",\n")}];
    const call = (which: number, ...inputs: unknown[]) => (all[which] as (...inputs: unknown[]) => unknown)(...inputs);`;
}

Deno.test("there are 40 problems and more, of three levels, each with wrong solutions and enough tests", () => {
  assert.ok(problems.length >= 40);
  for (const level of ["easy", "medium", "hard"]) {
    assert.ok(problems.filter((problem) => problem.level === level).length >= 12, level);
  }
  for (const { id, tests, solution, wrong, prompt } of problems) {
    // The first test of most is the example in the description, which a program could know by heart.
    assert.ok(tests.length >= 2 && solution !== undefined && wrong!.length >= 2, id);
    assert.match(prompt, /^\/\*\*\n/, id);
  }
});

Deno.test("every solution passes all tests, and every wrong solution fails one", async () => {
  const limits = { cpuSeconds: 60, wallSeconds: 600, outputBytes: 1 << 24 };
  const programs = problems.flatMap((problem) =>
    [problem.solution!, ...problem.wrong!]
      .map((completion, i) => ({ problem, right: i === 0, number: i - 1, source: problem.prompt + completion }))
      .filter(({ number }) => !SLOW[problem.id]?.includes(number))
      .map((one) => ({ ...one, entryPoint: problem.entryPoint }))
  );
  await using program = await startProgram(together(programs), "call", limits);
  for (const [which, { problem, right, number }] of programs.entries()) {
    let failed: string | undefined;
    for (const { inputs, expected } of problem.tests) {
      const result = await program.call([which, ...inputs]);
      const passes = result.kind === "returned" && encodedEquals(result.value, expected, problem.tolerance);
      if (!passes) failed = `${JSON.stringify(inputs)} gave ${JSON.stringify(result)}, not ${JSON.stringify(expected)}`;
      if (!passes) break;
    }
    if (right) assert.equal(failed, undefined, problem.id);
    else assert.ok(failed !== undefined, `${problem.id}: wrong solution ${number + 1} passes`);
  }
});

Deno.test("solutions that take too long fail by time", async () => {
  const slow = problems.flatMap((problem) => (SLOW[problem.id] ?? []).map((number) => ({ problem, number })));
  const verdicts = await inParallel(
    slow,
    4,
    ({ problem, number }) => judge(problem, problem.prompt + problem.wrong![number], { cpuSeconds: 1 }),
  );
  for (const [i, { outcome, detail }] of verdicts.entries()) {
    const { id } = slow[i]!.problem;
    if (id === "sudoku") assert.ok(outcome === "wrong" || outcome === "time", detail);
    else assert.equal(outcome, "time", `${id}: ${detail}`);
  }
});

Deno.test("damaged files of problems are refused with their line", async () => {
  const good = JSON.stringify({
    id: "a",
    level: "easy",
    entryPoint: "f",
    prompt: "function f(): number {\n",
    tests: [{ inputs: [], expected: 1 }],
  });
  assert.equal(parseProblems(`${good}\n\n`, "p.jsonl")[0]!.id, "a");
  const changed = (change: object) => JSON.stringify({ ...JSON.parse(good), ...change });
  const bad: readonly (readonly [string, RegExp])[] = [
    ["{", /line 2: not JSON/],
    ["1", /line 2: /],
    [changed({ tests: [] }), /line 2: tests: /],
    [changed({ tests: [{ inputs: 1, expected: 1 }] }), /line 2: tests\.0\.inputs: /],
    [changed({ tests: [{ inputs: [] }] }), /line 2: tests\.0\.expected/],
    [changed({ level: "simple" }), /line 2: level: /],
    [changed({ prompt: "function g() {" }), /line 2: prompt: must define/],
    [changed({ prompt: "function f()" }), /line 2: prompt: must end with/],
    [changed({ entryPoint: "f(); //" }), /line 2: entryPoint: must be a plain name/],
    [changed({ other: 1 }), /line 2: .*other/],
    [good, /line 2: the id "a" is that of line 1, too/],
  ];
  for (const [line, pattern] of bad) {
    assert.throws(
      () => parseProblems(`${good}\n${line}\n`, "p.jsonl"),
      (error) => error instanceof UserError && error.code === "code.problem" && pattern.test(error.message),
      line,
    );
  }
  assert.throws(() => parseProblems("\n", "p.jsonl"), /p\.jsonl has no problems/);
  await assert.rejects(readProblems("no/such.jsonl"), /Cannot read no\/such\.jsonl: it does not exist/);
});
