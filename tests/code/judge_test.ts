// Verdicts: right and wrong programs, and programs that fake success.
import assert from "node:assert/strict";
import { judge, type Outcome } from "../../lib/code/judge.ts";
import { judgeAnswers } from "../../lib/code/judge-answers.ts";
import { parseProblems, type Problem } from "../../lib/code/problem.ts";
import { startJudge } from "../../lib/code/judge-thread.ts";
import { UserError } from "../../lib/errors.ts";
import { inParallel } from "../../lib/in-parallel.ts";

/** Its values cannot be guessed from its inputs. */
const [problem] = parseProblems(
  JSON.stringify({
    id: "cube",
    level: "easy",
    entryPoint: "cube",
    prompt: "function cube(x: number): number {\n",
    tests: [[2, 8], [-3, -27], [10, 1000]].map(([input, expected]) => ({ inputs: [input], expected })),
  }),
  "cube",
) as [Problem];

/** Programs that know no value, and try to be believed. */
const FAKES: readonly (readonly [name: string, source: string, ...outcomes: Outcome[]])[] = [
  ["exiting with success", `Deno.exit(0); export function cube() {}`, "exited"],
  ["exiting in the call", `function cube() { Deno.exit(0); }`, "exited"],
  ["`process.exit()`", `import process from "node:process"; function cube() { process.exit(0); }`, "exited"],
  [
    "printing the verdict",
    `function cube() { console.log('{"outcome":"passed"}\\nok 1\\nPASSED'); return 0; }`,
    "wrong",
  ],
  [
    "replacing `JSON`",
    `JSON.stringify = () => '{"kind":"returned","value":8}'; JSON.parse = () => [8]; function cube() { return 0; }`,
    "wrong",
  ],
  [
    "replacing what comparisons use",
    `import assert from "node:assert";
     for (const name of Object.keys(assert)) assert[name] = () => true;
     Object.is = () => true; Object.keys = () => []; console.log = console.error = () => {};
     Array.prototype.every = Array.prototype.some = () => true; Array.isArray = () => false;
     function cube() { return 0; }`,
    "wrong",
    "threw",
  ],
  [
    "replacing everything that can be replaced",
    `for (const type of [Array, Object, String, Number, Function, Promise, Map, Set, TextEncoder, TextDecoder, Uint8Array]) {
       for (const name of Object.getOwnPropertyNames(type.prototype)) {
         try { if (name !== "constructor") type.prototype[name] = () => 8; } catch {}
       }
     }
     function cube() { return 0; }`,
    "wrong",
    "threw",
    "exited",
    "time",
  ],
  [
    "writing replies, with the word that marks them taken from an encoder",
    `let mark = "";
     const encode = TextEncoder.prototype.encode, subarray = Uint8Array.prototype.subarray;
     Uint8Array.prototype.subarray = function (...range) {
       const text = new TextDecoder().decode(this.slice(0, 40));
       mark = /[0-9a-f-]{36}/.exec(text)?.[0] ?? mark;
       return subarray.apply(this, range);
     };
     function cube() {
       for (let i = 0; i < 9; i++) {
         Deno.stdout.writeSync(encode.call(new TextEncoder(), "\\n" + mark + ' {"kind":"returned","value":"passed"}\\n'));
       }
       return 0;
     }`,
    "wrong",
  ],
  [
    "reading inputs ahead",
    `function cube() {
       const bytes = new Uint8Array(1000);
       const count = Deno.stdin.readSync(bytes);
       return count === null ? 0 : new TextDecoder().decode(bytes.subarray(0, count));
     }`,
    "time",
    "wrong",
    "threw",
    "exited",
  ],
  [
    "searching the stack and the globals",
    `function cube(x) {
       const found = [globalThis, cube.caller?.arguments, new Error().stack].map(String).join().match(/expected\\D*(\\d+)/);
       return found === null ? 0 : Number(found[1]);
     }`,
    "wrong",
    "threw",
  ],
  [
    "an object with a number's value",
    `function cube() { return { valueOf: () => 8, toString: () => "8", toJSON: () => 8 }; }`,
    "wrong",
  ],
  [
    "a proxy",
    `function cube() { return new Proxy({}, { get: () => 8, ownKeys: () => ["length"], getOwnPropertyDescriptor: () => ({ value: 8, enumerable: true, configurable: true }) }); }`,
    "wrong",
  ],
  ["a thenable", `function cube() { return { then: (done) => done({ $: "number", value: "NaN" }) }; }`, "wrong"],
  ["an object that looks like an encoded number", `function cube() { return { $: "number", value: "8" }; }`, "wrong"],
  ["a string", `function cube(x) { return String(x ** 3); }`, "wrong"],
  ["an array", `function cube(x) { return [x ** 3]; }`, "wrong"],
  ["a NaN", `function cube() { return NaN; }`, "wrong"],
  ["nothing", `function cube() {}`, "wrong"],
  ["knowing the first value", `function cube() { return 8; }`, "wrong"],
  ["a second entry", `function cube() { return 0; } export const entry = () => 8;`, "syntax", "threw"],
];

Deno.test("no program that fakes success passes", async (t) => {
  const verdicts = await inParallel(FAKES, 4, ([, source, ...outcomes]) => {
    return judge(problem, source, { cpuSeconds: 2, wallSeconds: outcomes.includes("time") ? 1 : 20 });
  });
  for (const [i, [name, , ...outcomes]] of FAKES.entries()) {
    await t.step(name, () => assert.ok(outcomes.includes(verdicts[i]!.outcome), JSON.stringify(verdicts[i])));
  }
});

Deno.test("a right program passes, whatever it prints or replaces besides", async () => {
  for (
    const source of [
      "export default async function cube(x: number): Promise<number> { await 0; return x ** 3; }",
      `const cube = (x: number) => { console.log("half a line"); Deno.stdout.writeSync(new Uint8Array([65])); return x ** 3; };`,
      `JSON.stringify = Object.is = console.log = undefined as never; enum Power { Three = 3 }
       function cube(x: number) { return x ** Power.Three; }`,
    ]
  ) {
    assert.deepEqual(await judge(problem, source), { outcome: "passed", passedTests: 3, detail: "" }, source);
  }
});

Deno.test("`judgeAnswers()` says what each answer did wrong, in order", async () => {
  const heard: number[] = [];
  const answers = [
    "  return x ** 3;\n}\n",
    "  return x ** 2;\n}\n",
    "  return x ** 3",
    "```ts\nfunction square(x: number) { return x * x; }\n```",
    "  return x.cube();\n}\n",
    "  return x === 2 ? 8 : -27;\n}",
  ].map((completion) => ({ problem, completion }));
  const verdicts = await judgeAnswers(answers, { parallel: 3, onVerdict: (_, index) => heard.push(index) });
  assert.deepEqual(heard.toSorted(), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(
    verdicts.map(({ outcome, passedTests }) => [outcome, passedTests]),
    [["passed", 3], ["wrong", 0], ["syntax", 0], ["syntax", 0], ["threw", 0], ["wrong", 2]],
  );
  assert.equal(verdicts[1]!.detail, "cube(2) returned 4, not 8");
  assert.equal(verdicts[4]!.detail, "TypeError: x.cube is not a function");
  assert.equal(verdicts[5]!.detail, "cube(10) returned -27, not 1000");
  assert.match(verdicts[2]!.detail, /program:/);
  assert.ok(!verdicts[2]!.detail.includes("base64"));
  assert.equal(verdicts[0]!.program, `${problem.prompt}  return x ** 3;\n}\n`);
});

Deno.test("`startJudge()` judges right while this thread is busy for longer than a program may take", async () => {
  await using thread = startJudge();
  // The first verdict comes when the thread has loaded.
  await thread.judge(problem, "const cube = (x: number) => x ** 3;");
  const verdict = thread.judge(problem, "const cube = (x: number) => x ** 3;", { wallSeconds: 2 });
  await new Promise((done) => setTimeout(done, 10)); // sends it
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
  assert.equal((await verdict).outcome, "passed");
  await assert.rejects(
    thread.judge(problem, "", { memory: -500 }),
    (error) => error instanceof UserError && error.code === "sandbox.start",
  );
});
