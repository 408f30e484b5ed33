// Finding the program in what a model wrote.
import assert from "node:assert/strict";
import { isDecided, programOf } from "../../lib/code/program.ts";

const prompt = "/** Doubles. */\nfunction double(x: number): number {\n";
const problem = { prompt, entryPoint: "double" };
const body = "  return 2 * x;\n}";
const whole = "function double(x: number): number {\n  return 2 * x;\n}\n";

Deno.test("`programOf()`: a continuation ends where the function does", () => {
  for (
    const rest of [
      "",
      "\n",
      "\n\nfunction triple(x: number) {\n  return 3 * x;\n}\n",
      "\n\nconsole.log(double(2));",
      "\n```\n\nThis function doubles.",
      "\n\n/** Doubles. */\nfunction double(x: number): number {\n  return",
    ]
  ) {
    assert.equal(programOf(problem, body + rest), `${prompt}${body}\n`, JSON.stringify(rest));
  }
  assert.equal(programOf(problem, "\n" + body), `${prompt}\n${body}\n`);
  assert.equal(programOf(problem, "  return 2"), `${prompt}  return 2\n`, "cut off");
  assert.equal(programOf(problem, ""), `${prompt}\n`);
  assert.equal(programOf(problem, "  return x;\r\n}\r\n"), `${prompt}  return x;\n}\n`);
  const nested = "  if (x > 0) {\n    return 2 * x;\n  }\n  return x + x;\n}";
  assert.equal(programOf(problem, nested + "\nmore"), `${prompt}${nested}\n`);
});

Deno.test("`programOf()`: of fenced blocks, the first that defines the function", () => {
  for (const info of ["ts", "typescript", "", "js title=a.ts"]) {
    assert.equal(programOf(problem, `Sure!\n\n\`\`\`${info}\n${whole}\`\`\`\nIt doubles.`), whole);
  }
  assert.equal(programOf(problem, "```sh\ndeno run a.ts\n```\n```ts\n" + whole + "```\n```ts\ndouble(2);\n```"), whole);
  assert.equal(programOf(problem, "```ts\n" + whole), whole, "cut off");
  const arrow = "export const double = (x: number) => 2 * x;\n";
  assert.equal(programOf(problem, "~~~\n" + arrow + "~~~"), arrow);
  assert.equal(programOf(problem, "```ts\n" + body + "\n```\n"), `${prompt}${body}\n`, "a block may go on");
  const fenceWithin = "/**\n * ```ts\n * double(1);\n * ```\n */\n" + whole;
  assert.equal(programOf(problem, "````ts\n" + fenceWithin + "````"), fenceWithin);
});

Deno.test("`isDecided()`: what follows does not change the program", () => {
  const answers = [
    `${body}\n\nfunction triple() {}\n`,
    `\n${body}\n\`\`\`\nprose`,
    `Sure!\n\`\`\`ts\n${whole}\`\`\`\nIt doubles.\n\`\`\`ts\ndouble(2);\n\`\`\``,
    `\`\`\`sh\nls\n\`\`\`\n~~~\n${whole}~~~\nMore.`,
    ` ${whole}More.`,
    `Here:\n${whole}More.`,
  ];
  const decided = answers.map((answer) => {
    const lengths = Array.from({ length: answer.length }, (_, i) => i).filter((length) =>
      isDecided(problem, answer.slice(0, length))
    );
    for (const length of lengths) {
      assert.equal(programOf(problem, answer.slice(0, length)), programOf(problem, answer), answer.slice(0, length));
    }
    return lengths.length > 0;
  });
  assert.deepEqual(decided, [true, true, true, true, false, false]);
});

Deno.test("`programOf()`: a whole function without fences, without the sentences around it", () => {
  assert.equal(programOf(problem, whole), whole);
  assert.equal(programOf(problem, " " + whole), " " + whole, "as some tokenizers begin a text");
  assert.equal(programOf(problem, `Here it is:\n\n${whole}\nIt doubles x.\n`), whole);
  const two = `const two = 2;\n\n${whole}`;
  assert.equal(programOf(problem, `The function double uses a constant.\n${two}\n(That is all.)`), two);
  assert.equal(programOf(problem, prompt + body), prompt + body + "\n", "with the prompt repeated");
});
