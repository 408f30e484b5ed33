// `deno task eval:code`: verdicts on a checkpoint whose answers are known, and what is refused before a model is opened.
import assert from "node:assert/strict";
import { join } from "node:path";
import { ANSWERS_FILE } from "../../lib/code/mod.ts";
import { evalCodeCommand } from "../../lib/cli/eval-code.ts";
import { addedTokenJson, openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { initialWeights, modelConfigSchema } from "../../lib/model/mod.ts";
import { withFolder } from "../run/fixtures.ts";

const ADD = "\n  return a + b;\n}";
const SUBTRACT = "\n  return a - b;\n}";

/**
 * A checkpoint that looks at the last token alone: after `{` it adds, after a line break it adds or subtracts, each as likely
 * as the other. Its layers do nothing, its embeddings are unit vectors, and its head is the table of what follows.
 */
async function saveStub(folder: string): Promise<string> {
  const bytes = trainTokenizer([], { vocabSize: 257 });
  const programs = [ADD, SUBTRACT].map((content, i) => addedTokenJson({ id: 257 + i, content }, false));
  const tokenizer = { ...bytes, added_tokens: [...bytes["added_tokens"] as object[], ...programs] };
  const { encode } = openTokenizer(tokenizer);
  const width = 260;
  const config = modelConfigSchema.parse({
    vocabSize: 259,
    width,
    heads: 1,
    kvHeads: 1,
    layers: 1,
    inner: 8,
    contextLength: 128,
    tiedEmbeddings: false,
  });
  const tensors = Object.fromEntries(
    Object.entries(initialWeights(config, 1)).map(([name, { shape, data }]) => {
      if (!/norm/.test(name)) data.fill(0);
      const [rows, columns] = shape;
      if (/embed_tokens/.test(name)) { for (let id = 0; id < rows!; id++) data[id * columns! + id] = 1; }
      if (/lm_head/.test(name)) {
        const follows = (last: string, next: string) => data[encode(next)[0]! * columns! + encode(last)[0]!] = 10;
        follows("{", ADD);
        follows("\n", ADD);
        follows("\n", SUBTRACT);
      }
      return [name, { shape, data }];
    }),
  );
  const path = join(folder, "stub");
  await saveModelFolder(path, { config, tensors, tokenizer });
  return path;
}

const problem = (id: string, level: string, sign: 1 | -1, end: string, comment = id) => ({
  id,
  level,
  entryPoint: "f",
  prompt: `/** ${comment} */\nfunction f(a: number, b: number): number {${end}`,
  tests: [{ inputs: [1, 2], expected: 1 + 2 * sign }, { inputs: [5, 7], expected: 5 + 7 * sign }],
});

Deno.test("`deno task eval:code` runs what a checkpoint writes, keeps it, and takes it up again", () =>
  withFolder(async (folder) => {
    const model = await saveStub(folder);
    const problems = [
      problem("plus", "easy", 1, ""),
      problem("minus", "hard", -1, ""),
      problem("either", "medium", 1, "\n"),
    ];
    const file = join(folder, "problems.jsonl");
    await Deno.writeTextFile(file, problems.map((one) => JSON.stringify(one)).join("\n"));
    const run = async (...args: string[]) => {
      let text = "";
      await evalCodeCommand([model, "--problems", file, ...args], (piece) => text += `${piece}\n`);
      return text;
    };
    const samples = 12;
    const out = join(folder, "sampled");
    const args = ["--samples", String(samples), "--temperature", "1", "--k", "1", "--k", "4", "--out", out];
    const first = JSON.parse(await run(...args, "--json")).results[model];
    const path = join(out, ANSWERS_FILE);
    const linesOf = async () => (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
    const kept = await linesOf();
    const [, ...answers] = kept;
    assert.equal(answers.length, 3 * samples);
    for (const { problem, answer, outcome, prompt, program } of answers) {
      assert.ok(answer === ADD || (problem === "either" && answer === SUBTRACT), `${problem}: ${answer}`);
      assert.equal(program, `${prompt}${answer}\n`);
      assert.equal(outcome, (answer === ADD) === (problem !== "minus") ? "passed" : "wrong");
    }
    const right = answers.filter(({ problem, answer }) => problem === "either" && answer === ADD).length;
    assert.ok(right > 0 && right < samples, "both programs are drawn");
    const value = (level: string, k: number) =>
      first.scores.find((score: { level: string; k: number }) => score.level === level && score.k === k).value;
    assert.deepEqual([value("easy", 1), value("hard", 1), value("easy", 4), value("hard", 4)], [1, 0, 1, 0]);
    assert.ok(Math.abs(value("medium", 1) - right / samples) < 1e-12);
    assert.ok(Math.abs(value("all", 1) - (1 + right / samples) / 3) < 1e-12);
    assert.equal(first.outcomes.passed, samples + right);
    // Again: the same scores from the same file.
    assert.deepEqual(JSON.parse(await run(...args, "--json")).results[model], first);
    assert.deepEqual(await linesOf(), kept);

    const greedy = await run("--level", "easy", "--level", "hard", "--out", join(folder, "greedy"));
    assert.match(greedy, /all +1 +50\.0 [^]*easy +1 +100\.0 [^]*hard +1 +0\.0 /);
    assert.match(greedy, /Outcomes: passed 1, wrong 1\n/);

    // The first problems only; what was answered is kept.
    const first2 = JSON.parse(await run("--limit", "2", "--out", join(folder, "limited"), "--json")).results[model];
    assert.deepEqual([first2.answers, first2.outcomes], [2, { passed: 1, wrong: 1 }]);
    const half = JSON.parse(await run("--limit", "0.3", "--out", join(folder, "limited"), "--json")).results[model];
    assert.equal(half.answers, 1);

    // Refused before anything is asked or written.
    const long = join(folder, "long.jsonl");
    const both = [problems[0], problem("long", "easy", 1, "", "so long ".repeat(16))];
    await Deno.writeTextFile(long, both.map((one) => JSON.stringify(one)).join("\n"));
    const nowhere = join(folder, "nowhere");
    const refused = (args: string[], code: string, message: RegExp) =>
      assert.rejects(
        evalCodeCommand([model, "--out", nowhere, ...args], () => {}),
        (error) => error instanceof UserError && error.code === code && message.test(error.message),
      );
    await refused(["--problems", long], "code.length", /problem long has \d+ tokens, and the model's context of 128/);
    await refused(["--problems", file, "--model", "bts"], "model.unknown", /is one model, not a run/);
    await refused(["--problems", file, "--format", "chat"], "code.format", /no chat template/);
    await assert.rejects(Deno.stat(nowhere), Deno.errors.NotFound);
  }));

Deno.test("`deno task eval:code` names what is wrong with its options and files", async () => {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "problems.jsonl");
  await Deno.writeTextFile(file, '{"id": "a"}\n');
  const wrong: readonly (readonly [args: string[], code: string, message: RegExp])[] = [
    [["--samples", "0"], "command.malformed", /--samples/],
    [["--samples", "4", "--k", "5"], "command.malformed", /--k/],
    [["--temperature", "warm"], "command.malformed", /--temperature warm: expected a number from 0 to 100/],
    [["--temperature", ""], "command.malformed", /--temperature/],
    [["--limit", "0"], "command.number", /--limit is "0"/],
    [["--top-p", "1.5"], "command.malformed", /--top-p 1\.5: expected a number from 0 to 1/],
    [["--level", "simple"], "command.malformed", /--level simple: expected easy, medium, hard/],
    [["--problems", join(folder, "none.jsonl")], "code.file", /it does not exist/],
    [["--problems", file], "code.problem", /problems\.jsonl, line 1: level/],
  ];
  try {
    for (const [args, code, message] of wrong) {
      await assert.rejects(
        evalCodeCommand(["no-such-run", "--runs", folder, ...args], () => {}),
        (error) => error instanceof UserError && error.code === code && message.test(error.message),
        args.join(" "),
      );
    }
    const none = evalCodeCommand(["no-such-run", "--runs", folder], () => {});
    await assert.rejects(none, (error) => error instanceof UserError && error.code === "run.none");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
