// The claims of the report: correct for better, worse and unclear, for each kind of evidence.
import assert from "node:assert/strict";
import { claims, compare, headline, sentence } from "../../lib/report/claims.ts";
import { methodPhrase } from "../../lib/methods.ts";
import type { RunView, Table } from "../../lib/run/mod.ts";
import { changed, type MethodScores, resultsOf } from "../run/results.ts";
import { sampleView } from "./sample.ts";

/** A view with only these methods' scores on one domain and mean; `half` is the interval's half-width. */
function view(scores: Record<string, { code: number; mean: number; half?: number }>): RunView {
  const base = sampleView();
  base.cells.forEach((cell) => cell.tables.splice(0));
  const methods = Object.entries(scores).map(([name, { code, mean, half }]): [string, MethodScores] => [name, {
    bpb: { code, mean },
    bpbInterval: half === undefined ? {} : Object.fromEntries(
      Object.entries({ code, mean }).map(([domain, value]) => [
        domain,
        { value, low: value - half, high: value + half, samples: 10 },
      ]),
    ),
  }]);
  return { ...base, results: resultsOf(["code"], Object.fromEntries(methods)) };
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

Deno.test("`compare()` calls overlapping intervals unclear, and says when there are none", () => {
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

Deno.test("`headline()` names the best four of many methods ahead of BTS, and counts the others", () => {
  const ahead = (count: number) => {
    const scores = Array.from(
      { length: count },
      (_, i) => [`m${i}`, { code: 1, mean: 1 + i / 100, half: 0.01 }] as const,
    );
    return headline(view({ ...Object.fromEntries(scores), bts: { code: 1, mean: 2, half: 0.01 } }))!;
  };
  assert.match(ahead(7), /number 8 of 8 .* behind m0 \(1\.000\), m1 \(1\.010\), m2 .*, m3 \(1\.030\), and 3 others\.$/);
  assert.match(ahead(5), /m3 \(1\.030\), m4 \(1\.040\)\.$/);
});

/** The sample with one paired difference (bits per byte of `method` minus those of `against`). */
function paired(method: string, against: string, domain: string, difference: number, low: number, high: number) {
  const run = sampleView();
  const table = run.cells.flatMap(({ tables }) => tables).find(({ name }) => name === "comparisons")!;
  table.rows.splice(0, table.rows.length, { method, against, domain, difference, low, high });
  return run;
}

Deno.test("with too few documents for an interval, nothing is claimed, and the sentence says why", () => {
  const run = sampleView();
  const table = run.cells.flatMap(({ tables }) => tables).find(({ name }) => name === "comparisons")!;
  table.rows.splice(0, table.rows.length, {
    method: "bts",
    against: "soup",
    domain: "mean",
    difference: -0.2,
    low: null,
    high: null,
  });
  const found = compare(run, "bts", "soup", "mean")!;
  assert.deepEqual([found.verdict, found.saved, found.interval], ["unclear", 0.2, undefined]);
  assert.equal(compare(run, "soup", "bts", "mean")!.saved, -0.2);
  assert.equal(
    sentence(found),
    "BTS and the soup cannot be told apart on the mean of all domains: BTS is 0.20 bits per byte ahead " +
      "(too few held-out documents for a 95 % interval).",
  );
});

const ownDomain = (run: RunView) => claims(run).filter(({ text }) => /best single model/.test(text));

Deno.test("`claims()` names experts that lose their own domain", () => {
  const run = sampleView();
  assert.deepEqual(ownDomain(run).map(({ holds }) => holds), ["yes"]);
  const { methods } = run.results!;
  methods["expert:math"] = changed(
    methods["expert:math"]!,
    (one) => one.name === "bpb" && one.group === "code" ? { ...one, value: 0.5, interval: [0.4, 0.6] } : one,
  );
  const [claim] = ownDomain(run);
  assert.equal(claim!.holds, "no");
  assert.match(claim!.text, /^The code expert \(the math expert is better\) is not the best/);
});

Deno.test("`claims()` names some of many experts, and counts the others", () => {
  const run = sampleView();
  const { methods } = run.results!;
  const names = Array.from({ length: 15 }, (_, i) => `d${i + 1}`);
  for (const name of names) {
    methods[`expert:${name}`] = names.map((group) => (
      { name: "bpb", group, value: 1, interval: [0.9, 1.1], samples: 9, better: "lower" }
    ));
  }
  const [open] = ownDomain(run);
  assert.match(
    open!.text,
    /the d1 expert \(against the d2 expert, the d3 expert, the d4 expert, the d5 expert, and 10 others\), .*, and 11 others\.$/,
  );
  for (const name of names.slice(2)) delete methods[`expert:${name}`];
  assert.match(ownDomain(run)[0]!.text, /unclear are the d1 expert \(against the d2 expert\) and the d2 expert/);
});

Deno.test("`claims()` does not count a difference within the noise as a win on an own domain", () => {
  const [open] = ownDomain(paired("expert:code", "seed", "code", -0.0008, -0.0523, 0.0487));
  assert.equal(open!.holds, "unclear");
  assert.match(open!.text, /^It is unclear whether .*; unclear are the code expert \(against the seed\)\.$/);
  assert.equal(ownDomain(paired("expert:code", "seed", "code", -0.02, -0.04, -0.01))[0]!.holds, "yes");
  assert.equal(ownDomain(paired("seed", "expert:code", "code", -0.02, -0.04, -0.01))[0]!.holds, "no");
});

Deno.test("`sentence()` gives the direction in words and sizes as positive numbers", () => {
  const say = (difference: number, low: number, high: number) =>
    sentence(compare(paired("bts", "soup", "code", difference, low, high), "bts", "soup", "code")!);
  assert.match(say(-0.1385, -0.13853, -0.13846), /by 0\.1385 bits per byte \[0\.1385, 0\.1385\]/);
  assert.match(say(-0.062, -0.0636, -0.0604), /by 0\.062 bits per byte \[0\.060, 0\.064\]/);
  assert.equal(say(-0.1385, -0.1608, -0.117), "BTS beats the soup on code by 0.14 bits per byte [0.12, 0.16].");
  assert.equal(
    say(0.1385, 0.117, 0.1608),
    "BTS does not beat the soup on code: it is 0.14 bits per byte behind [0.12, 0.16].",
  );
  assert.equal(
    say(0.04, -0.01, 0.08),
    "No clear difference between BTS and the soup on code: BTS is 0.04 bits per byte behind, " +
      "95 % interval from 0.08 behind to 0.01 ahead.",
  );
});

Deno.test("`sentence()` never rounds an end of an interval to 0 unless it is 0", () => {
  const say = (difference: number, low: number, high: number) =>
    sentence(compare(paired("bts", "soup", "code", difference, low, high), "bts", "soup", "code")!);
  assert.match(say(-0.0104, -0.0196, -0.0012), /by 0\.010 bits per byte \[0\.001, 0\.020\]/);
  assert.match(say(0.00197, 0.0000285, 0.00408), /is 0\.00197 bits per byte behind \[0\.00003, 0\.00408\]/);
  assert.match(say(-0.0008, -0.0523, 0.0487), /is 0\.001 .* from 0\.049 behind to 0\.052 ahead/);
  for (let end = 0.5; end > 1e-5; end *= 0.7) {
    const numbers = say(-3 * end, -5 * end, -end).match(/\d+\.\d+/g)!;
    assert.ok(numbers.length === 3 && numbers.every((text) => Number(text) > 0), numbers.join());
    assert.equal(new Set(numbers.map((text) => text.length)).size, 1, numbers.join());
  }
});

Deno.test("`headline()` opens with the caveat of the smoke preset, and qualifies a lead within the noise", () => {
  assert.match(headline({ ...sampleView(), preset: "smoke" })!, /^This preset only checks .* BTS ranks number 2 of 7/);
  assert.doesNotMatch(headline(sampleView())!, /preset/);
  const close = view({ soup: { code: 2, mean: 2, half: 0.3 }, bts: { code: 1.9, mean: 1.9, half: 0.3 } });
  assert.match(headline(close)!, /lowest mean held-out loss of 2 methods.*not clearly better than the soup/);
});

Deno.test("`claims()` is empty without results", () => {
  assert.deepEqual(claims({ ...sampleView(), results: null }), []);
  assert.equal(headline({ ...sampleView(), results: null }), undefined);
});

Deno.test("`claims()` and `headline()` of a study are about its question", () => {
  const view: RunView = { ...sampleView(), preset: "study" };
  view.results = {
    ...view.results!,
    methods: { "seed": view.results!.methods.seed!, "K=2": view.results!.methods.soup! },
  };
  const cell = { ...view.cells.at(-1)!, description: "Does it take many?", tables: [] as Table[] };
  view.cells = [...view.cells.slice(0, -1), cell];
  const row = (here: string, difference: number, low: number, high: number, on = "mean", paper = "not said") => {
    return { claim: "Two are better than one", paper, here, on, difference, low, high };
  };
  cell.tables.push({
    name: "directions",
    title: "",
    columns: [],
    rows: [
      row("yes", -0.2, -0.3, -0.1, "mean", "yes: 2 against 1"),
      row("no", 0.2, 0.1, 0.3, "code"),
      row("unclear", -0.1, -0.3, 0.2),
      { ...row("unclear", 0.1, 0, 0), low: null, high: null },
    ],
  });
  assert.equal(headline(view), "Does it take many?");
  assert.deepEqual(claims(view), [
    {
      holds: "yes",
      text: "Two are better than one: 0.20 bits per byte ahead [0.10, 0.30]. The paper: yes: 2 against 1.",
    },
    { holds: "no", text: "Two are better than one (on code): 0.20 bits per byte behind [0.10, 0.30]." },
    {
      holds: "unclear",
      text: "Two are better than one: no clear difference, 95 % interval from 0.20 behind to 0.30 ahead.",
    },
    {
      holds: "unclear",
      text: "Two are better than one: 0.10 bits per byte behind, with too few held-out documents for a 95 % interval.",
    },
  ]);
  assert.equal(headline({ ...view, results: null }), undefined);
  assert.deepEqual(claims({ ...view, results: null }), []);
});

Deno.test("`headline()` shows different scores as different", () => {
  const close = view({ seed: { code: 3, mean: 3 }, soup: { code: 2, mean: 2.0004 }, bts: { code: 2, mean: 2.0002 } });
  assert.match(headline(close)!, /BTS .* 2\.000 bits per byte/);
  const behind = view({ soup: { code: 2, mean: 2.0001 }, bts: { code: 2, mean: 2.0004 } });
  assert.match(headline(behind)!, /with 2\.0004 bits per byte, behind Soup \(2\.0001\)/);
});

Deno.test("the methods of a changed run have names for use in sentences", () => {
  assert.deepEqual(["before", "untouched"].map(methodPhrase), [
    "the model before the change",
    "the changed model without re-stitching",
  ]);
});
