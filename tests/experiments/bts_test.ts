// The main job from its command line, as a user runs it, with the smoke preset.
import assert from "node:assert/strict";
import { join } from "node:path";
import { mainConfigSchema } from "../../experiments/bts/config.ts";
import { btsExperiment } from "../../experiments/bts.ts";
import { refineDefinition } from "../../experiments/refine/config.ts";
import { refineExperiment } from "../../experiments/refine.ts";
import { btsMetrics } from "../../lib/bts/metrics.ts";
import { UserError } from "../../lib/errors.ts";
import { experimentCommand } from "../../lib/experiment/mod.ts";
import type { AttemptRecord } from "../../lib/refine/mod.ts";
import {
  buildConfig,
  type MeasureInfo,
  readRun,
  repositoryRoot,
  runIds,
  type RunResults,
  withRun,
} from "../../lib/run/mod.ts";
import { checkDeclared } from "../../lib/run/sweep/declared.ts";
import { parseMetric, valuesOf } from "../../lib/run/view/metrics.ts";
import { loadStitches } from "../../lib/stitch/mod.ts";
import { valuesBy } from "../run/results.ts";
import { inProcess, LISTENS, type Printed } from "../experiment/in-process.ts";
import { assertPlanned } from "./planned.ts";
import { assertRefused } from "../experiment/refused.ts";

const METHODS = ["seed", "expert:code", "expert:math", "expert:multilingual", "soup", "btm", "bts"];
const DOMAINS = ["english", "code", "math", "multilingual", "mean"];

/** Few questions: most of the preset's time is spent on answering. */
const FEW = ["--set", "eval.items=2"];

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** As a process. */
async function bts(...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "experiments/bts.ts", "--no-serve", ...args],
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** In this process. */
const btsHere = (...args: string[]): Promise<Printed> =>
  inProcess(() => experimentCommand(btsExperiment, ["--no-serve", ...args]));

async function inTemporaryFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-bts-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Keys of a run's cells by name. */
async function cellKeys(runs: string, id: string): Promise<Record<string, string>> {
  const events = (await Deno.readTextFile(join(runs, id, "events.jsonl"))).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  const starts = events.filter(({ kind }) => kind === "cell.start");
  return Object.fromEntries(starts.map(({ cell, cellKey }) => [cell, cellKey]));
}

/** Content hashes of the weights that each training cell of a run made. */
async function weightHashes(runs: string, id: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const [cell, cellKey] of Object.entries(await cellKeys(runs, id))) {
    const manifest = JSON.parse(await Deno.readTextFile(join(runs, ".cells", cellKey, "cell.json")));
    if (manifest.output.weights !== undefined) hashes[cell] = manifest.output.weights;
  }
  return hashes;
}

Deno.test(
  "`bts --preset smoke` runs every phase, reports, caches, and gives the same weights on any number of threads",
  LISTENS,
  async (t) => {
    await inTemporaryFolder(async (runs) => {
      let first: Record<string, string> = {};

      await t.step("one JSON object ends stdout, with every method, domain and task", async () => {
        const { code, stdout, stderr } = await bts(
          "--preset",
          "smoke",
          "--runs",
          runs,
          "--json",
          "--threads",
          "2",
          ...FEW,
        );
        assert.equal(code, 0, stderr);
        const result = JSON.parse(stdout.trim().split("\n").at(-1)!);
        assert.deepEqual(Object.keys(result).sort(), [
          "device",
          "measures",
          "methods",
          "preset",
          "run",
          "seconds",
          "seed",
        ]);
        assert.deepEqual(Object.keys(result.methods), METHODS);
        for (const method of METHODS) {
          const bpb = valuesBy(result.methods[method], "bpb");
          assert.deepEqual(Object.keys(bpb), DOMAINS);
          // Untrained, a model of 512 tokens spends 9 bits a token, and a token here is at least a byte.
          for (const value of Object.values(bpb)) {
            assert.ok(Number(value) > 0 && Number(value) < 9, `${method} ${value}`);
          }
          for (const { format, name } of result.measures as MeasureInfo[]) {
            if (format !== "proportion" && format !== "percent") continue;
            for (const value of Object.values(valuesBy(result.methods[method], name))) {
              assert.ok(value >= 0 && value <= 1);
            }
          }
        }
        await assertPlanned(runs, result.run);
        first = await weightHashes(runs, result.run);
        assert.deepEqual(Object.keys(first), ["seed", "expert:code", "expert:math", "expert:multilingual", "stitch"]);
        assert.equal(new Set(Object.values(first)).size, 5, "no two models are equal");
        const report = await Deno.readTextFile(join(runs, result.run, "report.html"));
        for (const word of ["Results", "Loss curves", "Mean gates of the stitches"]) assert.ok(report.includes(word));
        assert.ok((await Deno.readTextFile(join(runs, result.run, "report.md"))).includes("| "));
      });

      await t.step(
        "every number that it came to was declared, so that no sweep is refused a metric that there is",
        async () => {
          const [id] = await runIds(runs);
          const view = (await readRun(runs, id!))!;
          const declared = btsMetrics(mainConfigSchema.parse(view.config));
          const names = Object.keys(valuesOf(view));
          assert.ok(names.includes("stitch/validation:min") && names.includes("bts/arithmetic"));
          for (const name of names) checkDeclared(parseMetric(name)!, declared, "bts");
          for (const name of ["translatoin", "bts/bpb/latin", "sed/loss", "stitch/los:min"]) {
            assert.throws(() => checkDeclared(parseMetric(name)!, declared, "bts"), UserError, name);
          }
        },
      );

      await t.step("the stitch file names the frozen models by their content", async () => {
        const { stitch } = await cellKeys(runs, (await runIds(runs))[0]!);
        const file = await loadStitches(join(runs, ".cells", stitch!, "stitches.safetensors"));
        const experts = ["code", "math", "multilingual"].map((name) => ({ name, weights: first[`expert:${name}`] }));
        assert.deepEqual([file.hub, file.experts], [first["seed"], experts]);
      });

      await t.step("each expert beats the seed on its own domain even here", async () => {
        const [id] = await runIds(runs);
        const log = await Deno.readTextFile(join(runs, id!, "events.jsonl"));
        const { results } = JSON.parse(log.trim().split("\n").at(-1)!);
        for (const domain of ["code", "math", "multilingual"]) {
          const [expert, seed] = [`expert:${domain}`, "seed"].map((name) =>
            valuesBy(results.methods[name], "bpb")[domain]!
          );
          assert.ok(expert! < seed!, `${domain}: ${expert}`);
        }
      });

      await t.step("a second run with other stitches trains no seed and no expert again, and says so", async () => {
        const { stderr } = await btsHere("--preset", "smoke", "--runs", runs, "--set", "stitch.count=1", ...FEW);
        for (const cell of ["data", "seed", "expert:code", "expert:math", "expert:multilingual", "evaluate "]) {
          assert.match(stderr, new RegExp(`✓ ${cell}\\s+cached`));
        }
        assert.doesNotMatch(stderr, /✓ stitch\s+cached/);
      });

      await t.step(
        "its models refine: experts draft, the stitched one solves, and the run keeps the accuracy",
        async () => {
          const id = (await runIds(runs)).at(-1)!;
          const experiment = refineExperiment();
          const preset = { name: "smoke", value: refineDefinition.presets["smoke"]!.config as Record<string, unknown> };
          const sets = [
            ...[
              `model.source=${id}`,
              'model.drafters=["expert:math", "code"]',
              'methods=["long-cot", "pdr-random-k"]',
            ],
            ...["problems.levels=[easy]", "budgets=[400]"],
          ];
          const given = buildConfig(refineDefinition.schema, { preset, sets });
          const context = { runsFolder: runs, report: () => {} };
          const config = await experiment.complete!({ ...context, config: given, origins: {}, dryRun: false });
          assert.deepEqual([config.model.name, config.problems.seed], ["bts", 1]);
          const prepared = await experiment.prepare(config, 1, context);
          let solved: RunResults | undefined;
          const { run } = await withRun({
            ...{ runsFolder: runs, experiment: "refine", title: "", preset: "smoke", seed: 1, device: "cpu", config },
            ...{ command: [], plan: [] },
          }, async (run) => {
            const device = { description: "cpu", numerics: "cpu", code: import.meta };
            return solved = (await experiment.body({ run, config, rngSeed: 1, device, prepared })).value;
          });
          const scoresOf = async () => {
            const { results } = (await readRun(runs, id))!;
            return results!.methods["bts"]!.filter(({ name }) => name.startsWith("refine/"));
          };
          const keep = (results: RunResults, changes: Partial<typeof config> = {}) =>
            experiment.conclude!({ config: { ...config, ...changes }, rngSeed: 1, prepared, preset: "smoke" }, results);
          assert.deepEqual(await keep(solved!), []);
          const names = ["refine/easy/long-cot@400", "refine/easy/pdr-random-k@400"];
          assert.deepEqual((await scoresOf()).map(({ name }) => name), names);
          assert.ok((await Deno.readTextFile(join(runs, id, "report.html"))).includes(names[0]!));
          // Scores of other settings are named; those of fewer problems do not count, unless the person says so.
          const more = structuredClone(solved!);
          for (const one of Object.values(more.methods).flat()) Object.assign(one, { samples: 5, value: 0.4 });
          const division = { ...config.division, temperature: 0.5 };
          assert.match(
            (await keep(more, { division })).join("\n"),
            /long-cot@400: 0\.4 .* replaces .* since: temperature\n/,
          );
          assert.match((await keep(solved!)).join("\n"), /long-cot@400: the run keeps 0\.4 \(5 samples\) .*--replace/);
          assert.deepEqual((await scoresOf()).map(({ samples }) => samples), [5, 5]);
          await keep(solved!, { replace: true });
          assert.deepEqual((await scoresOf()).map(({ samples }) => samples), [1, 1]);
          await experiment.release!(prepared);
          const cell = (await readRun(runs, run.id))!.cells.find(({ name }) => name === "pdr-random-k")!;
          const attempts = await Deno.readTextFile(join(runs, ".cells", cell.cellKey, "attempts.jsonl"));
          const { trace } = JSON.parse(attempts) as AttemptRecord;
          assert.deepEqual([...new Set(trace.map(({ role, writer }) => `${role} ${writer}`))], [
            ...["draft expert:math", "draft expert:code", "solve bts"],
          ]);
        },
      );

      await t.step(
        "`--seeds` makes one run a seed and a report over all; one thread gives the bytes of two, another seed others",
        async () => {
          const alone = join(runs, "alone");
          const unmeasured = ["--set", "eval.tokens=64", "--set", "eval.items=2"];
          const { stdout } = await btsHere(
            ...["--preset", "smoke", "--runs", alone, "--threads", "1", "--json", "--seeds", "1,2", ...unmeasured],
          );
          const result = JSON.parse(stdout.trim().split("\n").at(-1)!);
          assert.deepEqual(result.seeds, [1, 2]);
          assert.deepEqual(result.runs.map(({ seed }: { seed: number }) => seed), [1, 2]);
          const ids: string[] = result.runs.map(({ run }: { run: string }) => run);
          assert.deepEqual(ids.toSorted(), (await runIds(alone)).toSorted());
          assert.deepEqual(await weightHashes(alone, ids[0]!), first);
          const other = Object.entries(await weightHashes(alone, ids[1]!));
          assert.equal(other.length, 5);
          for (const [cell, hash] of other) assert.notEqual(hash, first[cell], cell);

          assert.notDeepEqual(result.runs[0].methods, result.runs[1].methods);
          const reports = [...Deno.readDirSync(join(alone, "reports"))].map(({ name }) => name);
          assert.equal(reports.length, 1);
          assert.match(reports[0]!, /^bts-smoke-[0-9a-f]{8}-seeds-1-2$/);
          const report = await Deno.readTextFile(join(alone, "reports", reports[0]!, "report.html"));
          for (const method of METHODS) {
            const [one, two] = [0, 1].map((i) => valuesBy(result.runs[i].methods[method], "bpb")["mean"]!);
            const mean = (one! + two!) / 2;
            assert.ok(report.includes(mean.toFixed(3)), `${method}: ${mean}`);
          }
        },
      );
    });
  },
);

Deno.test("`bts --dry-run` prints the plan and writes nothing, for the paper's shapes too", LISTENS, async () => {
  await inTemporaryFolder(async (folder) => {
    const runs = join(folder, "runs");
    const { stdout, stderr } = await btsHere("--preset", "paper", "--dry-run", "--runs", runs, "--json");
    assert.match(stderr, /estimated time[^]*years/);
    const { plan } = JSON.parse(stdout);
    const tokens = Object.fromEntries(plan.map((cell: { cell: string; tokens: number }) => [cell.cell, cell.tokens]));
    // bts.md §4: 15T tokens for the seed, 200B for an expert, 15B for the stitches.
    assert.ok(Math.abs(tokens.seed / 15e12 - 1) < 0.01);
    assert.ok(Math.abs(tokens["expert:code"] / 200e9 - 1) < 0.01);
    assert.ok(Math.abs(tokens.stitch / 15e9 - 1) < 0.03);
    await assert.rejects(Deno.stat(runs), Deno.errors.NotFound);
  });
});

Deno.test("`bts` refuses bad input with one sentence, exit code 2 and no run folder", async (t) => {
  await inTemporaryFolder(async (folder) => {
    const empty = join(folder, "empty.txt");
    const byte = join(folder, "byte.txt");
    const latin = join(folder, "latin.txt");
    const single = join(folder, "single.jsonl");
    await Deno.writeTextFile(empty, "");
    await Deno.writeTextFile(byte, "x");
    await Deno.writeFile(latin, new Uint8Array([99, 97, 102, 0xe9, 32, 99]));
    await Deno.writeTextFile(single, '{"text": "the only document there is"}\n');
    const cases: [title: string, args: string[], message: RegExp][] = [
      ["a missing file", ["--set", `data.code=${join(folder, "none.txt")}`], /none\.txt/],
      ["an empty file", ["--set", `data.code=${empty}`], /empty\.txt/],
      ["a file of one byte", ["--set", `data.code=${byte}`], /byte\.txt/],
      ["invalid UTF-8", ["--set", `data.code=${latin}`], /latin\.txt/],
      ["fewer documents than splits", ["--set", `data.code=${single}`], /single\.jsonl|document/],
      ["an unknown domain in a datamix", ["--set", "mix.stitch.codee=1"], /codee/],
      ["an unknown expert", ["--set", "experts=[maths]"], /maths/],
      ["a datamix that sums to nothing", [
        ...["english", "code", "math", "multilingual"].flatMap((domain) => ["--set", `mix.seed.${domain}=0`]),
      ], /mix|datamix/i],
      ["a width that the heads do not divide", ["--set", "model.width=33"], /heads/],
      ["a context shorter than a character", ["--set", "model.contextLength=3"], /model\.contextLength 3/],
      ["more stitches than layers", ["--set", "stitch.count=9"], /stitch/],
      [
        "an unknown kind of stitch",
        ["--set", "stitch.kinds=H2E,E2HLR"],
        /stitch\.kinds\[1\][^]*mean stitch\.kinds\[1\]=E2H-LR/,
      ],
      ["stitches that do not end at the hub", ["--set", "stitch.kinds=E2H,H2E"], /end with E2H or E2H-LR, not H2E/],
      [
        "a rank larger than the width",
        ["--set", "stitch.kinds=H2E,E2H-LR", "--set", "stitch.rank=33"],
        /rank 33 .* 32/,
      ],
      ["a rank of zero", ["--set", "stitch.rank=0"], /stitch\.rank cannot be 0/],
      ["a model that does not fit", ["--set", "model.width=16384", "--set", "model.layers=500"], /memory/],
      ["a micro-batch that does not divide", ["--set", "train.seed.accumulate=3"], /accumulate|micro-batch/],
      ["an unknown key", ["--set", "stich.count=2"], /stitch\.count/],
      ["a malformed setting", ["--set", "stitch.count="], /stitch\.count/],
      // The smallest preset would take only days on a fast machine, and a run that is not refused would train here forever.
      [
        "what would take months",
        ["--preset", "study", "--set", "train.seed.steps=100000000"],
        /about .* (days|years)[^]*--force/,
      ],
      ["the paper's preset without --force", ["--preset", "paper"], /--force/],
    ];
    for (const [title, args, message] of cases) {
      await t.step(title, async () => {
        const runs = join(folder, "runs");
        const preset = args.includes("--preset") ? [] : ["--preset", "smoke"];
        await assertRefused(btsExperiment, [...preset, "--runs", runs, ...args], message);
        await assert.rejects(Deno.stat(runs), Deno.errors.NotFound);
      });
    }
    await t.step("as a process", async () => {
      const runs = join(folder, "runs");
      const { code, stderr, stdout } = await bts("--preset", "smoke", "--runs", runs, "--set", `data.code=${latin}`);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^error: .*latin\.txt.*\n( {2}hint: .*\n)?$/, "no stack");
      assert.equal(stdout, "");
      await assert.rejects(Deno.stat(runs), Deno.errors.NotFound);
    });
  });
});
