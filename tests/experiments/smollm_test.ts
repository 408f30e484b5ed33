// The preset `smollm`: what it plans, what it says without the model, and the whole job on two small layers from GGUF.
import assert from "node:assert/strict";
import { join } from "node:path";
import { mainDefinition } from "../../experiments/bts/config.ts";
import { btsExperiment } from "../../experiments/bts.ts";
import { completeFromCheckpoints } from "../../lib/bts/mod.ts";
import { openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { planOf } from "../../lib/experiment/experiment.ts";
import { saveGguf } from "../../lib/gguf/mod.ts";
import { initialWeights, modelConfigSchema } from "../../lib/model/mod.ts";
import {
  buildConfig,
  configOrigins,
  HEADLINE,
  type PlannedCell,
  readRun,
  repositoryRoot,
  valueOf,
} from "../../lib/run/mod.ts";
import { assertPlanned } from "./planned.ts";

/** SmolLM2-135M's shape, which a run reads from the checkpoint. */
const SHAPE = { width: 576, layers: 30, heads: 9, kvHeads: 3, inner: 1536, ropeTheta: 100_000, tiedEmbeddings: true };

const METHODS = [
  "seed",
  "expert:code",
  "expert:math",
  "expert:multilingual",
  "soup",
  "slerp",
  "btm",
  "routing",
  "dume",
  "bts",
];

Deno.test("the plan of `smollm`: training and bits per byte under 90 minutes on two AVX2 cores, the tasks as well", async () => {
  const { schema, presets } = mainDefinition;
  const preset = { name: "smollm", value: presets["smollm"]!.config as Record<string, unknown> };
  const { model, ...config } = buildConfig(schema, { preset, sets: ["tokenizer.vocabSize=49152"] });
  const plan = await planOf(btsExperiment, { ...config, model: { ...model, ...SHAPE } });
  const isTasks = ({ cell }: PlannedCell) => cell.startsWith("evaluate");
  assert.equal(plan.filter(isTasks).length, 5);
  // A step of 256 tokens of an expert, 207 GFLOP, took 2.0 s there; one of 128 tokens of the stitches, 2.1 s.
  const seconds = (cells: readonly PlannedCell[]) => cells.reduce((sum, { flops }) => sum + flops, 0) / (207e9 / 2);
  const minutes = [plan.filter((cell) => !isTasks(cell)), plan.filter(isTasks)].map((cells) => seconds(cells) / 60);
  assert.ok(minutes[0]! > 30 && minutes[0]! < 90, `training and bits per byte: ${minutes[0]} minutes`);
  assert.ok(minutes[1]! > 30 && minutes[1]! < 90, `tasks: ${minutes[1]} minutes`);
  assert.ok(Math.max(...plan.map(({ bytes }) => bytes)) < 8e9);
});

async function bts(
  ...args: string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(repositoryRoot, "experiments/bts.ts"), "--preset", "smollm", "--no-serve", ...args],
    cwd: Deno.makeTempDirSync(), // without the folder models/
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("`bts --preset smollm` without the model says how to get it", async () => {
  const { code, stderr } = await bts("--dry-run");
  assert.equal(code, 2);
  assert.match(stderr, /pretrained\.seed="models\/smollm2": there is no such folder/);
  assert.match(stderr, /deno task model get smollm2/);
});

Deno.test("`bts --preset smollm` on two layers of the same kind, with random weights, from a GGUF file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-smollm-" });
  try {
    const source = await Deno.readTextFile(join(repositoryRoot, "lib/data/types.ts"));
    const tokenizer = trainTokenizer([source], { vocabSize: 400 });
    const model = modelConfigSchema.parse({
      ...SHAPE,
      vocabSize: openTokenizer(tokenizer).vocabSize,
      layers: 2,
      width: 72,
      inner: 96,
      contextLength: 512,
    });
    const path = join(folder, "seed.gguf");
    await saveGguf(path, { config: model, tensors: initialWeights(model, 1), tokenizer }, "F16");
    const { schema, presets } = mainDefinition;
    const value = { ...presets["smollm"]!.config as Record<string, unknown>, pretrained: { seed: path } };
    const sources = { preset: { name: "smollm", value }, sets: [] };
    const completed = await completeFromCheckpoints(buildConfig(schema, sources), configOrigins(schema, sources));
    assert.deepEqual([completed.model.width, completed.model.contextLength], [72, 128], "the preset's context is kept");
    const sets = [
      `pretrained.seed=${path}`,
      "data.trainBytes=20000",
      "data.heldoutBytes=16384",
      "data.validationBytes=4096",
      "train.expert.steps=3",
      "train.stitch.steps=3",
      "train.validationBatches=0",
      "stitch.count=2",
      "eval.tokens=256",
      "eval.items=6",
      "eval.questionTokens=96",
      'eval.tasks=["arithmetic-choice","code-passage"]',
      "baselines.dume.documents=2",
    ].flatMap((set) => ["--set", set]);
    const runs = join(folder, "runs");
    const { code, stdout, stderr } = await bts("--json", "--runs", runs, ...sets);
    assert.equal(code, 0, stderr);
    const { run } = JSON.parse(stdout.trim().split("\n").at(-1)!);
    await assertPlanned(runs, run);
    const view = (await readRun(runs, run))!;
    assert.deepEqual(Object.keys(view.results!.methods), METHODS);
    for (const [name, method] of Object.entries(view.results!.methods)) {
      assert.ok(valueOf(method, HEADLINE)! > 0, name);
      for (const task of ["arithmetic-choice", "code-passage"]) {
        assert.ok(valueOf(method, { name: task, group: "" })! >= 0, `${name} ${task}`);
      }
      assert.ok(!method.some(({ name }) => name === "english-passage"));
    }
    // Held-out text comes before the tasks, which have cells of their own.
    const cells = view.cells.map(({ name }) => name);
    assert.deepEqual(cells.slice(-11), [
      "measure",
      "measure:merges",
      "measure:dume",
      "measure:ensembles",
      "measure:bts",
      "evaluate",
      "evaluate:merges",
      "evaluate:dume",
      "evaluate:ensembles",
      "evaluate:bts",
      "report",
    ]);
    const { rows } = view.cells.at(-1)!.tables.find(({ name }) => name === "task-comparisons")!;
    assert.equal(rows.length, 2 * (METHODS.length - 1));
    for (const { difference, low, high } of rows) assert.ok(Number(low) < Number(high), String(difference));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
