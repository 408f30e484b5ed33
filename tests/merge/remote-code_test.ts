// Models with code of their own: the code goes along, and stitched models are not one decoder.
import assert from "node:assert/strict";
import { mergeFolders } from "../../lib/merge/mod.ts";
import { changeFile, namesIn, refuses, request, withModels } from "./model-folders.ts";

Deno.test("a stitched model is refused with the models that it was stitched from", async () => {
  await withModels(async (folder) => {
    const auto_map = { AutoModelForCausalLM: "modeling_stitched.StitchedForCausalLM" };
    const stitched = { model_type: "stitched", auto_map, members: ["seed", "code", "math"] };
    await Deno.writeTextFile(`${folder}/b/config.json`, JSON.stringify(stitched));
    const before = namesIn(folder);
    for (
      const merge of [
        { method: "ties" },
        { method: "passthrough", base: undefined, models: [`${folder}/b`], settings: {} },
        { method: "slerp", base: `${folder}/b`, models: [`${folder}/a`], settings: {}, allowConfigMismatch: true },
      ]
    ) {
      await assert.rejects(
        mergeFolders(request(folder, merge)),
        (error: { hint?: string }) =>
          refuses("merge.stitched", `"${folder}/b"`, "several decoders")(error) &&
          /merge the models that it was made from \(seed, code, math\), such as last:code/.test(error.hint!),
      );
      assert.deepEqual(namesIn(folder), before);
    }
  });
});

Deno.test("the code of a model is copied, and a warning names what is missing", async () => {
  await withModels(async (folder) => {
    const linear = { method: "linear", base: undefined, settings: {} };
    for (const name of ["a", "b"]) {
      await changeFile(`${folder}/${name}/config.json`, (json) => json.auto_map = { AutoModel: "own.Own" });
    }
    const text = `config.json of "${folder}/a" names own.py, which the folder does not have: without it, the merged ` +
      "model loads only if transformers knows its model_type (llama)";
    assert.deepEqual((await mergeFolders(request(folder, linear))).warnings, [text]);
    await Deno.writeTextFile(`${folder}/a/own.py`, "from .part import x");
    await Deno.writeTextFile(`${folder}/a/part.py`, "x = 1");
    await Deno.writeTextFile(`${folder}/a/setup.py`, "y = 1");
    const { warnings } = await mergeFolders(request(folder, { ...linear, out: `${folder}/two` }));
    assert.deepEqual(warnings, []);
    assert.deepEqual(namesIn(`${folder}/two`).filter((name) => name.endsWith(".py")), ["own.py", "part.py"]);
  });
});
