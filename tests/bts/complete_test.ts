// Settings that follow from the models that were trained elsewhere.
import assert from "node:assert/strict";
import { btsDefinition } from "../../lib/bts/config.ts";
import { completeFromCheckpoints } from "../../lib/bts/complete.ts";
import { trainTokenizer } from "../../lib/data/tokenizer/train.ts";
import { UserError } from "../../lib/errors.ts";
import { saveModelFolder } from "../../lib/huggingface/model-folder.ts";
import { initialWeights } from "../../lib/model/weights.ts";
import { modelConfigSchema } from "../../lib/model/config.ts";
import { parseExperimentArguments } from "../../lib/run/command-line/experiment-arguments.ts";

const text = (word: string) => [Array.from({ length: 30 }, (_, i) => `${word} ${i} is ${i * i}. `).join("")];
const tokenizer = trainTokenizer(text("the square of"), { vocabSize: 270 });
const shape = modelConfigSchema.parse({
  vocabSize: 280,
  width: 16,
  layers: 2,
  heads: 2,
  kvHeads: 1,
  inner: 24,
  contextLength: 48,
  ropeTheta: 20_000,
  tiedEmbeddings: false,
});

const folder = await Deno.makeTempDir();
const save = (name: string, change: Partial<typeof shape> = {}, own = tokenizer) => {
  const config = { ...shape, ...change };
  return saveModelFolder(`${folder}/${name}`, { config, tensors: initialWeights(config, 1), tokenizer: own });
};
await save("seed");
await save("wide", { width: 32 });
await save("rows", { vocabSize: 290 });
const scaling = { type: "linear", factor: 2 } as const;
await save("scaled", { ropeScaling: scaling, attentionBias: "qkv" });
await save("short", { contextLength: 16 });
await save("other", {}, trainTokenizer(text("quite other words"), { vocabSize: 270 }));
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

function complete(...sets: string[]) {
  const parsed = parseExperimentArguments(
    ["--preset", "smoke", ...sets.flatMap((set) => ["--set", set.replace("@", `${folder}/`)])],
    btsDefinition,
  );
  assert.ok(parsed.kind === "run");
  return completeFromCheckpoints(parsed.config, parsed.origins);
}

Deno.test("shape, context length, RoPE and tokenizer follow the checkpoint, whatever the preset says", async () => {
  const { vocabSize, ...model } = shape;
  for (const source of ["pretrained.seed=@seed", "pretrained.math=@seed"]) {
    const completed = await complete(source);
    assert.deepEqual(completed.model, model);
    assert.equal(completed.tokenizer.vocabSize, vocabSize);
  }
  const same = await complete("pretrained.seed=@seed", "model.width=16", "tokenizer.vocabSize=280");
  assert.deepEqual(same.model, model);
  const shorter = await complete("pretrained.seed=@seed", "pretrained.code=@seed", "model.contextLength=16");
  assert.deepEqual(shorter.model, { ...model, contextLength: 16 });
  const mixed = await complete("pretrained.seed=@seed", "pretrained.code=@short", "model.contextLength=16");
  assert.equal(mixed.model.contextLength, 16);
  const scaled = await complete("pretrained.seed=@scaled");
  assert.deepEqual([scaled.model.ropeScaling, scaled.model.attentionBias], [scaling, "qkv"]);
  const own = await complete("pretrained.law=@seed", "data.domains.law=a.txt");
  assert.deepEqual(own.model, model);
});

Deno.test("settings that contradict the checkpoint are refused by name, as is what does not fit together", async () => {
  const cases: [string[], string, ...string[]][] = [
    [["pretrained.seed=@seed", "model.width=64"], "pretrained.settings", "model.width 64", "16"],
    [["pretrained.seed=@seed", "model.kvHeads=2", "model.layers=3"], "pretrained.settings", "kvHeads 2", "layers 3"],
    [["pretrained.seed=@seed", "model.qkNorm=true"], "pretrained.settings", "model.qkNorm true", "none"],
    [["pretrained.seed=@seed", "model.contextLength=64"], "pretrained.settings", "contextLength 64", "48"],
    [["pretrained.seed=@seed", "tokenizer.vocabSize=300"], "pretrained.settings", "vocabSize 300", "280"],
    [["pretrained.seed=@seed", "tokenizer.trainBytes=9"], "pretrained.settings", "tokenizer.trainBytes"],
    [["pretrained.seed=@seed", "pretrained.code=@wide"], "pretrained.shape", "pretrained.code", "32", "16"],
    [["pretrained.code=@seed", "pretrained.math=@wide"], "pretrained.shape", "32", "the code expert's 16"],
    [["pretrained.seed=@seed", "pretrained.code=@rows"], "pretrained.shape", "rows", "290", "280"],
    [["pretrained.seed=@seed", "pretrained.code=@short"], "pretrained.shape", "16 tokens", "48"],
    [["pretrained.seed=@seed", "pretrained.code=@other"], "pretrained.tokenizer", "270"],
    [["pretrained.english=@seed"], "pretrained.domain", "english", "code, math, multilingual"],
    [["pretrained.seed=@none"], "pretrained.missing", "none"],
  ];
  for (const [sets, code, ...words] of cases) {
    await assert.rejects(complete(...sets), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, code, error.message);
      for (const word of words) assert.ok(error.message.includes(word), `${error.message} lacks ${word}`);
      return true;
    });
  }
});
