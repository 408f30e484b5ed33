// The study of predicted gains, end to end, and what its section of the results page says of several runs.
import assert from "node:assert/strict";
import { predictedGainsExperiment } from "../../../experiments/studies/predicted-gains.ts";
import { predictedGainsFindings } from "../../../experiments/studies/predicted-gains/findings.ts";
import { gainRowsOf } from "../../../experiments/studies/predicted-gains/tables.ts";
import { headlineOn, readRun, repositoryRoot, type RunView } from "../../../lib/run/mod.ts";
import { assertRefused } from "../../experiment/refused.ts";
import { withFolder } from "../../run/fixtures.ts";
import { assertPlanned } from "../planned.ts";

Deno.test("`predicted-gains --preset smoke` compares what probes and experts gain", async () => {
  await withFolder(async (runs) => {
    const sets = ['experts=["compiler","arithmetic","messages"]', "eval.items=1", "eval.tokens=256"];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "experiments/studies/predicted-gains.ts", "--preset", "smoke", "--no-serve"],
        ...["--json", "--runs", runs, "--device", "cpu", ...sets.flatMap((set) => ["--set", set])],
      ],
      cwd: repositoryRoot,
      stdin: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { run } = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!) as { run: string };
    await assertPlanned(runs, run);
    const view = (await readRun(runs, run))!;
    const rows = gainRowsOf(view);
    assert.equal(rows.length, 3 * 8);
    const bpb = (method: string, domain: string) => headlineOn(view.results!.methods[method], domain)!.value;
    for (const { candidate, domain, predicted, realized } of rows) {
      const base = bpb("seed", domain);
      assert.ok(Math.abs(base - bpb(`expert:${candidate}`, domain) - realized) < 1e-9);
      assert.ok(Math.abs(base - bpb(`probe:${candidate}`, domain) - predicted) < 1e-9);
    }
  });
});

/** A finished run whose experts gain twice what their probes do. */
const run = (seed: number): RunView => ({
  seed,
  cells: [{
    tables: [{
      name: "predicted-gains",
      title: "",
      columns: [],
      rows: ["a", "b", "c", "d"].flatMap((candidate, c) =>
        ["a", "b", "c", "d"].map((domain, d) => {
          const predicted = c === d ? 0.1 * (c + 1) + 0.001 * seed : -0.01 * (1 + c + 2 * d);
          return { candidate, domain, predicted, realized: 2 * predicted };
        })
      ),
    }],
  }],
} as unknown as RunView);

Deno.test("findings over seeds: perfect predictions correlate perfectly, and choices by them are the best", () => {
  const text = predictedGainsFindings([run(1), run(2), run(3)]).join("\n");
  assert.match(
    text,
    /own domain *\| *12 *\| *1\.00 \[1\.00, 1\.00\] *\| *1\.00 \[1\.00, 1\.00\] *\| *1\.00, 1\.00, 1\.00/,
  );
  assert.match(text, /other domains *\| *36 *\|/);
  const choices = text.split("\n").filter((line) => /^\| *[1-4] *\|/.test(line));
  assert.equal(choices.length, 4);
  for (const line of choices) {
    const [, , predicted, realized] = line.split("|").map((part) => part.trim());
    assert.equal(predicted, realized);
  }
  // One expert of four: the best gains 2 · 0.4 on one of four domains.
  assert.match(choices[0]!, /0\.20/);
});

Deno.test("a correlation of two candidates is refused", async () => {
  await assertRefused(
    predictedGainsExperiment,
    ["--preset", "smoke", "--set", 'experts=["compiler","novel"]'],
    /at least 3 candidates, not 2/,
  );
});
