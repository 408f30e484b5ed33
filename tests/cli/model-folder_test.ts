// `deno task merge` on models of a run by name.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { baselinesDefinition } from "../../experiments/baselines/config.ts";
import { mergeCommand } from "../../lib/cli/merge.ts";
import { loadModelFolder, saveModelFolder } from "../../lib/huggingface/mod.ts";
import { mergeWeights } from "../../lib/merge/mod.ts";
import { beginRun, repositoryRoot } from "../../lib/run/mod.ts";
import { refuses, tokenizer, weights } from "../merge/model-folders.ts";
import { TINY } from "../tiny.ts";

const DOMAINS = ["code", "math"];

/** Runs `body` with a run that stores the models `seed`, `code` and, unless it is unfinished, `math`. */
async function withRun(
  body: (runs: string, id: string) => Promise<void>,
  { experiment = "bts", finished = true } = {},
): Promise<void> {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-merge-" });
  try {
    const config = { ...baselinesDefinition.schema.parse({}), experts: DOMAINS };
    const common = { title: "my run: one", preset: "smoke", seed: 1, device: "none", plan: [], command: ["deno"] };
    const run = await beginRun({
      runsFolder: runs,
      experiment,
      ...common,
      config: experiment === "other" ? {} : config,
    });
    const stored = [["seed", "seed"], ["expert:code", "a"], ...(finished ? [["expert:math", "b"]] : [])];
    for (const [name, tensors] of stored) {
      const spec = { name: name!, title: "", description: "", inputs: { name }, code: import.meta, output: z.int() };
      await run.cell(spec, async ({ folder }) => {
        await saveModelFolder(folder, { config: TINY, tensors: weights[tensors!]!, tokenizer });
        return 1;
      });
    }
    if (finished) run.finish({ domains: [], measures: [], methods: {} });
    await body(runs, run.id);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}

const merge = (runs: string, ...args: string[]) => mergeCommand(["-m", "ties", "--runs", runs, ...args], () => {});
const expected = mergeWeights("ties", { base: weights.seed, models: [weights.a!, weights.b!] });

Deno.test("`deno task merge` takes models of a run by name", async () => {
  await withRun(async (runs, id) => {
    const names: [code: string, math: string, base: string][] = [
      ["last:code", "last:math", "last:seed"],
      [`${id}:expert:code`, "last:expert:math", `${id}:seed`],
      ["my run: one:code", "my run: one:expert:math", "my run: one:seed"],
    ];
    for (const [i, [code, math, base]] of names.entries()) {
      const out = join(runs, `merged-${i}`);
      await merge(runs, code, math, "--base", base, "-o", out);
      assert.deepEqual((await loadModelFolder(out)).tensors, expected, code);
    }
    // The permissions of the task are enough.
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "merge", "-m", "ties", "--runs", runs, "last:code", "-b", "last:seed", "-o", join(runs, "task")],
      cwd: repositoryRoot,
      stdin: "null",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  });
});

Deno.test("a folder whose name looks like a run's model is a folder", async () => {
  await withRun(async (runs) => {
    await saveModelFolder(join(runs, "last:code"), { config: TINY, tensors: weights.b!, tokenizer });
    const models = ["last:code", "-b", "last:seed"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        join(repositoryRoot, "main.ts"),
        "merge",
        "-m",
        "ties",
        ...models,
        "-o",
        "merged",
      ],
      cwd: runs,
      env: { STITCHBOOK_RUNS: runs },
      stdin: "null",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.deepEqual(
      (await loadModelFolder(join(runs, "merged"))).tensors,
      mergeWeights("ties", { base: weights.seed, models: [weights.b!] }),
    );
  });
});

Deno.test("`deno task merge` refuses models that a run does not store, and writes nothing", async () => {
  await withRun(async (runs, id) => {
    const cases: [model: string, code: string, ...says: string[]][] = [
      ["last:cod", "model.unknown", id, 'no model "cod"', "seed, code, math"],
      ["last:expert:law", "model.unknown", 'no model "expert:law"', "seed, code, math"],
      ["last:soup", "model.unknown", "does not store Soup as a model folder", "seed, code, math"],
      ["last:bts", "model.unknown", "does not store BTS as a model folder"],
      ["nowhere:code", "run.none", 'no run "nowhere"'],
    ];
    for (const [model, code, ...says] of cases) {
      const out = join(runs, "merged");
      await assert.rejects(merge(runs, model, "-b", "last:seed", "-o", out), refuses(code, ...says), model);
      await assert.rejects(merge(runs, "last:code", "-b", model, "-o", out), refuses(code, ...says), model);
      await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
    }
  });
  await withRun(async (runs, id) => {
    await assert.rejects(
      merge(runs, "last:math", "-b", "last:seed", "-o", join(runs, "merged")),
      refuses("run.unfinished", id),
    );
    // What the run has finished can be merged.
    await merge(runs, "last:code", "-b", "last:seed", "-o", join(runs, "merged"));
  }, { finished: false });
  await withRun(async (runs) => {
    await assert.rejects(
      merge(runs, "last:code", "-b", "last:seed", "-o", join(runs, "merged")),
      refuses("run.experiment", "does not branch experts"),
    );
  }, { experiment: "other" });
});
