// Names of scores: problems of one's own, and chosen levels, are told apart from the built-in ones.
import assert from "node:assert/strict";
import { codeMeasures, type ProblemSet } from "../../lib/code/results.ts";
import type { CodeScores } from "../../lib/code/evaluate.ts";

const estimate = { value: 0.5, low: 0.25, high: 0.75, samples: 4 };
const scored = (...levels: readonly string[]): CodeScores => ({
  answers: [],
  scores: levels.map((level) => ({ level, k: 1, estimate })),
});

const CASES: readonly (readonly [CodeScores, ProblemSet, names: string[]])[] = [
  [scored("all", "easy", "hard"), { name: undefined, levels: [] }, [
    "code/pass@1",
    "code/easy/pass@1",
    "code/hard/pass@1",
  ]],
  [scored("all"), { name: undefined, levels: ["easy"] }, ["code/easy/pass@1"]],
  [scored("all", "easy", "hard"), { name: undefined, levels: ["easy", "hard"] }, [
    "code/easy+hard/pass@1",
    "code/easy/pass@1",
    "code/hard/pass@1",
  ]],
  [scored("all"), { name: "mine", levels: [] }, ["code@mine/pass@1"]],
  [scored("all"), { name: "mine", levels: ["hard"] }, ["code@mine/hard/pass@1"]],
];

Deno.test("`codeMeasures()` names the set of problems and the levels", () => {
  for (const [found, set, names] of CASES) {
    const { measures, measurements } = codeMeasures(found, set);
    assert.deepEqual(measures.map(({ name }) => name), names);
    assert.deepEqual(measurements.map(({ name }) => name), names);
  }
});
