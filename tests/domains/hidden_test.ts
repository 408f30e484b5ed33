// Clusters by hidden states: the states, the same after a kill, and another model.
import assert from "node:assert/strict";
import { join } from "node:path";
import { trainTokenizer } from "../../lib/data/mod.ts";
import { assignDocuments, discoverDomains, type Encoder, openEncoder } from "../../lib/domains/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { withFolder } from "../run/fixtures.ts";
import { bigWeights, TINY } from "../tiny.ts";
import { lines, options, texts, TOPICS, write } from "./topics.ts";

const config = { ...TINY, vocabSize: 300, contextLength: 40 };
const tokenizers = ["the whale ", "another text "].map((text) =>
  trainTokenizer([`${text}${TOPICS.flat().join(" ")} `.repeat(20)], { vocabSize: 290 })
);

async function saved(folder: string, name: string, seed: number, tokenizer = tokenizers[0]!): Promise<string> {
  const path = join(folder, name);
  await saveModelFolder(path, { config, tensors: bigWeights(config, seed), tokenizer });
  return path;
}

async function withModel(body: (folder: string, model: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await using _ = await openDevice("cpu", { threads: 1 });
    await body(folder, await saved(folder, "model", 1));
  });
}

Deno.test("a text's state does not depend on the texts beside it, and comes from its first tokens", async () => {
  await withModel(async (_, model) => {
    using encoder = await openEncoder(model, "model");
    const list = ["whale", texts(1)[0]!, "x".repeat(10_000), "", "語".repeat(100)];
    const together = await encoder.states(list);
    for (const [at, text] of list.entries()) {
      const [alone] = await encoder.states([text]);
      assert.equal(alone!.length, config.width);
      alone!.forEach((value, i) => assert.ok(Math.abs(value - together[at]![i]!) < 1e-4, text.slice(0, 20)));
    }
    const [cut] = await encoder.states(["x".repeat(20_000)]);
    assert.deepEqual(cut, (await encoder.states([list[2]!]))[0]);
  });
});

Deno.test("a discovery by hidden states goes on after a kill, and its model alone assigns new text", async () => {
  await withModel(async (folder, model) => {
    await write(folder, { "a.jsonl": lines(texts(150)) });
    const encoder = (path = model) => () => openEncoder(path, path);
    const all = { ...options(folder), encoder: encoder() };
    const made = await discoverDomains(all);
    assert.equal(made.settings.features, "hidden");
    assert.equal(made.model?.path, model);
    const expected = await Deno.readTextFile(join(all.out, "clustering.json"));
    await Deno.remove(all.out, { recursive: true });

    const stop = (stage: string, after: number) => {
      const controller = new AbortController();
      const onProgress = (now: { stage: string; done: number }) => {
        if (now.stage === stage && now.done >= after) controller.abort(new Error("stopped"));
      };
      return { signal: controller.signal, onProgress, keepMs: 0 };
    };
    await assert.rejects(discoverDomains({ ...all, ...stop("fitting", 64) }), /stopped/);
    let texts0 = 0;
    const counted = async (): Promise<Encoder> => {
      const { states, ...rest } = await openEncoder(model, model);
      return { ...rest, states: (list) => (texts0 += list.length, states(list)) };
    };
    await assert.rejects(discoverDomains({ ...all, encoder: counted, ...stop("assigning", 64) }), /stopped/);
    assert.ok(texts0 < 150 + 64 + 64, `${texts0} texts, although the states of 64 were there`);
    await discoverDomains(all);
    assert.equal(await Deno.readTextFile(join(all.out, "clustering.json")), expected);

    const { files, textField, skipBad, out } = all;
    const assign = (path: string) =>
      assignDocuments({ files, textField, skipBad, clustering: out, encoder: encoder(path) });
    assert.deepEqual((await assign(model)).clusters.map(({ documents }) => documents), [50, 50, 50]);
    for (
      const [path, words] of [
        [await saved(folder, "weights", 2), /other weights/],
        [await saved(folder, "tokenizer", 1, tokenizers[1]), /another tokenizer/],
      ] as const
    ) {
      await assert.rejects(assign(path), (error) => error instanceof UserError && words.test(error.message));
    }
  });
});
