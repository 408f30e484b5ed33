// What methods came to: the table, measures and verdict of attempts that are known.
import assert from "node:assert/strict";
import type { Attempted } from "../../lib/refine/evaluate.ts";
import {
  type MethodAttempts,
  refinementMeasures,
  refinementResults,
  refinementTable,
  refinementVerdict,
} from "../../lib/refine/results.ts";
import type { MethodName } from "../../lib/refine/methods.ts";

const LEVELS = ["easy", "hard"];

/** 40 problems at each of two allowances, of which a method solves so many. */
function attempted(method: MethodName, solved: readonly [number, number]): MethodAttempts {
  const attempts = [500, 1000].flatMap((allowance, at) =>
    Array.from({ length: 40 }, (_, i): Attempted => ({
      problem: `p${i}`,
      level: LEVELS[i % 2]!,
      allowance,
      answer: "1",
      right: i < solved[at]!,
      total: allowance - i,
      sequential: 100,
      calls: 3,
    }))
  );
  return { method, attempts };
}

const base = attempted("long-cot", [8, 10]);

Deno.test("the table has a row for each method and allowance, and the difference at the same one", () => {
  const { rows } = refinementTable([base, attempted("pdr-random-k", [8, 30])]);
  assert.deepEqual(
    rows.map(({ method, allowance, total, accuracy, difference }) => [
      method,
      allowance,
      total,
      accuracy,
      difference,
    ]),
    [
      ["long-cot", 500, 480.5, 20, null],
      ["pdr-random-k", 500, 480.5, 20, 0],
      ["long-cot", 1000, 980.5, 25, null],
      ["pdr-random-k", 1000, 980.5, 75, 50],
    ],
  );
  for (const { low, high, accuracy, differenceLow, differenceHigh, difference } of rows) {
    assert.ok(Number(low) < Number(accuracy) && Number(accuracy) < Number(high));
    if (difference !== null) {
      assert.ok(Number(differenceLow) < Number(difference) && Number(difference) <= Number(differenceHigh) + 5);
    }
  }
  assert.ok(refinementTable([attempted("majority", [1, 2])]).rows.every(({ difference }) => difference === null));
});

Deno.test("measures: at the largest allowance, by allowance and by level; and those of the model that solved", () => {
  const all = [base, attempted("pdr-random-k", [8, 30])];
  const { methods, measures } = refinementResults(all);
  const values = methods["pdr-random-k"]!.map(({ name, group, value }) => [name, group, value]);
  assert.deepEqual(values, [
    ["accuracy", "", 0.75],
    ["accuracy-by-budget", "500", 0.2],
    ["accuracy-by-budget", "1000", 0.75],
    ["accuracy-by-level", "easy", 0.75],
    ["accuracy-by-level", "hard", 0.75],
    ["b-total", "", 980.5],
    ["b-seq", "", 100],
  ]);
  assert.deepEqual(measures.map(({ name }) => name), [...new Set(values.map(([name]) => name))]);
  const namesWith = (file: string, levels: string[]) =>
    refinementMeasures({ methods }, { file, levels }, 1000).measurements.map(({ name, value }) => [name, value]);
  assert.deepEqual(namesWith("", []), [["refine/long-cot@1000", 0.25], ["refine/pdr-random-k@1000", 0.75]]);
  assert.equal(namesWith("", ["hard", "easy"])[0]![0], "refine/easy+hard/long-cot@1000");
  assert.equal(namesWith("data/mine.jsonl", [])[0]![0], "refine@mine/long-cot@1000");
});

Deno.test("the verdict says plainly whether refinement helps, hurts, or cannot be told from chance", () => {
  const verdict = (solved: number) => refinementVerdict([base, attempted("pdr-random-k", [8, solved])]);
  assert.match(
    verdict(30),
    /^Refinement helps\. With up to 1000 tokens for each of 40 problems, .* 25\.0 %, .* 75\.0 %/,
  );
  assert.match(verdict(0), /^Refinement hurts\. .* a difference of −25\.0 points/);
  assert.match(verdict(11), /^Refinement gains nothing that can be told from chance\. .*Small models gain little/);
  assert.match(refinementVerdict([base]), /^No comparison/);
  assert.match(
    refinementVerdict([base, attempted("sequential", [8, 30]), attempted("pdr-random-k", [8, 31])]),
    /best of 2 .*chance\.$/,
  );
});
