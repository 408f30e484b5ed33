// `deno task gates` and `deno task expert` on a run of the main job.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { baselinesDefinition } from "../../experiments/baselines/config.ts";
import { btsExperiment } from "../../experiments/bts.ts";
import { expertCommand } from "../../experiments/expert.ts";
import { proposeMerges } from "../../experiments/expert/propose.ts";
import { openStitchedRun } from "../../lib/bts/mod.ts";
import { btsConfigSchema } from "../../lib/bts/config.ts";
import { finishedRun } from "../../lib/bts/finished.ts";
import { fitPart, gatesCommand } from "../../lib/cli/gates.ts";
import { explainError, UserError } from "../../lib/errors.ts";
import type { GateTrace } from "../../lib/report/mod.ts";
import { beginRun, readRun, repositoryRoot } from "../../lib/run/mod.ts";
import { StopError } from "../../lib/run/process/stop.ts";
import { experimentCommand } from "../../lib/experiment/mod.ts";
import { inProcess, LISTENS } from "../experiment/in-process.ts";
import { assertPlanned } from "../experiments/planned.ts";

async function gates(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await gatesCommand(args, (text) => lines.push(text));
  return lines.join("\n");
}

/** Asserts that `deno task expert` refuses its arguments. */
async function refuses(args: readonly string[], message: RegExp): Promise<void> {
  await assert.rejects(
    expertCommand(args),
    (error) => error instanceof UserError && message.test(explainError(error)),
    args.join(" "),
  );
}

Deno.test("`deno task expert` looks for its run below `--runs folder` and `--runs=folder`", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-expert-" });
  try {
    const common = { title: "", preset: "smoke", seed: 1, device: "none", config: {}, plan: [], command: [] };
    const run = await beginRun({ runsFolder: runs, experiment: "other", ...common });
    run.finish({ domains: [], measures: [], methods: {} });
    for (const option of [["--runs", runs], [`--runs=${runs}`], ["--runs", "elsewhere", `--runs=${runs}`]]) {
      await refuses(["remove", "last", "code", ...option], new RegExp(`The run ${run.id} is of the experiment other`));
    }
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

Deno.test("`finishedRun()` takes a run of every other method too, and says what mends a damaged cell", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-finished-" });
  try {
    const config = baselinesDefinition.schema.parse({});
    const command = ["deno", "task", "run", "experiments/baselines.ts"];
    const common = { title: "", preset: "smoke", seed: 1, device: "none", plan: [], command };
    const openWith = (experiment: string) => beginRun({ runsFolder: runs, experiment, ...common, config });
    const run = await openWith("baselines");
    const spec = { name: "stitch", title: "", description: "", inputs: {}, code: import.meta, output: z.int() };
    const { folder } = await run.cell(spec, () => Promise.resolve(12));
    run.finish({ domains: [], measures: [], methods: {} });
    const found = await finishedRun(runs, run.id);
    assert.deepEqual(found.config, btsConfigSchema.parse({}));
    assert.equal((await found.cell("stitch")).value, 12);
    await assert.rejects(found.cell("seed"), (error) => error instanceof UserError && error.code === "run.unfinished");
    await Deno.remove(join(folder, "cell.json"));
    await assert.rejects(found.cell("stitch"), (error) => {
      assert.ok(error instanceof UserError && error.code === "run.damaged");
      assert.match(
        error.hint!,
        /own command rebuilds it: deno task run experiments\/baselines\.ts; deno task verify /,
      );
      return true;
    });
    await Deno.remove(folder, { recursive: true });
    await assert.rejects(found.cell("stitch"), /cannot use its cell stitch: its files were deleted/);
    const study = await openWith("stitch-count");
    study.finish({ domains: [], measures: [], methods: {} });
    await assert.rejects(finishedRun(runs, study.id), /does not produce exactly one stitched model/);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

Deno.test("`deno task gates` of a stopped run says which cell was not finished, and how to finish it", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-stopped-" });
  try {
    const controller = new AbortController();
    const run = await beginRun({
      runsFolder: runs,
      experiment: "bts",
      title: "",
      preset: "smoke",
      seed: 1,
      device: "none",
      config: btsConfigSchema.parse({}),
      command: ["deno", "task", "bts"],
      plan: ["seed", "expert:code"].map((cell) => ({ cell, title: "" })),
      signal: controller.signal,
    });
    const spec = { title: "", description: "", inputs: {}, code: import.meta, output: z.int() };
    const stopped = run.cell({ ...spec, name: "seed" }, () => {
      controller.abort(new StopError("SIGINT"));
      return Promise.reject(controller.signal.reason);
    });
    await assert.rejects(stopped, StopError);
    run.fail(controller.signal.reason);
    assert.equal((await readRun(runs, run.id))!.status, "stopped");
    for (const word of ["last", run.id]) {
      await assert.rejects(gates(word, "--runs", runs, "--text", "a"), (error) => {
        assert.ok(error instanceof UserError && error.code === "run.unfinished", String(error));
        assert.equal(error.message, `The run ${run.id} (stopped) did not finish its cell seed`);
        assert.ok(error.hint!.includes(`deno task resume ${run.id}`));
        return true;
      });
    }
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

Deno.test("`fitPart()` leaves room for the line's end that it adds", () => {
  // A token a character, as where a tokenizer knows no merge: the line's end is one of its own.
  const tokenizer = { encode: (text: string) => Array.from(text, (_, i) => i) };
  for (let room = 1; room < 40; room++) {
    const part = fitPart(tokenizer, "a b ".repeat(20), room);
    assert.ok(part.length <= room && part.endsWith("\n"), `${room}: ${part.length}`);
  }
  assert.equal(fitPart(tokenizer, "short", 21), "short\n");
  assert.throws(() => fitPart(tokenizer, "a", 0), UserError);
});

Deno.test("`deno task gates` traces texts, held-out tasks and what the model writes", LISTENS, async (t) => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-gates-" });
  try {
    const small = ["--set", "eval.tokens=256", "--set", "eval.items=1"];
    await inProcess(() =>
      experimentCommand(btsExperiment, ["--preset", "smoke", "--no-serve", "--runs", runs, ...small])
    );

    await t.step("two texts and a continuation are three parts that cover all tokens", async () => {
      const args = ["--runs", runs, "--text", "let é = 3;", "--text", "3 + 4 =", "--generate", "4", "--json"];
      const trace = JSON.parse(await gates("last", ...args)) as GateTrace;
      assert.equal(trace.tokens.map(({ text }) => text).slice(1).join("").slice(0, 17), "let é = 3;3 + 4 =");
      assert.deepEqual(trace.segments.map(({ label }) => label), ["text 1", "text 2", "generated"]);
      assert.equal(trace.segments[0]!.start, 0);
      assert.deepEqual(trace.segments.map(({ end }) => end), [
        trace.segments[1]!.start,
        trace.segments[2]!.start,
        trace.tokens.length,
      ]);
      assert.deepEqual(trace.stitches.map(({ kind, models }) => [kind, ...models]), [
        ["H2E", "code", "math", "multilingual"],
        ["E2H", "seed", "code", "math", "multilingual"],
      ]);
      for (const { gates, summaries } of trace.stitches) {
        assert.equal(gates.length, trace.tokens.length);
        assert.equal(summaries.length, 3);
      }
    });

    await t.step("without a text it takes three held-out tasks and writes a page", async () => {
      const page = join(runs, "gates.html");
      const text = await gates("--runs", runs, "--out", page);
      for (const word of ["code", "math", "multilingual", "entropy", "wins", page]) {
        assert.ok(text.includes(word), word);
      }
      assert.match(await Deno.readTextFile(page), /Gates by token/);
      const written = JSON.parse(await gates("--runs", runs, "--generate", "20", "--json")) as GateTrace;
      assert.ok(written.segments.length === 4 && written.tokens.length <= 64, "room is left for what is written");
      assert.match(await gates("--runs", runs, "--text", "a", "--generate", "2", "--out", page), /^Generated: "/m);
    });

    await t.step("mistakes are named", async () => {
      const empty = join(runs, "empty.txt");
      await Deno.writeTextFile(empty, "");
      const latin = join(runs, "latin.txt");
      await Deno.writeFile(latin, new Uint8Array([0x63, 0x61, 0x66, 0xe9]));
      const cases: readonly (readonly [string[], RegExp])[] = [
        [["--text", ""], /The text is empty/],
        [["--text", "a", "--file", empty], /The file .*empty\.txt is empty/],
        [["--text", "a", "--out", join(runs, "none", "x.html")], /x\.html": there is no folder ".*none"$/],
        [["--file", join(runs, "none.txt")], /Cannot read .*none.txt: there is no such file/],
        [["--file", runs], /Cannot read .*: it is a folder, not a file/],
        [["--file", latin], /Cannot read .*latin\.txt: it is not UTF-8/],
        [["--text", "a", "--generate", "100"], /2 tokens, and 100 are to be generated, but the model takes 64/],
        [["--generate", "-1", "--text", "a"], /--generate -1/],
        [["nosuchrun"], /no run "nosuchrun"/],
      ];
      for (const [args, message] of cases) {
        await assert.rejects(
          gates(...args, "--runs", runs),
          (error) => error instanceof UserError && message.test(error.message),
          args.join(" "),
        );
      }
    });

    await t.step(
      "`deno task expert` takes experts out and puts one in, run after run, training nothing else",
      async () => {
        const changed = async (...words: string[]) => {
          const args = [...words, "--no-serve", "--json", "--runs", runs];
          const { stdout } = await inProcess(() => expertCommand(args));
          return { line: stdout.trim().split("\n").at(-1)! };
        };
        const byProcess = async (...words: string[]) => {
          const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
            args: ["run", "-A", "experiments/expert.ts", ...words, "--no-serve", "--json", "--runs", runs],
            cwd: repositoryRoot,
            env: { NO_COLOR: "1" },
            stdin: "null",
          }).output();
          const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
          return { code, line: text(stdout).trim().split("\n").at(-1)!, stderr: text(stderr) };
        };
        const before = [...Deno.readDirSync(runs)].length;
        await refuses(
          ["remove", "last", "code", "--set", "hub=math", "--runs", runs],
          /Cannot set hub: the models are those of the run .*settings that can be changed: restitch/s,
        );
        for (const option of ["--seed=5", "--seeds=1,2"]) {
          await refuses(["remove", "last", "code", option, "--runs", runs], /Cannot use another seed.*whose seed is 1/);
        }
        assert.equal([...Deno.readDirSync(runs)].length, before, "nothing is written");
        const less = await byProcess("remove", "last", "code", "--set", "train.stitch.lr=0.001", "--seed", "1");
        assert.equal(less.code, 0, less.stderr);
        assert.deepEqual(Object.keys(JSON.parse(less.line).methods), ["seed", "before", "untouched", "bts"]);
        const more = await changed("add", "last", "english", "--set", "restitch=2");
        const view = (await readRun(runs, JSON.parse(more.line).run))!;
        assert.deepEqual(view.cells.map(({ name }) => name), [
          "expert:english",
          "adapt:with english",
          "evaluate:untouched",
          "stitch:again",
          "evaluate:bts",
          "report",
        ]);
        const proposed: string[] = [];
        for (const json of [true, false]) {
          await proposeMerges(runs, view.id, { json, print: (text) => void proposed.push(text) });
        }
        const { pairs } = JSON.parse(proposed[0]!);
        assert.deepEqual(pairs.map(({ experts }: { experts: string[] }) => experts.join()).toSorted(), [
          "math,english",
          "math,multilingual",
          "multilingual,english",
        ]);
        // Stitches that were hardly trained weigh all experts alike.
        assert.match(
          proposed.slice(1).join("\n"),
          new RegExp(`deno task expert merge ${view.id} ${pairs[0].experts.join(" ")}`),
        );
        const merged = await changed("merge", "last", "multilingual", "math", "--set", "restitch=2");
        const [both, ofTwo] = await Promise.all(
          [view.id, JSON.parse(merged.line).run].map((id) => openStitchedRun(runs, id)),
        );
        assert.deepEqual(ofTwo!.names, ["seed", "multilingual", "english"]);
        const weight = (run: typeof both, name: string) =>
          run!.weights[run!.names.indexOf(name)]!["model.layers.0.mlp.up_proj.weight"]!.data;
        const mean = weight(both, "math").map((value, i) => (value + weight(both, "multilingual")[i]!) / 2);
        assert.deepEqual(weight(ofTwo, "multilingual"), mean);
        const again = await changed("remove", "last", "multilingual", "--set", "restitch=1");
        for (const { line } of [less, more, merged, again]) await assertPlanned(runs, JSON.parse(line).run);
        const trace = JSON.parse(await gates(view.id, "--runs", runs, "--text", "x", "--json")) as GateTrace;
        assert.deepEqual(trace.stitches.at(-1)!.models, ["seed", "math", "multilingual", "english"]);
        const cases: readonly (readonly [string[], RegExp])[] = [
          [["remove", view.id, "code"], /no expert "code": the run has math, multilingual, english/],
          [
            ["add", view.id, "english"],
            /already has the expert "english": its experts are math, multilingual, english/,
          ],
          [["merge", view.id, "math", "code"], /no expert "code": the run has math, multilingual, english/],
          [["merge", view.id, "math", "math"], /Cannot merge math with itself/],
          [["merge", view.id, "math"], /or merge, a run and two experts[^]*expert merge last --propose/],
          [["remove", view.id, "math", "english"], /expected add or remove, a run and an expert/],
          [["merge", view.id, "--propose", "--seed", "1"], /--propose takes a run, --runs and --json alone/],
          [["merge", "last", "--propose"], /has one expert beside its hub/],
          [["remove", "last"], /expected add or remove, a run and an expert/],
          [["remove", "nosuchrun", "code"], /no run "nosuchrun"/],
        ];
        for (const [words, message] of cases) await refuses([...words, "--runs", runs], message);
      },
    );
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});
