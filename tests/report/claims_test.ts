// What the report says holds: right for better, worse and unclear, on each kind of evidence.
import assert from "node:assert/strict";
import { claims, compare, headline, sentence } from "../../lib/report/mod.ts";
import type { RunView } from "../../lib/run/mod.ts";
import { sampleView } from "./sample.ts";

type Result = NonNullable<RunView["results"]>["methods"][string];

/** A view with only these methods' scores on one domain and mean; `half` is the interval's half-width. */
function view(scores: Record<string, { code: number; mean: number; half?: number }>): RunView {
  const base = sampleView();
  base.cells.forEach((cell) => cell.tables.splice(0));
  const methods = Object.entries(scores).map(([name, { code, mean, half }]): [string, Result] => [name, {
    bpb: { code, mean },
    bpbInterval: half === undefined ? {} : Object.fromEntries(
      Object.entries({ code, mean }).map(([domain, value]) => [
        domain,
        { value, low: value - half, high: value + half, samples: 10 },
      ]),
    ),
    tasks: {},
    parameters: { trained: 0, total: 1, active: 1 },
  }]);
  return { ...base, results: { domains: ["code"], methods: Object.fromEntries(methods) } };
}

Deno.test("`compare()` prefers paired differences, in either direction of the table", () => {
  const run = sampleView();
  const soup = compare(run, "bts", "soup", "mean")!;
  assert.equal(soup.basis, "paired");
  assert.equal(soup.verdict, "better");
  assert.deepEqual([soup.saved, ...soup.interval!], [0.345, 0.33, 0.36]);
  const reverse = compare(run, "soup", "bts", "mean")!;
  assert.deepEqual([reverse.saved, ...reverse.interval!], [-0.345, -0.36, -0.33]);
  assert.equal(reverse.verdict, "worse");
  assert.equal(compare(run, "bts", "btm", "mean")!.verdict, "worse");
});

Deno.test("`compare()` calls overlapping intervals unclear, and bare numbers by their name", () => {
  const wide = view({ seed: { code: 2, mean: 2, half: 0.3 }, bts: { code: 1.9, mean: 1.9, half: 0.3 } });
  assert.equal(compare(wide, "bts", "seed", "mean")!.verdict, "unclear");
  assert.match(
    sentence(compare(wide, "bts", "seed", "mean")!),
    /cannot be told apart.*0\.10 bits per byte ahead.*overlap/,
  );
  const narrow = view({ seed: { code: 2, mean: 2, half: 0.01 }, bts: { code: 1.9, mean: 1.9, half: 0.01 } });
  assert.equal(compare(narrow, "bts", "seed", "mean")!.verdict, "better");
  const bare = view({ seed: { code: 2, mean: 2 }, bts: { code: 1.9, mean: 1.9 } });
  assert.match(sentence(compare(bare, "bts", "seed", "mean")!), /beats the seed .* by 0\.10 .*no interval/);
  assert.equal(compare(bare, "bts", "soup", "mean"), undefined);
});

Deno.test("`claims()` says so when an expert or BTS does not win", () => {
  const run = view({
    seed: { code: 2, mean: 2, half: 0.01 },
    "expert:code": { code: 2.2, mean: 2.4, half: 0.01 },
    soup: { code: 1.5, mean: 1.5, half: 0.01 },
    bts: { code: 1.8, mean: 1.8, half: 0.01 },
  });
  const all = claims(run);
  assert.ok(
    all.some(({ holds, text }) => holds === "no" && text.startsWith("The code expert does not beat the seed on code")),
  );
  assert.ok(all.some(({ holds, text }) => holds === "no" && text.startsWith("BTS does not beat the soup")));
  assert.ok(all.some(({ holds, text }) => holds === "yes" && text.startsWith("BTS beats the seed")));
  assert.match(headline(run)!, /number 2 of 4 .* behind Soup \(1\.500\)/);
});

Deno.test("`claims()` names experts that lose their own domain", () => {
  const run = sampleView();
  assert.ok(claims(run).some(({ holds, text }) => holds === "yes" && text.startsWith("Every expert is the best")));
  run.results!.methods["expert:math"]!.bpb.code = 0.5;
  assert.ok(
    claims(run).some(({ holds, text }) => holds === "no" && text.startsWith("The code expert is not the best")),
  );
});

Deno.test("`claims()` is empty without results", () => {
  assert.deepEqual(claims({ ...sampleView(), results: null }), []);
  assert.equal(headline({ ...sampleView(), results: null }), undefined);
});
