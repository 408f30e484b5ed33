// Directions over several seeds, and the results page.
import assert from "node:assert/strict";
import type { RunView } from "../../lib/run/events/views.ts";
import { verdictOf } from "../../lib/study/directions.ts";
import { judge, resultsMarkdown } from "../../lib/study/results.ts";
import { direction, run } from "./runs.ts";

const PAGE = { title: "Results", about: "Some results.", findings: "What they show", others: "There are others." };

Deno.test("`judge()` is yes or no only if the interval over seeds excludes zero", () => {
  const views = (...pairs: readonly (readonly [number, number])[]) => pairs.map(([a, b], i) => run(i + 1, { a, b }));
  const clear = judge(direction, views([2, 2.2], [2.1, 2.3], [2, 2.21]))!;
  assert.deepEqual([clear.here, clear.wins, clear.seeds], ["yes", 3, 3]);
  assert.ok(Math.abs(clear.saved - (0.2 + 0.2 + 0.21) / 3) < 1e-12);
  assert.equal(judge(direction, views([2.2, 2], [2.3, 2.1], [2.21, 2]))!.here, "no");
  assert.equal(judge(direction, views([2, 2.2], [2.1, 2.0], [2, 2.21]))!.here, "unclear");
  // Two seeds have no useful interval, even if they agree.
  assert.equal(judge(direction, views([2, 2.2], [2.1, 2.2]))!.here, "unclear");
  assert.equal(judge(direction, [run(1, { a: 1 })]), undefined);
  assert.deepEqual(
    [verdictOf({ low: -2, high: -1 }), verdictOf({ low: 1, high: 2 }), verdictOf({ low: -1, high: 1 })],
    [
      "yes",
      "no",
      "unclear",
    ],
  );
});

Deno.test("`resultsMarkdown()` compares every direction with the paper, in words and in a table", () => {
  const views = [run(1, { a: 2, b: 2.2 }), run(2, { a: 2.1, b: 2.3 }), run(3, { a: 2, b: 2.21 })];
  const open = { ...direction, claim: "b beats a", better: "b", worse: "a", paper: null };
  const alike = {
    ...direction,
    claim: "a and b differ",
    paper: { finding: "no difference", scores: "2 and 2" },
  } as const;
  const denied = {
    ...direction,
    claim: "a beats b after all",
    paper: { finding: "no", scores: "1 against 2" },
  } as const;
  const page = resultsMarkdown(
    [{
      name: "x",
      script: "x.ts",
      title: "X | Y",
      question: "Which?",
      directions: [direction, open, alike, denied],
      views,
    }],
    PAGE,
    "deno task results",
    ["preset study"],
  );
  assert.match(
    page,
    /these runs reproduce:\n\n- a beats b: yes, \+0\.203 ± 0\.\d+ bits per byte, as claimed in 3 of 3 seeds \(study\)\. The paper: yes: 2 against 1\./,
  );
  assert.match(page, /these runs contradict:\n\n- a beats b after all: yes/);
  assert.match(page, /in which the paper finds no difference:\n\n- a and b differ: yes/);
  assert.match(page, /leaves open and these runs answer:\n\n- b beats a: no, −0\.203/);
  assert.match(page, /\| a beats b \| yes: 2 against 1 \| yes \| \+0\.203/);
  assert.match(page, /## X \\\| Y/);
  assert.match(page, /Cost of each \(seed 1\):\n\n\| method \|\n\| --- \|\n\| BTS \|/);
  assert.doesNotMatch(page, /Anything else/);
});

const pageOf = (views: readonly RunView[], names = ["x"]) =>
  resultsMarkdown(
    names.map((name) => ({
      name,
      script: `${name}.ts`,
      title: name,
      question: "Which?",
      directions: [direction],
      views,
    })),
    PAGE,
    "deno task results",
    [],
  );

Deno.test("`resultsMarkdown()` shows no interval for fewer than three seeds, and every direction is unclear", () => {
  const two = pageOf([run(1, { a: 2, b: 2.47 }), run(2, { a: 2, b: 2.471 })]);
  assert.doesNotMatch(two, /±/);
  assert.match(two, /a beats b: unclear, \+0\.4705 \(\+0\.4700, \+0\.4710\) bits per byte, as claimed in 2 of 2 seeds/);
  assert.match(two, /\| unclear \| \+0\.4705 \(\+0\.4700, \+0\.4710\) \| 2 of 2 \|/);
  assert.match(two, /only with three or more seeds, and if.* With 2 seeds there is no interval/);
  const one = pageOf([run(1, { a: 2, b: 2.25 })]);
  assert.match(one, /unclear, \+0\.250 bits per byte, as claimed in 1 of 1 seed \(study\)/);
  assert.match(one, /With 1 seed there is no interval/);
  assert.doesNotMatch(pageOf([1, 2, 3].map((seed) => run(seed, { a: 2, b: 2.2 + seed / 100 }))), /no interval/);
});

Deno.test("`resultsMarkdown()` gives the size of the models, and says which preset is too small for findings", () => {
  const views = (preset: string) => [1, 2, 3].map((seed) => run(seed, { a: 2, b: 2.2 + seed / 100, seed: 3 }, preset));
  assert.match(pageOf(views("study")), /small tasks for models of 1\.4M parameters/);
  assert.doesNotMatch(pageOf(views("study")), /too small/);
  assert.match(pageOf(views("smoke")), /\*\*Preset `smoke`:\*\* This preset only checks .* too small to show anything/);
});

Deno.test("`resultsMarkdown()` rounds no difference to zero, and lists a shared finding once", () => {
  const views = [1, 2, 3].map((seed) => run(seed, { a: 2, b: 2.00002 + seed / 1e6 }));
  const page = pageOf(views, ["x", "y"]);
  assert.match(page, /\+0\.000022 ± 0\.000002 bits/);
  assert.equal(page.match(/- a beats b/g)!.length, 1);
  assert.equal(page.match(/\| a beats b/g)!.length, 2, "each study's table has it");
});

Deno.test("`resultsMarkdown()` shows the pictures beside the page, before what was found", () => {
  const views = [run(1, { a: 2, b: 2.2 })];
  const pictures = [{ title: "Cost | quality", file: "page-cost.svg" }];
  const study = { name: "x", script: "x.ts", title: "X", question: "Which?", directions: [], views };
  const of = (study: Parameters<typeof resultsMarkdown>[0][number]) => resultsMarkdown([study], PAGE, "make", []);
  const page = of({ ...study, pictures, findings: () => ["It was found."] });
  assert.match(page, /\n\n!\[Cost \\\| quality\]\(page-cost\.svg\)\n\nIt was found\.\n/);
  assert.ok(!of(study).includes("!["));
});

Deno.test("`resultsMarkdown()` has no heading without directions, and no size of models that no run counts", () => {
  const view = run(1, { a: 1 });
  const study = { name: "x", script: "x.ts", title: "X", question: "Why?", directions: [], views: [view] };
  const page = resultsMarkdown([study], PAGE, "deno task results", []);
  assert.doesNotMatch(page, /## What they show/);
  assert.match(page, /small tasks for small models\. Only/);
  assert.match(page, /## X/);
});
