// Aggregates over seeds.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { seedsClaims, seedsMarkdown, seedsSummary, seedsTable, writeSeedsReport } from "../../lib/report/mod.ts";
import { tableSchema } from "../../lib/run/mod.ts";
import { sampleView } from "./sample.ts";

const views = [1, 2, 3].map((seed) => sampleView({ seed, id: `run-${seed}` }));
const COMMAND = "deno task bts --preset lab --seeds 1,2,3";

Deno.test("`seedsSummary()` averages each method and column with Student's interval", () => {
  const { rows, columns, seeds } = seedsSummary(views);
  assert.deepEqual(seeds, [1, 2, 3]);
  assert.deepEqual(rows.map(({ method }) => method).slice(-2), ["btm", "bts"]);
  assert.deepEqual(columns.slice(0, 5).map(({ title }) => title), ["english", "code", "math", "multilingual", "mean"]);
  const values = views.map(({ results }) => results!.methods.bts!.bpb.mean!);
  const mean = (values[0]! + values[1]! + values[2]!) / 3;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2);
  const bts = rows.at(-1)!.scores["bpb.mean"]!;
  assert.ok(Math.abs(bts.mean - mean) < 1e-12);
  assert.ok(Math.abs(bts.halfWidth - 4.302653 * deviation / Math.sqrt(3)) < 1e-6);
});

Deno.test("`seedsTable()` is a table of the run schema and `seedsMarkdown()` gives the command and the truth", () => {
  const table = tableSchema.parse(seedsTable(views));
  assert.match(String(table.rows[0]!["bpb.mean"]), /^2\.\d{3} ± 0\.\d{3}$/);
  const markdown = seedsMarkdown(views, COMMAND);
  assert.ok(markdown.includes(COMMAND));
  assert.match(markdown, /3 seeds, mean ± 95 % interval/);
  assert.match(markdown, /BTS beats the soup by .*better in 3 of 3 seeds/);
  assert.match(markdown, /BTS does not beat BTM/);
  assert.match(markdown, /\*\*1\.\d{3} ± /);
});

Deno.test("`seedsClaims()` calls a saving unclear when its interval holds zero", () => {
  const noisy = views.map((view, at) => {
    const copy = structuredClone(view);
    copy.results!.methods.bts!.bpb.mean = copy.results!.methods.soup!.bpb.mean! + [-0.1, 0.12, -0.02][at]!;
    return copy;
  });
  const soup = seedsClaims(noisy).find((text) => text.includes("soup"))!;
  assert.match(soup, /cannot be told apart.*holds zero, better in 2 of 3 seeds/);
});

Deno.test("`seedsTable()` of one seed shows bare means and says so", () => {
  const table = seedsTable(views.slice(0, 1));
  assert.match(String(table.rows[0]!["bpb.mean"]), /^2\.\d{3}$/);
  assert.match(table.title, /no interval/);
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

Deno.test("`writeSeedsReport()` writes a page and Markdown", async () => {
  const folder = await Deno.makeTempDir();
  const { html, markdown } = await writeSeedsReport(`${folder}/new`, views, `${COMMAND} <b>`);
  assert.match(await Deno.readTextFile(html), /&lt;b&gt;/);
  assert.match(await Deno.readTextFile(markdown), /^# Branch-Train-Stitch, seeds 1, 2, 3/);
  await Deno.remove(folder, { recursive: true });
});
