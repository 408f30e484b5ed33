// Conversations in a run: written with the checkpoint's template, or with the one that data.template names.
import assert from "node:assert/strict";
import { btsDefinition } from "../../lib/bts/config.ts";
import { checkBts } from "../../lib/bts/check.ts";
import { labExperiment } from "../../lib/bts/experiment.ts";
import { conventionsOf } from "../../lib/bts/brought.ts";
import { trainTokenizer } from "../../lib/data/tokenizer/train.ts";
import { UserError } from "../../lib/errors.ts";
import { saveModelFolder } from "../../lib/huggingface/model-folder.ts";
import { initialWeights } from "../../lib/model/weights.ts";
import { modelConfigSchema } from "../../lib/model/config.ts";
import { parseExperimentArguments } from "../../lib/run/command-line/experiment-arguments.ts";

const experiment = labExperiment({
  definition: btsDefinition,
  check: checkBts,
  body: () => Promise.reject(new Error("it is only prepared")),
});
const OWN = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}" +
  "{% if add_generation_prompt %}<assistant>{% endif %}";
const letters = (i: number) => i.toString(2).replaceAll("0", "a").replaceAll("1", "b");
const record = (i: number) => ({
  messages: [{ role: "user", content: `say ${letters(i)}` }, { role: "assistant", content: `so: ${letters(i)}` }],
});

async function prepared(folder: string, ...settings: string[]) {
  const all = ["data.builtin=none", `data.domains.chat=${folder}/chat.jsonl`, ...settings];
  const parsed = parseExperimentArguments(
    ["--preset", "smoke", ...all.flatMap((one) => ["--set", one])],
    btsDefinition,
  );
  assert.ok(parsed.kind === "run");
  const config = await experiment.complete!(parsed);
  const data = await experiment.prepare(config, 1, { runsFolder: folder, report: () => {} });
  const [document] = data.documents["chat"]!.train;
  const scored = document!.chat!.scored.map(([from, to]) => document!.text.slice(from, to));
  return { config, data, text: document!.text, scored };
}

Deno.test("a run writes conversations with the seed's template, or with one that is named, and models inherit it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/chat.jsonl`,
      Array.from({ length: 30 }, (_, i) => JSON.stringify(record(i + 1))).join("\n"),
    );
    const config = modelConfigSchema.parse({ vocabSize: 257, width: 16, layers: 2, heads: 2, kvHeads: 2, inner: 32 });
    const tokenizer = trainTokenizer([], { vocabSize: 257 });
    const tensors = initialWeights(config, 1);
    await saveModelFolder(`${folder}/seed`, { config, tensors, tokenizer, chatTemplate: OWN });
    await Deno.writeTextFile(`${folder}/own.jinja`, "{% for m in messages %}[{{ m.content }}]{% endfor %}");
    const seed = `pretrained.seed=${folder}/seed`;

    const own = await prepared(folder, seed);
    assert.match(own.text, /^<user>say [ab]+<\|endoftext\|><assistant>so: [ab]+<\|endoftext\|>$/);
    assert.match(own.scored.join("|"), /^so: [ab]+<\|endoftext\|>$/);
    assert.equal(conventionsOf({ ...own.data, config: own.config }).chatTemplate, OWN);
    const all = await prepared(folder, seed, "data.loss=all");
    assert.deepEqual(all.scored, [all.text]);
    assert.notEqual(all.data.fingerprint, own.data.fingerprint);
    const named = await prepared(folder, seed, `data.template=${folder}/own.jinja`);
    assert.match(named.scored.join("|"), /^\[so: [ab]+\]$/);
    assert.match(conventionsOf({ ...named.data, config: named.config }).chatTemplate!, /^\{% for m in messages %\}\[/);
    const chatml = await prepared(folder, "data.template=chatml");
    assert.match(
      chatml.text,
      /^<\|im_start\|>user\nsay [ab]+<\|im_end\|>\n<\|im_start\|>assistant\nso: [ab]+<\|im_end\|>\n$/,
    );
    assert.match(chatml.scored.join("|"), /^so: [ab]+<\|im_end\|>\n$/);

    const wrong: readonly [string, RegExp, ...string[]][] = [
      ["data.no-template", /chat\.jsonl line 1: the field "messages" is a conversation/],
      ["data.template", /^data\.template: .*none\.jinja.*no such file/, "data.template=none.jinja"],
    ];
    for (const [code, words, ...settings] of wrong) {
      await assert.rejects(prepared(folder, ...settings), (error: unknown) => {
        assert.ok(error instanceof UserError && error.code === code, String(error));
        assert.match(error.message, words);
        return true;
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
