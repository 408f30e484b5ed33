// Tiny models of many families from transformers, merged with themselves, load in transformers and give equal logits.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { mergeFolders } from "../../lib/merge/mod.ts";
import { configDefaults } from "../../lib/merge/inputs/config-defaults.ts";
import { configMismatch } from "../../lib/merge/weights/configs.ts";
import { optionalTest, python } from "../optional.ts";

const script = fileURLToPath(new URL("fixtures/families.py", import.meta.url));

optionalTest("python-torch", "merged models of many families load in transformers and give equal logits", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const families = python([script, "make", folder]).trim().split("\n");
    assert.ok(families.length >= 12);
    for (const family of families) {
      const own = `${folder}/${family}`;
      const linear = { method: "linear", models: [own, own], out: `${own}-linear` };
      const none = "no model has a tokenizer, and so the merged model has none";
      assert.deepEqual((await mergeFolders(linear)).warnings, [none]);
      assert.deepEqual(await Deno.readFile(`${linear.out}/config.json`), await Deno.readFile(`${own}/config.json`));
      const ties = { method: "dare_ties", base: own, models: [own, own], settings: { density: 0.5 } };
      await mergeFolders({ ...ties, models: [`${own}-linear`], out: `${own}-ties` });
      await mergeFolders({ ...linear, dtype: "BF16", out: `${own}-half` });
      assert.match(await Deno.readTextFile(`${own}-half/config.json`), /"dtype": "bfloat16"/);
      assert.equal(await configMismatch([own, `${own}-half`]), undefined);
    }
    python([script, "compare", folder]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

optionalTest("python-torch", "defaults of omitted config.json keys are those of transformers", () => {
  const kinds = ["llama", "mistral", "mixtral", "qwen2", "qwen3", "gemma2", "gemma3_text", "phi3", "gpt_neox", "olmo2"];
  const defaults = Object.fromEntries(kinds.map((kind) => [kind, configDefaults(kind)]));
  const check = `
import json, sys
from transformers import AutoConfig
count = 0
for kind, keys in json.loads(sys.argv[1]).items():
    config = AutoConfig.for_model(kind)
    for key, value in keys.items():
        if key in ("rope_theta", "rope_local_base_freq", "partial_rotary_factor"):
            rope = config.rope_parameters
            layers = "sliding_attention" if key == "rope_local_base_freq" else "full_attention"
            found = rope.get(layers, rope).get(key.replace("local_base_freq", "theta"), 1)
        else:
            found = getattr(config, key)
        # Windows that are not used are dropped.
        if key == "sliding_window" and found is None and not getattr(config, "use_sliding_window", True): continue
        assert found == value, (kind, key, found, value)
        count += 1
print(count)
`;
  assert.ok(Number(python(["-c", check, JSON.stringify(defaults)])) > 80);
});
