// Reports over several seeds.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { UserError } from "../../lib/errors.ts";
import { seedsSummary, seedsTable } from "../../lib/report/seeds.ts";
import { seedsClaims } from "../../lib/report/seeds-claims.ts";
import { seedsHtml, seedsMarkdown, seedsMeanFigure, writeSeedsReport } from "../../lib/report/seeds-report.ts";
import { tableSchema } from "../../lib/run/events/events.ts";
import type { MethodResult } from "../../lib/run/mod.ts";
import { valuesBy } from "../run/results.ts";
import { sampleView } from "./sample.ts";

const meanOf = (method: MethodResult) => method.find(({ name, group }) => name === "bpb" && group === "mean")!;

const views = [1, 2, 3].map((seed) => sampleView({ seed, id: `run-${seed}` }));
const COMMAND = "deno task bts --preset lab --seeds 1,2,3";

Deno.test("`seedsSummary()` averages each method and column with Student's interval", () => {
  const { rows, columns, seeds } = seedsSummary(views);
  assert.deepEqual(seeds, [1, 2, 3]);
  assert.deepEqual(rows.map(({ method }) => method).slice(-2), ["btm", "bts"]);
  assert.deepEqual(columns.slice(0, 5).map(({ heading }) => heading), [
    "english",
    "code",
    "math",
    "multilingual",
    "mean",
  ]);
  const values = views.map(({ results }) => valuesBy(results!.methods["bts"], "bpb")["mean"]!);
  const mean = (values[0]! + values[1]! + values[2]!) / 3;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2);
  const bts = rows.at(-1)!.scores["bpb/mean"]!;
  assert.ok(Math.abs(bts.mean - mean) < 1e-12);
  const half = 4.302653 * deviation / Math.sqrt(3);
  assert.ok(Math.abs(bts.interval!.low - (mean - half)) < 1e-6 && Math.abs(bts.interval!.high - (mean + half)) < 1e-6);
});

Deno.test("`seedsTable()` is a table of the run schema and `seedsMarkdown()` gives the command and the truth", () => {
  const table = tableSchema.parse(seedsTable(views));
  assert.match(String(table.rows[0]!["bpb/mean"]), /^2\.\d{3} ± 0\.\d{3}$/);
  const markdown = seedsMarkdown(views, COMMAND);
  assert.ok(markdown.includes(COMMAND));
  assert.match(markdown, /paired by seed, with 95 % intervals in brackets:/);
  assert.match(markdown, /mean of 3 seeds ± 95 % interval/);
  assert.match(markdown, /BTS beats the soup by 0\.\d+ bits per byte \\\[0\.\d+, 0\.\d+\\\]; better in 3 of 3 seeds/);
  assert.match(markdown, /BTS does not beat BTM/);
  assert.match(markdown, /\*\*1\.\d{3}\*\* ± /);
});

Deno.test("`seedsClaims()` calls a saving unclear when its interval holds zero", () => {
  const noisy = views.map((view, at) => {
    const copy = structuredClone(view);
    const { bts, soup } = copy.results!.methods;
    meanOf(bts!).value = meanOf(soup!).value + [-0.1, 0.12, -0.05][at]!;
    return copy;
  });
  const soup = seedsClaims(noisy).find((text) => text.includes("soup"))!;
  assert.match(
    soup,
    /^No clear difference between BTS and the soup: BTS is .*from .* behind to .* ahead; better in 2 of 3 seeds/,
  );
});

Deno.test("`seedsTable()` of one seed shows bare means and says so", () => {
  const table = seedsTable(views.slice(0, 1));
  assert.match(String(table.rows[0]!["bpb/mean"]), /^2\.\d{3}$/);
  assert.match(table.title, /no interval/);
});

Deno.test("`seedsMarkdown()` keeps bits per byte, tasks and parameters in narrow tables", () => {
  const heads = seedsMarkdown(views, COMMAND).split("\n").filter((line) => line.startsWith("| method"));
  assert.deepEqual(heads, [
    "| method | english | code | math | multilingual | mean |",
    "| method | arithmetic | translation |",
    "| method | trained | total | active |",
  ]);
  assert.match(seedsMarkdown(views, COMMAND), /^Parameters, the same with every seed:$/m);
});

Deno.test("two seeds are shown by their values, with no interval", () => {
  const two = [0.1875, 0.3125].map((value, at) => {
    const copy = structuredClone(views[at]!);
    for (const one of Object.values(copy.results!.methods).flat()) {
      if (one.name === "translation") Object.assign(one, { value, interval: [0, 1], samples: 16 });
      if (one.name === "arithmetic") Object.assign(one, { value: 0, interval: [0, 0.2], samples: 16 });
    }
    return copy;
  });
  const row = seedsTable(two).rows[0]!;
  assert.equal(row["translation"], "25.0 (18.8, 31.3)");
  assert.equal(row["arithmetic"], "0.0");
  const markdown = seedsMarkdown(two, COMMAND);
  assert.doesNotMatch(markdown, /±|\*\*0\.0\*\*|\*\*25\.0\*\*/);
  assert.match(
    markdown,
    /BTS beats the soup by 0\.\d+ bits per byte \(0\.\d+ with seed 1 and 0\.\d+ with seed 2: too few/,
  );
  meanOf(two[0]!.results!.methods["soup"]!).value = 1;
  assert.match(
    seedsClaims(two).find((text) => text.includes("soup"))!,
    /cannot be told apart: BTS is .* behind with seed 1 and .* ahead with seed 2: too few/,
  );
});

Deno.test("three seeds that all score 0 have an interval, and none leaves 0 to 100 %", () => {
  const zeros = views.map((view) => {
    const copy = structuredClone(view);
    for (const one of Object.values(copy.results!.methods).flat()) {
      if (one.name === "arithmetic") Object.assign(one, { value: 0, interval: [0, 0.2], samples: 16 });
    }
    return copy;
  });
  const row = seedsTable(zeros).rows[0]!;
  assert.equal(row["arithmetic"], "0.0 [0.0, 7.4]");
  for (const { scores } of seedsSummary(zeros).rows) {
    for (const [key, { interval }] of Object.entries(scores)) {
      if (key === "arithmetic" || key === "translation") {
        assert.ok(interval!.low >= 0 && interval!.high <= 100 && interval!.high > interval!.low);
      }
    }
  }
  assert.match(
    seedsMarkdown(zeros, COMMAND),
    /percent correct, mean of 3 seeds with 95 % interval \(Korn and Graubard\)/,
  );
});

Deno.test("`seedsMeanFigure()` draws every seed beside the mean", () => {
  const { document } = parseHTML(seedsMeanFigure(views)!.panels[0]!);
  assert.equal(document.querySelectorAll("circle").length, 7 * (3 + 1));
});

Deno.test("a report over seeds of the smoke preset says that it shows nothing", () => {
  const smoke = views.map((view) => ({ ...view, preset: "smoke" }));
  assert.match(seedsMarkdown(smoke, COMMAND), /only checks that everything runs/);
  assert.match(seedsHtml(smoke, COMMAND), /only checks that everything runs/);
  assert.doesNotMatch(seedsHtml(views, COMMAND), /only checks/);
});

Deno.test("`seedsSummary()` refuses nothing, unfinished runs and a seed given twice", () => {
  const code = (of: typeof views) => {
    try {
      seedsSummary(of);
    } catch (error) {
      return error instanceof UserError ? error.code : error;
    }
  };
  assert.equal(code([]), "report.no-runs");
  assert.equal(code([{ ...views[0]!, results: null, status: "failed" }]), "report.no-results");
  assert.equal(code([views[0]!, views[0]!]), "report.seed-twice");
});

Deno.test("`writeSeedsReport()` writes a page and Markdown, and which runs they are about", async () => {
  const folder = await Deno.makeTempDir();
  const { html, markdown } = await writeSeedsReport(`${folder}/new`, views, `${COMMAND} <b>`);
  assert.match(await Deno.readTextFile(html), /&lt;b&gt;/);
  assert.match(await Deno.readTextFile(markdown), /^# Branch-Train-Stitch, seeds 1, 2, 3/);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${folder}/new/report.json`)), {
    title: "Branch-Train-Stitch, seeds 1, 2, 3",
    runs: ["run-1", "run-2", "run-3"],
  });
  await Deno.remove(folder, { recursive: true });
});
