// `deno task merge` on models of a run by name.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { baselinesDefinition } from "../../experiments/baselines/config.ts";
import { mergeCommand } from "../../lib/cli/merge.ts";
import { explainError } from "../../lib/errors.ts";
import { loadModelFolder, saveModelFolder, writeSafetensors } from "../../lib/huggingface/mod.ts";
import { mergeWeights } from "../../lib/merge/mod.ts";
import { beginRun, repositoryRoot } from "../../lib/run/mod.ts";
import { refuses, tokenizer, weights } from "../merge/model-folders.ts";
import { bigWeights, TINY } from "../tiny.ts";

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

Deno.test("errors and warnings name a run's models as they were given", async () => {
  await withRun(async (runs) => {
    const [out, lora, other, yaml] = ["out", "lora", "other", "merge.yml"].map((name) => join(runs, name)) as [
      string,
      string,
      string,
      string,
    ];
    const shape = { ...TINY, inner: 32 };
    await saveModelFolder(other, { config: shape, tensors: bigWeights(shape, 1), tokenizer });
    await Deno.mkdir(lora);
    await Deno.writeTextFile(join(lora, "adapter_config.json"), '{"peft_type": "LORA", "r": 2, "lora_alpha": 2}');
    const matrix = { shape: [2, 7], data: new Float32Array(14) };
    await writeSafetensors(join(lora, "adapter_model.safetensors"), {
      "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": matrix,
      "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight": { ...matrix, shape: [7, 2] },
    });
    const slices = (...ranges: string[]) =>
      `merge_method: passthrough\nslices:\n${
        ranges.map((range) => `  - sources: [{model: "last:code", layer_range: ${range}}]\n`).join("")
      }`;
    const cases: [args: string[], config: string, ...says: string[]][] = [
      [["-m", "linear", "last:code", other], "", 'in "last:code" and'],
      [["-m", "passthrough", `last:code+${lora}`], "", `LoRA "${lora}" into "last:code"`],
      [["-m", "nuslerp", "last:code", "last:math", "-b", other], "", '"last:code"'],
      [["-c", yaml], slices("[0, 9]"), 'the layers [0, 9] of "last:code"'],
      [
        ["-c", yaml],
        `merge_method: linear\nmodels: [{model: "last:code"}]\n`,
        "merge.yml:2: the model last:code has no",
      ],
      [["-c", yaml], `merge_method: linear\nmodels:\n  - model: last:cde\n`, "merge.yml:3: The run", 'no model "cde"'],
      [
        ["-c", yaml],
        `merge_method: ties\nbase_model: last:sed\nmodels: [{model: "last:code"}]\n`,
        "merge.yml: The run",
      ],
    ];
    for (const [args, config, ...says] of cases) {
      await Deno.writeTextFile(yaml, config);
      await assert.rejects(mergeCommand([...args, "-o", out, "--runs", runs], () => {}), (error: Error) => {
        assert.ok(!explainError(error).includes(".cells"), explainError(error));
        for (const words of says) assert.ok(error.message.includes(words), error.message);
        return true;
      });
    }
    await saveModelFolder(join(runs, "bare"), { config: TINY, tensors: weights.a! });
    const lines: string[] = [];
    const args = ["-m", "linear", "last:code", join(runs, "bare"), "--runs", runs, "-o", out];
    await mergeCommand(args, (line) => lines.push(line));
    assert.match(lines.join(), /bare" has no tokenizer: its tokens are taken to be those of "last:code"$/);
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
