// A new measure: one object, registered like the others, appears everywhere by itself.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { btsDefinition } from "../../lib/bts/config.ts";
import { btsMetrics } from "../../lib/bts/metrics.ts";
import { diffCommand } from "../../lib/cli/diff.ts";
import { listCommand } from "../../lib/cli/ls.ts";
import { runJson } from "../../lib/experiment/outcome.ts";
import { evaluate } from "../../lib/eval/evaluate.ts";
import { evaluationWindows } from "../../lib/eval/windows.ts";
import type { Measure } from "../../lib/eval/measures/measure.ts";
import { MEASURES } from "../../lib/eval/measures/all.ts";
import { resultsBundle } from "../../lib/notebook/show/results.ts";
import { seedsTable } from "../../lib/report/seeds.ts";
import { reportHtml } from "../../lib/report/page.ts";
import { reportMarkdown } from "../../lib/report/markdown.ts";
import { seedsHtml } from "../../lib/report/seeds-report.ts";
import { beginRun } from "../../lib/run/cells/run.ts";
import { formatTable, resultsTable } from "../../lib/run/view/format-table.ts";
import { MEAN } from "../../lib/run/view/measures.ts";
import { queryRuns } from "../../lib/run/catalog/query.ts";
import { readRun } from "../../lib/run/log/read.ts";
import type { RunResults } from "../../lib/run/events/results.ts";
import { checkDeclared } from "../../lib/run/sweep/declared.ts";
import { parseMetric, pickMetric, valuesOf } from "../../lib/run/view/metrics.ts";
import { measureTables } from "../../lib/serve/client/run/measure-tables.ts";
import { createApp } from "../../lib/serve/app.ts";
import { byteTokenizer, tinyDecoder, wordyDocuments } from "../eval/fakes.ts";
import { options, withFolder } from "../run/fixtures.ts";

await tf.setBackend("cpu");

/** The new measure: the share of held-out tokens that the model finds most likely. */
const topAccuracy: Measure = {
  name: "top-accuracy",
  title: "top token right",
  table: "Most likely tokens that come, percent",
  format: "percent",
  digits: 2,
  section: "scores",
  better: "higher",
  chance: null,
  machineDependent: false,
  groups: "domains",
  measure({ heldOut }) {
    const shares = Object.entries(heldOut).map(([domain, { predictions }]) => {
      const right = predictions!.flatMap((document) => [...document.right]);
      return [domain, right.reduce((sum, one) => sum + one, 0) / right.length] as const;
    });
    const mean = shares.reduce((sum, [, share]) => sum + share, 0) / shares.length;
    const found = [...shares, [MEAN, mean] as const];
    return found.map(([group, value]) => ({ group, value, interval: null, samples: null }));
  },
};

/** Results of two methods in two domains, with the new measure. */
async function measured(seed: number): Promise<RunResults> {
  const windows = Object.fromEntries(
    ["english", "code"].map((domain, d) => [
      domain,
      evaluationWindows(wordyDocuments(4, 20, d), byteTokenizer, { time: 24 }),
    ]),
  );
  const set = { windows, tasks: [], tokenizer: byteTokenizer };
  const made = [];
  for (const [i, name] of ["seed", "bts"].entries()) {
    const { measures, measurements } = await evaluate(tinyDecoder(2 * seed + i), set, {
      parameters: { trained: 1, total: 2, active: 2 },
      device: `machine ${seed}`,
      measures: [...MEASURES, topAccuracy],
    });
    made.push({ name, measures, measurements });
  }
  return {
    domains: Object.keys(windows),
    measures: [...made[0]!.measures],
    methods: Object.fromEntries(made.map(({ name, measurements }) => [name, measurements])),
  };
}

Deno.test("a new measure appears in tables, lists, SQL, sweeps, reports, pages, notebooks and JSON by itself", async (t) => {
  const [first, second] = [await measured(1), await measured(2)];
  const valueIn = (results: RunResults, method: string, group: string) =>
    results.methods[method]!.find((one) => one.name === "top-accuracy" && one.group === group)!.value;
  const percent = (100 * valueIn(first, "bts", MEAN)).toFixed(2);
  await withFolder(async (folder) => {
    const ids: string[] = [];
    for (const [i, results] of [first, second].entries()) {
      const run = await beginRun(options(folder, { seed: i + 1, device: `machine ${i + 1}` }));
      run.finish(results);
      ids.push(run.id);
    }
    const views = await Promise.all(ids.map(async (id) => (await readRun(folder, id))!));
    const [view] = views;
    const printed = async (command: typeof listCommand, ...args: string[]) => {
      const lines: string[] = [];
      await command([...args, "--runs", folder], (text) => lines.push(text));
      return lines.join("\n");
    };

    await t.step("the table in the terminal", () => {
      const [title, ...rows] = formatTable(resultsTable(view!.results!)).split("\n").slice(1);
      assert.match(title!, /top token right, %/);
      assert.ok(rows.some((row) => row.startsWith("bts") && row.includes(percent)));
    });

    await t.step("`ls --sort`, by its own direction", async () => {
      const best = valueIn(first, "bts", MEAN) > valueIn(second, "bts", MEAN) ? 1 : 2;
      for (const name of ["bts/top-accuracy/mean:best", "bts/top-accuracy/code:best", "top-accuracy:best"]) {
        const listed = JSON.parse(await printed(listCommand, "--json", "--sort", name));
        assert.equal(listed.length, 2);
        assert.ok(listed[0].sortedBy >= listed[1].sortedBy, name);
        if (name === "bts/top-accuracy/mean:best") assert.equal(listed[0].seed, best);
      }
      const [lowest] = JSON.parse(await printed(listCommand, "--json", "--sort", "top-accuracy"));
      assert.equal(lowest.seed, 3 - best);
    });

    await t.step("SQL", async () => {
      const { rows } = await queryRuns(
        folder,
        `select runs.seed, value, better from results join runs on runs.id = run
         where measure = 'top-accuracy' and method = 'bts' and group_name = 'mean' order by 1`,
      );
      assert.deepEqual(rows.map((row) => ({ ...row })), [
        { seed: 1, value: valueIn(first, "bts", MEAN), better: "higher" },
        { seed: 2, value: valueIn(second, "bts", MEAN), better: "higher" },
      ]);
    });

    await t.step("metrics of sweeps, declared and measured", () => {
      const declared = btsMetrics(btsDefinition.schema.parse({}), [...MEASURES, topAccuracy]);
      const values = valuesOf(view!);
      for (const text of ["top-accuracy", "bts/top-accuracy/code", "seed/top-accuracy/mean", "top-accuracy:best"]) {
        const metric = parseMetric(text, (name) => declared.results[name])!;
        assert.equal(metric.better, "higher", text);
        checkDeclared(metric, declared, "bts");
        assert.equal(typeof pickMetric(values, metric, "bts"), "number", text);
      }
      assert.equal(pickMetric(values, parseMetric("top-accuracy")!, "bts"), valueIn(first, "bts", MEAN));
    });

    await t.step("the reports of one run and over seeds", () => {
      for (
        const text of [reportHtml(view!), reportMarkdown(view!), resultsBundle(view!, view!.results!)["text/plain"]!]
      ) {
        assert.match(text, /Most likely tokens that come, percent; higher is better/);
        assert.ok(text.includes(percent));
      }
      assert.match(seedsHtml(views, "command"), /Most likely tokens that come, percent, mean of 2 seeds/);
      assert.match(formatTable(seedsTable(views)), /top token right, %/);
    });

    await t.step("the page: its data and its tables", async () => {
      const answer = await createApp({ runsFolder: folder }).fetch(
        new Request(`http://localhost/api/runs/${ids[0]}`, { headers: { host: "localhost" } }),
      );
      const { run } = await answer.json();
      assert.deepEqual(run.results, first);
      const table = measureTables(run.results).find(({ title }) => title.startsWith("Most likely tokens"))!;
      assert.deepEqual(table.columns.map(({ title }) => title), ["Method", "english", "code", "mean"]);
      assert.equal(Number(table.rows[1]!["top-accuracy/mean"]).toFixed(2), percent);
    });

    await t.step("`diff` and the JSON line", async () => {
      assert.match(await printed(diffCommand, ...ids), /bts\/top-accuracy\/mean +0\.\d+ +0\.\d+/);
      const json = runJson(view!, undefined) as unknown as RunResults;
      assert.deepEqual([json.measures, json.methods], [first.measures, first.methods]);
    });

    await t.step("a measure that depends on the machine is never averaged over machines, and says so", async () => {
      assert.match(await printed(diffCommand, ...ids), /bts\/decoding-latency .*depends on the machine/);
      const html = seedsHtml(views, "command");
      assert.match(html, /Decoding latency, [^<]*range over 2 seeds on different machines/);
      assert.match(html, /measured on machine 1 and machine 2/);
      assert.match(reportMarkdown(view!), /Decoding latency[^|]*lower is better; measured on machine 1:/);
      // A cached cell repeats what another machine measured: nothing is marked as best.
      const mixed = { ...first, methods: { seed: first.methods["seed"]!, bts: second.methods["bts"]! } };
      const blocks = reportMarkdown({ ...view!, results: mixed }).split("\n\n");
      const latency = blocks.findIndex((block) => block.startsWith("Decoding latency"));
      assert.match(blocks[latency]!, /one sequence; measured on machine 1 and machine 2:/);
      assert.doesNotMatch(blocks[latency + 1]!, /\*\*/);
    });
  });
});

Deno.test("two measures of one name are refused", async () => {
  const set = {
    windows: { one: evaluationWindows(wordyDocuments(1, 9), byteTokenizer, { time: 9 }) },
    tasks: [],
    tokenizer: byteTokenizer,
  };
  const twice = evaluate(tinyDecoder(1), set, {
    parameters: { trained: 0, total: 0, active: 0 },
    device: "",
    measures: [...MEASURES, { ...topAccuracy, name: "bpb" }],
  });
  await assert.rejects(twice, /Two measures have the name "bpb"/);
});
