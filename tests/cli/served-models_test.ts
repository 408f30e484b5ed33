// The models that a server lists, and when they are loaded and unloaded.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ModelRegistry } from "../../lib/api/mod.ts";
import { servedModels } from "../../lib/cli/served-models.ts";
import { UserError } from "../../lib/errors.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { CONFIG, TOKENIZER_JSON } from "../api/tiny-models.ts";
import { bigWeights } from "../tiny.ts";

/** Folders with models of their own. */
async function withFolders(names: readonly string[], body: (paths: readonly string[]) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const paths = names.map((name) => join(root, name));
    for (const [i, path] of paths.entries()) {
      await Deno.mkdir(path, { recursive: true });
      await saveModelFolder(path, { config: CONFIG, tensors: bigWeights(CONFIG, i), tokenizer: TOKENIZER_JSON });
    }
    await body(paths);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const settings = (sources: readonly string[]) => ({ sources, runs: "/nonexistent", device: "cpu" as const, batch: 4 });
const loaded = (models: ModelRegistry) => [...models.loaded().keys()].sort();

Deno.test("the first model is loaded at the start, others when asked for, and idle ones make room", async () => {
  await withFolders(["a", "b", "c"], async (paths) => {
    let available = Infinity;
    await using models = await servedModels(settings([...paths, paths[0]!]), () => available);
    assert.deepEqual(models.models.map(({ name }) => name), ["a", "b", "c"]);
    assert.ok(models.models.every(({ created }) => Math.abs(created - Date.now() / 1000) < 600));
    assert.deepEqual(loaded(models), ["a"]);
    {
      using a = await models.open("a");
      const [b, again] = await Promise.all([models.open("b"), models.open("b")]);
      assert.equal(b.model, again.model, "it is loaded once");
      assert.notEqual(a.model, b.model);
      assert.deepEqual(loaded(models), ["a", "b"]);
      b[Symbol.dispose]();
      again[Symbol.dispose]();
      again[Symbol.dispose]();
      // No memory: b goes, and a stays because it is in use.
      available = -1;
      using _c = await models.open("c");
      assert.deepEqual(loaded(models), ["a", "c"]);
      const [step] = [await a.model.engine.generate({ prompt: [0], maxTokens: 1 }).next()];
      assert.ok("value" in step);
    }
    using _b = await models.open("b");
    assert.deepEqual(loaded(models), ["b"]);
  });
});

Deno.test("sources that there are not, and two of one name, are refused", async () => {
  const code = async (sources: readonly string[]) => {
    try {
      await using _ = await servedModels(settings(sources));
    } catch (error) {
      if (error instanceof UserError) return error.code;
      throw error;
    }
  };
  assert.equal(await code(["/nonexistent/model"]), "run.none");
  await assert.rejects(servedModels({ ...settings([]), weights: "q5" }), { code: "serve.weights" });
  await withFolders(["x/tiny", "y/tiny"], async (paths) => {
    assert.equal(await code(paths), "serve.models");
  });
});
