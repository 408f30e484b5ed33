// The comparison with all other methods: settings, plan, the paper's findings, and end to end.
import assert from "node:assert/strict";
import { join } from "node:path";
import { checkBaselines } from "../../experiments/baselines/check.ts";
import {
  type BaselinesConfig,
  baselinesConfigSchema,
  baselinesDefinition,
} from "../../experiments/baselines/config.ts";
import { settingsOf } from "../../experiments/baselines/method.ts";
import { baselineDirections, PAPER_AVERAGES } from "../../experiments/baselines/paper.ts";
import { baselinesExperiment, baselinesStudy } from "../../experiments/baselines.ts";
import {
  BASELINE_NAMES,
  baselineNamed,
  BASELINES,
  loadMerge,
  mergeFile,
  openBaseline,
} from "../../lib/baselines/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { loadModelFolder } from "../../lib/huggingface/mod.ts";
import { experimentCommand } from "../../lib/experiment/driver.ts";
import { planOf } from "../../lib/experiment/experiment.ts";
import { methodLabel, methodPhrase } from "../../lib/methods.ts";
import { openRun } from "../../lib/library/mod.ts";
import { inProcess, LISTENS } from "../experiment/in-process.ts";
import { assertMeasured } from "../library/measured.ts";
import { difference, tokens } from "../tiny.ts";
import { valuesBy } from "../run/results.ts";
import { assertPlanned } from "./planned.ts";
import {
  buildConfig,
  HEADLINE,
  parametersOf,
  readRun,
  repositoryRoot,
  reproducible,
  type RunView,
  valueOf,
} from "../../lib/run/mod.ts";

const METHODS = [
  "seed",
  "expert:code",
  "expert:math",
  "expert:multilingual",
  "soup",
  "task-arithmetic",
  "ties",
  "dare-linear",
  "dare-ties",
  "della",
  "breadcrumbs",
  "slerp",
  "btm",
  "btm-dev",
  "dense",
  "routing",
  "btx-soft",
  "btx-sample",
  "btx-top2",
  "bam",
  "bam-adapters",
  "calm",
  "dume",
  "flexolmo",
  "self-stitch",
  "bts",
];

function configOf(preset: string, sets: readonly string[] = []): BaselinesConfig {
  const { schema, presets } = baselinesDefinition;
  return buildConfig(schema, { preset: { name: preset, value: presets[preset]!.config }, sets });
}

Deno.test("every preset of the comparison is valid, and its plan has the cost of every trained method", async () => {
  for (const preset of Object.keys(baselinesDefinition.presets)) {
    const config = configOf(preset);
    checkBaselines(config);
    const plan = await planOf(baselinesExperiment, config);
    const cells = plan.map(({ cell }) => cell);
    assert.equal(new Set(cells).size, cells.length);
    const { train: { stitch, expert }, model: { contextLength }, experts } = config;
    for (const method of BASELINE_NAMES) {
      assert.equal(cells.includes(`evaluate:${method}`), method !== "routing");
      if (method === "flexolmo") {
        // Each of its experts sees the tokens of that expert; putting them together costs nothing.
        const parts = plan.filter(({ cell }) => cell.startsWith("flexolmo:"));
        assert.deepEqual(parts.map(({ cell }) => cell), experts.map((domain) => `flexolmo:${domain}`));
        for (const { tokens, flops, bytes } of parts) {
          assert.equal(tokens, expert.steps * expert.batch * contextLength);
          for (const value of [flops, bytes]) assert.ok(Number.isFinite(value) && value! > 0);
        }
        continue;
      }
      const { tokens, flops, bytes } = plan.find(({ cell }) => cell === method)!;
      for (const value of [tokens, flops, bytes]) assert.ok(Number.isFinite(value) && value > 0, method);
      // Equal data: the tokens of the stitches; for the dense model, those of the experts and the stitches. DUME reads
      // documents of four domains.
      const rows = method === "dume"
        ? 4 * 32
        : stitch.steps * stitch.batch + (method === "dense" ? 3 * expert.steps * expert.batch : 0);
      assert.equal(tokens, rows * contextLength, method);
    }
    assert.deepEqual(cells.slice(-2), ["evaluate:bts", "report"]);
  }
});

Deno.test("`checkBaselines()` refuses settings that do not fit together, by name", () => {
  const cases: [sets: string[], code: string, message: RegExp][] = [
    [["baselines.calm.connections=9"], "merge.calm", /models of 2 layers at 9: expected at most 2/],
    [["baselines.btm.topK=5"], "baselines.btm", /topK is 5.*4 models/],
    [["baselines.merge.density=0.9"], "merge.option", /density 0.9/], // DELLA's probabilities reach 1.05
    [['baselines.methods=["calm","calm"]'], "baselines.methods", /"calm" twice/],
    [["hub=code"], "baselines.hub", /seed as the hub/],
    [["stitch.count=9"], "stitch.placement", /9 stitches/],
  ];
  for (const [sets, code, message] of cases) {
    assert.throws(
      () => checkBaselines(configOf("smoke", sets)),
      (error) => error instanceof UserError && error.code === code && message.test(error.message),
      code,
    );
  }
  assert.throws(() => configOf("smoke", ["baselines.merge.density=0"]), /baselines.merge.density/);
  assert.throws(() => configOf("smoke", ['baselines.methods=["bmt"]']), /baselines.methods/);
});

Deno.test("`baselineDirections()` compares BTS with every method, with the paper's averages if it has them", () => {
  const directions = baselineDirections(METHODS);
  assert.deepEqual(directions.map(({ worse }) => worse), METHODS.slice(0, -1));
  for (const { better, worse, on, paper, claim } of directions) {
    assert.deepEqual([better, on], ["bts", "mean"]);
    const average = PAPER_AVERAGES[worse];
    const scores = `28.1 against ${average?.toFixed(1)}`;
    assert.deepEqual(paper, average === undefined ? null : { finding: "yes", scores });
    assert.ok(claim.endsWith(methodPhrase(worse)));
    assert.notEqual(methodLabel(worse), worse, "every method has a name for readers");
  }
  // bts.md §5: the paper's order, from the worst.
  const order = Object.entries(PAPER_AVERAGES).toSorted(([, a], [, b]) => a - b).map(([name]) => name);
  assert.deepEqual([order[0], ...order.slice(-4)], ["expert:multilingual", "bam-adapters", "btx-soft", "bam", "bts"]);
  assert.deepEqual(baselinesStudy.directions(baselinesConfigSchema.parse({})), directions);
});

/** Arguments of the smoke preset with few steps and little measuring. */
function argsOf(runs: string): string[] {
  const short = ["seed", "expert", "stitch"].map((phase) => `train.${phase}.steps=3`);
  const sets = ["eval.tokens=128", "eval.items=1", ...short].flatMap((set) => ["--set", set]);
  return ["--preset", "smoke", "--no-serve", "--json", "--runs", runs, ...sets];
}

/** The run that a command's last line on stdout names. */
async function finishedRun(runs: string, stdout: string): Promise<RunView> {
  const { run } = JSON.parse(stdout.trim().split("\n").at(-1)!);
  return (await readRun(runs, run))!;
}

/** Runs the comparison as a process. */
async function baselines(runs: string): Promise<RunView> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "experiments/baselines.ts", ...argsOf(runs)],
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  return await finishedRun(runs, text(stdout));
}

/** The same in this process, with other settings. */
async function baselinesHere(runs: string, ...sets: string[]): Promise<RunView> {
  const args = [...argsOf(runs), ...sets.flatMap((set) => ["--set", set])];
  const { stdout } = await inProcess(() => experimentCommand(baselinesExperiment, args));
  return await finishedRun(runs, stdout);
}

Deno.test("`baselines --preset smoke` measures every method, and shares cells with other runs", LISTENS, async (t) => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-baselines-" });
  try {
    const view = await baselines(runs);
    const methods = view.results!.methods;
    await assertPlanned(runs, view.id);
    const table = (name: string) =>
      view.cells.find(({ name }) => name === "report")!.tables.find((table) => table.name === name)!;

    await t.step("one row per method, with scores, parameters and training tokens", () => {
      assert.deepEqual(Object.keys(methods), METHODS);
      for (const [name, method] of Object.entries(methods)) {
        const mean = valueOf(method, HEADLINE)!;
        assert.ok(mean > 0 && mean < 9, `${name}: ${mean}`);
        const parameters = parametersOf(method)!;
        assert.ok(parameters.total >= parameters.active && parameters.total >= parameters.trained, name);
        // Every method can tell its most likely token, the ensembles and the router too.
        const error = valueOf(method, { name: "calibration-error", group: "mean" })!;
        assert.ok(error >= 0 && error < 1, `${name}: ${error}`);
        assert.ok(valueOf(method, { name: "decoding-latency", group: "" })! > 0, name);
      }
      const tokens = new Map(table("cost").rows.map(({ method, tokens }) => [method, tokens]));
      const rows = 3 * 8 * 64;
      for (
        const name of [
          "routing",
          "btx-soft",
          "btx-sample",
          "btx-top2",
          "bam",
          "bam-adapters",
          "calm",
          "self-stitch",
          "bts",
        ]
      ) {
        assert.equal(tokens.get(name), rows, name);
      }
      const read = Number(tokens.get("dume"));
      assert.ok(read > 4 * 32 && read <= 4 * 32 * 64, `DUME reads ${read} tokens`);
      assert.equal(tokens.get("dense"), 4 * rows);
      assert.equal(tokens.get("flexolmo"), 3 * rows);
      assert.equal(tokens.get("ties"), 0);
    });

    await t.step("every model that the library opens is the one that was measured", async () => {
      using run = await openRun(view.id, { runs, device: "cpu" });
      assert.deepEqual(await run.models(), METHODS);
      await assertMeasured(run);
    });

    await t.step("experts leave FlexOlmo: what is left was built without them", async () => {
      using run = await openRun(view.id, { runs, device: "cpu" });
      using left = await run.model("flexolmo", { without: ["code", "multilingual"] });
      // What the owner of math trained is a model of its own.
      using scope = new DisposableStack();
      const { config: model, tensors } = await loadModelFolder(join(runs, folderOf(view, "seed")));
      const folder = join(runs, folderOf(view, "flexolmo:math"));
      const alone = await openBaseline({ method: baselineNamed("flexolmo"), folder, model, models: [tensors] }, scope);
      const ids = scope.adopt(tokens(1, 40, 1, model.vocabSize), (ids) => ids.dispose());
      const [found, wanted] = [left, alone.model].map((model) => scope.adopt(model.logits(ids), (x) => x.dispose()));
      assert.equal(difference(found!, wanted!), 0);
      assert.deepEqual(left.parameters, alone.parameters);
      for (
        const [name, without, message] of [
          ["flexolmo", ["law"], /expert of "law": it has those of code, math, multilingual/],
          ["btx-soft", ["code"], /Cannot open btx-soft without/],
          ["bts", ["code"], /Cannot open bts without/],
        ] as const
      ) {
        await assert.rejects(
          run.model(name, { without }),
          (error) => error instanceof UserError && error.code === "merge.without" && message.test(error.message),
        );
      }
    });

    await t.step("measured costs, the paper's average score and its finding, for every method", () => {
      for (const row of table("method-costs").rows) {
        for (const key of ["scoring-speed", "scoring-bytes"]) {
          assert.match(String(row[key]), /^\d/, `${row.method} ${key}`);
        }
        for (const key of ["training-speed", "training-bytes"]) {
          const branched = row.method === "Seed" || row.method === "Each expert";
          assert.equal(row[key] !== "–", branched || row.trained !== "–", `${row.method} ${key}`);
        }
      }
      const { rows } = table("paper");
      assert.deepEqual(rows.map(({ method }) => method), METHODS);
      const row = (method: string) => rows.find((row) => row.method === method)!;
      assert.deepEqual([row("bam").paper, row("bam").there], [27.8, "yes"]);
      assert.deepEqual([row("calm").paper, row("calm").there], [null, "no result"]);
      for (const { method, here } of rows) {
        assert.ok((method === "bts" ? ["–"] : ["yes", "no", "unclear"]).includes(String(here)));
      }
    });

    await t.step("the file of each built method names the models that it combines", async () => {
      const settings = settingsOf(configOf("smoke"));
      const hashOf = async (name: string) => {
        const cell = JSON.parse(await Deno.readTextFile(join(runs, folderOf(view, name), "cell.json")));
        return cell.output.weights as string;
      };
      for (const method of BASELINES) {
        if (method.making === "pretraining") continue;
        const domains = method.combines === "seed" ? [] : ["code", "math", "multilingual"];
        const hashes = await Promise.all(["seed", ...domains.map((domain) => `expert:${domain}`)].map(hashOf));
        const file = await loadMerge(mergeFile(join(runs, folderOf(view, method.name))), method.file, hashes);
        assert.deepEqual(file.method.config, method.configOf(settings));
        assert.deepEqual(file.models.map(({ name }) => name), ["seed", ...domains]);
      }
    });

    await t.step("other settings of one method train nothing else again", async () => {
      const again = await baselinesHere(
        runs,
        ...["baselines.calm.connections=1", "baselines.btm.prior=uniform", "baselines.dume.documents=4"],
      );
      const made = again.cells.filter(({ status }) => status !== "cached").map(({ name }) => name);
      assert.deepEqual(made, ["calm", "dume", "evaluate:calm", "evaluate:dume", "evaluate:ensembles", "report"]);
      // Without a prior the second ensemble is the first, from another cell.
      const [first, second] = ["btm", "btm-dev"].map((name) => reproducible(again.results!).methods[name]!);
      assert.deepEqual(second!, first!);
      assert.notDeepEqual(valuesBy(methods["btm-dev"], "bpb"), valuesBy(first, "bpb"));
    });

    await t.step("with fewer methods, the other rows are absent", async () => {
      const few = await baselinesHere(runs, 'baselines.methods=["btx-soft"]');
      assert.deepEqual(
        Object.keys(few.results!.methods),
        METHODS.filter((name) => name === "btx-soft" || !(BASELINE_NAMES as readonly string[]).includes(name)),
      );
      assert.deepEqual(few.results!.methods["btx-soft"], methods["btx-soft"]);
    });
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

/** The folder of a cell's files, below the runs folder. */
function folderOf(view: RunView, cell: string): string {
  const { cellKey } = view.cells.find(({ name }) => name === cell)!;
  return join(".cells", cellKey);
}
