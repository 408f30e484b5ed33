// The methods on writers whose replies are known: right answers, calls in the right order, and budgets counted exactly.
import assert from "node:assert/strict";
import { DISTILLERS } from "../../lib/refine/workspace.ts";
import { FORMATS } from "../../lib/refine/prompts.ts";
import type { MathProblem } from "../../lib/refine/problem.ts";
import { type MethodName, REFINE_METHODS } from "../../lib/refine/methods.ts";
import { refineSettingsSchema } from "../../lib/refine/settings.ts";
import { replies } from "../../lib/refine/replies.ts";
import { solve, solveAll } from "../../lib/refine/evaluate.ts";
import type { Team } from "../../lib/refine/attempt.ts";
import type { WriteRequest } from "../../lib/refine/writer.ts";
import { hash32, random } from "../../lib/random.ts";
import { scriptedWriter } from "./scripted.ts";

const problem: MathProblem = { id: "p", level: "easy", question: "What is 3 plus 4?", answer: "7" };
const settings = refineSettingsSchema.parse({
  draftTokens: 10,
  workspaceTokens: 30,
  quoteTokens: 10,
  chooseTokens: 4,
});
const words = (text: string) => text.split(/\s+/).filter((word) => word !== "").length;
const length = words(FORMATS.chat.solve(problem.question).text);

/** What a request is for, by its own words. */
function kindOf({ prompt: { text } }: WriteRequest) {
  if (text.includes("Summarize them")) return "summarize";
  if (text.includes("most likely right?")) return "choose";
  if (text.includes("Find its mistakes")) return "revise";
  return text.includes("Notes:") ? "final" : "draft";
}

type Script = (kind: ReturnType<typeof kindOf>, index: number, request: WriteRequest) => string;

/** A team of one whose replies depend on what is asked, and how often it was asked before. */
function teamOf(script: Script, drafters = 1) {
  const asked = new Map<string, number>();
  const seen: string[] = [];
  const reply = (name: string) => (request: WriteRequest) => {
    const kind = kindOf(request);
    const index = asked.get(kind) ?? 0;
    asked.set(kind, index + 1);
    seen.push(`${name} ${kind}`);
    return script(kind, index, request);
  };
  const main = scriptedWriter(reply("main"), { name: "main" });
  const others = Array.from({ length: drafters }, (_, i) => scriptedWriter(reply(`d${i}`), { name: `d${i}` }));
  const team: Team = { main, drafters: drafters === 1 ? [main] : others, format: FORMATS.chat };
  return { team, main, seen, requests: () => [main, ...others].flatMap(({ requests }) => requests) };
}

const run = (method: MethodName, team: Team, allowance: number, changes: Partial<typeof settings> = {}) =>
  solve(method, problem, allowance, {
    team,
    settings: { ...settings, ...changes },
    rngSeed: 1,
    replies: replies([]),
  });

Deno.test("long chain of thought: one call with all of the allowance", async () => {
  const { team, main } = teamOf(() => "well ".repeat(50) + "\nAnswer: 7");
  const found = await run("long-cot", team, length + 52);
  assert.deepEqual([found.right, found.calls, found.total, found.sequential], [true, 1, length + 52, length + 52]);
  assert.equal(main.requests[0]!.maxTokens, 52);
  const short = await run("long-cot", team, length + 30);
  assert.deepEqual([short.right, short.answer, short.total], [false, null, length + 30]);
  const none = await run("long-cot", team, length);
  assert.deepEqual([none.right, none.calls, none.total], [false, 0, 0]);
});

Deno.test("majority: the most frequent answer, the first of equals; its longest draft is B_seq", async () => {
  const answers = ["Answer: 5", "so Answer: 7", "no idea", "Answer: 7", "Answer: 5"];
  const { team } = teamOf((_, index) => answers[index]!);
  const found = await run("majority", team, 5 * (length + 10), { mostDrafts: 5 });
  assert.equal(found.answer, "5");
  assert.equal(found.calls, 5);
  const written = answers.reduce((sum, text) => sum + words(text), 0);
  assert.equal(found.total, 5 * length + written);
  assert.equal(found.sequential, length + 3);
  const few = await run("majority", teamOf((_, index) => answers[index + 1]!).team, 3 * (length + 10), {
    mostDrafts: 3,
  });
  assert.equal(few.answer, "7");
});

Deno.test("drafts that turn out short make room for more", async () => {
  const { team, main } = teamOf(() => "Answer: 7");
  const allowance = 10 * (length + 2) + 8;
  const found = await run("majority", team, allowance);
  assert.equal(main.requests.length, 10);
  assert.equal(found.total, allowance - 8);
});

Deno.test("best of N: the model's choice, and a first draft where it names none", async () => {
  const drafts = ["Answer: 1", "Answer: 7", "Answer: 3"];
  for (const [choice, answer] of [["2", "7"], ["attempt 2", "7"], ["none", "1"], ["9 3", "3"], ["0", "1"]] as const) {
    const { team, seen, main } = teamOf((kind, index) => kind === "choose" ? choice : drafts[index]!);
    const found = await run("best-of-n", team, 1000, { mostDrafts: 3 });
    assert.equal(found.answer, answer, choice);
    assert.deepEqual(seen, ["main draft", "main draft", "main draft", "main choose"]);
    const chooser = words(main.requests[3]!.prompt.text) + words(choice);
    assert.equal(found.sequential, length + 2 + chooser);
    assert.equal(found.total, 3 * (length + 2) + chooser);
  }
});

Deno.test("sequential refinement: each revision reads the one before; B_seq is B_total", async () => {
  const { team, main } = teamOf((kind, index) => kind === "draft" ? "Answer: 1" : `Answer: ${index + 2}`);
  const found = await run("sequential", team, 1000, { mostDrafts: 6 });
  assert.equal(found.answer, "7");
  assert.equal(found.calls, 7);
  assert.equal(found.total, found.sequential);
  main.requests.slice(1).forEach(({ prompt }, i) => assert.ok(prompt.text.endsWith(`Answer: ${i + 1}`), prompt.text));
  const tight = await run("sequential", team, length + 10);
  assert.equal(tight.calls, 1);
});

Deno.test("parallel-distill-refine: what each distiller gives to the last call", async () => {
  const script: Script = (kind, index) =>
    kind === "draft"
      ? `Answer: ${index + 1}`
      : kind === "choose"
      ? "4, 2"
      : kind === "summarize"
      ? "try seven"
      : "Answer: 7";
  const expected = {
    "global-summary": { calls: 6, notes: /Notes:\ntry seven$/ },
    "shared-top-k": { calls: 6, notes: /Attempt 1:\nAnswer: 4\n\nAttempt 2:\nAnswer: 2$/ },
    "per-sample-top-k": { calls: 6, notes: /Attempt 1:\nAnswer: 4\n\nAttempt 2:\nAnswer: 2$/ },
    "random-k": { calls: 5, notes: /Attempt 1:\nAnswer: \d\n\nAttempt 2:\nAnswer: \d$/ },
  };
  for (const distiller of DISTILLERS) {
    const { team, main } = teamOf(script);
    const found = await run(`pdr-${distiller}`, team, 1000, { mostDrafts: 4 });
    const { calls, notes } = expected[distiller];
    assert.equal(found.calls, calls, distiller);
    assert.ok(found.right);
    const last = main.requests.at(-1)!;
    assert.match(last.prompt.text, notes, distiller);
    // B_seq: a draft, the distiller's call if it makes one, and the last call.
    const distilled = main.requests.slice(4, -1).reduce((sum, { prompt }) => sum + words(prompt.text) + 2, 0);
    assert.equal(found.sequential, length + 2 + distilled + words(last.prompt.text) + 2, distiller);
    assert.equal(found.total, 4 * (length + 2) + distilled + words(last.prompt.text) + 2, distiller);
  }
});

Deno.test("in a middle round, per-sample top-k chooses for each draft, shared top-k once", async () => {
  const script: Script = (kind) => kind === "choose" ? "1 2" : "Answer: 7";
  const count = async (distiller: typeof DISTILLERS[number]) => {
    const { team, seen } = teamOf(script);
    await run(`pdr-${distiller}`, team, 3000, { mostDrafts: 3, rounds: 3 });
    const of = (kind: string) => seen.filter((one) => one === `main ${kind}`).length;
    return { first: of("draft"), later: of("final"), choices: of("choose") };
  };
  assert.deepEqual(await count("shared-top-k"), { first: 3, later: 4, choices: 2 });
  assert.deepEqual(await count("per-sample-top-k"), { first: 3, later: 4, choices: 4 });
  assert.deepEqual(await count("random-k"), { first: 3, later: 4, choices: 0 });
});

Deno.test("what is asked does not depend on which replies come first", async () => {
  const seed = Date.now() % 100_000;
  const draw = random(seed, "delays");
  const requestsOf = async (method: MethodName, delayed: boolean) => {
    const script: Script = (kind, _, { seed }) =>
      kind === "choose" ? `${1 + hash32(seed) % 3}` : `word ${hash32(seed)} Answer: 7`;
    const { team, main } = teamOf(script);
    const writer: Team["main"] = {
      ...main,
      async write(request) {
        if (delayed) await new Promise((resolve) => setTimeout(resolve, draw.between(0, 3)));
        return await main.write(request);
      },
    };
    await run(method, { ...team, main: writer, drafters: [writer] }, 6000, { mostDrafts: 4, rounds: 3 });
    return main.requests.map(({ prompt, seed, maxTokens }) => `${prompt.text} ${seed} ${maxTokens}`).sort();
  };
  for (const method of REFINE_METHODS) {
    const expected = await requestsOf(method, false);
    for (let i = 0; i < 5; i++) assert.deepEqual(await requestsOf(method, true), expected, `${method}, seed ${seed}`);
  }
});

Deno.test("drafts come from the drafters in turn, everything else from the main model", async () => {
  const script: Script = (kind) => kind === "choose" ? "1 2" : "Answer: 7";
  const { team, seen } = teamOf(script, 2);
  const found = await run("pdr-shared-top-k", team, 1000, { mostDrafts: 4 });
  assert.deepEqual(seen, ["d0 draft", "d1 draft", "d0 draft", "d1 draft", "main choose", "main final"]);
  assert.deepEqual(found.trace.map(({ writer, after }) => [writer, after.length]), [
    ["d0", 0],
    ["d1", 0],
    ["d0", 0],
    ["d1", 0],
    ["main", 4],
    ["main", 1],
  ]);
});

Deno.test("no method spends more than its allowance, and every token that is read or written is counted", async () => {
  const seed = Date.now() % 100_000;
  const draw = random(seed, "budgets");
  for (let i = 0; i < 60; i++) {
    const changes = {
      draftTokens: draw.between(1, 60),
      workspaceTokens: draw.between(1, 60),
      quoteTokens: draw.between(1, 60),
      k: draw.between(1, 4),
      rounds: draw.between(2, 4),
      mostDrafts: draw.between(1, 12),
    };
    const allowance = draw.between(1, 2500);
    for (const method of REFINE_METHODS) {
      const what = `seed ${seed}, ${method}, ${allowance} tokens, ${JSON.stringify(changes)}`;
      const script: Script = (_, __, { seed }) => "word ".repeat(hash32(seed, "length") % 80) + "Answer: 7";
      const { team, requests } = teamOf(script);
      const found = await run(method, team, allowance, changes);
      assert.ok(found.total <= allowance, `${what}: spent ${found.total}`);
      assert.ok(found.sequential <= found.total, what);
      const counted = requests().reduce((sum, { prompt }) => sum + words(prompt.text), 0);
      assert.equal(found.trace.reduce((sum, { input }) => sum + input, 0), counted, what);
      assert.equal(found.total, counted + found.trace.reduce((sum, { output }) => sum + output, 0), what);
      assert.equal(found.calls === 0, allowance <= length, what);
      for (const { prompt: { text } } of requests()) {
        const [, notes = ""] = text.split("\n\nNotes:\n");
        assert.ok(words(notes) <= changes.workspaceTokens, `${what}: a workspace of ${words(notes)} tokens`);
      }
    }
  }
});

Deno.test("at equal allowances methods spend about the same, but for a chain that ends by itself", async () => {
  const script: Script = (kind, _, { seed }) =>
    kind === "choose" ? "1 2" : "word ".repeat(hash32(seed, "length") % 9) + "Answer: 7";
  for (const method of REFINE_METHODS.filter((name) => name !== "long-cot")) {
    const { team } = teamOf(script);
    const found = await run(method, team, 2000, { mostDrafts: 1000 });
    assert.ok(found.total > 0.85 * 2000, `${method} spends ${found.total}`);
  }
});

Deno.test("methods and allowances share drafts, which are counted nevertheless", async () => {
  const { team, main } = teamOf((kind) => kind === "choose" ? "1 2" : "Answer: 7");
  const kept = replies([]);
  const evaluation = { team, settings: { ...settings, mostDrafts: 4 }, rngSeed: 1, replies: kept, parallel: 3 };
  const problems = [problem, { ...problem, id: "q" }];
  const first = await solveAll("majority", problems, { ...evaluation, allowances: [500, 1000] });
  assert.equal(main.requests.length, 8);
  assert.deepEqual(first.map(({ problem, allowance, total }) => [problem, allowance, total]), [
    ["p", 500, 4 * (length + 2)],
    ["q", 500, 4 * (length + 2)],
    ["p", 1000, 4 * (length + 2)],
    ["q", 1000, 4 * (length + 2)],
  ]);
  await solveAll("pdr-random-k", problems, { ...evaluation, allowances: [1000] });
  assert.equal(main.requests.length, 10);
  // Everything that was used is known the next time.
  const again = replies(kept.used());
  await solveAll("pdr-random-k", problems, { ...evaluation, replies: again, allowances: [1000] });
  assert.equal(main.requests.length, 10);
  assert.equal(again.written, 0);
});

Deno.test("replies and prompts fit any context that a problem fits, however small, in every format", async () => {
  for (const format of Object.values(FORMATS)) {
    const alone = words(format.solve(problem.question).text);
    for (const contextLength of [1, 2, 5, 10, 20, 50, 100, 200].map((more) => alone + more)) {
      for (const method of REFINE_METHODS) {
        const main = scriptedWriter(({ seed }) => "word ".repeat(hash32(seed) % 99) + "Answer: 7", { contextLength });
        const team: Team = { main, drafters: [main], format };
        const found = await run(method, team, 5000, { draftTokens: 500, workspaceTokens: 500, quoteTokens: 500 });
        const what = `${format.name}, ${method}, context of ${contextLength}`;
        assert.ok(found.calls > 0 && found.text !== "", what);
        for (const { prompt, maxTokens } of main.requests) {
          assert.ok(words(prompt.text) + maxTokens <= contextLength, `${what}: ${words(prompt.text)} + ${maxTokens}`);
        }
      }
    }
  }
});
