// Which Python files belong to a model folder.
import assert from "node:assert/strict";
import { remoteCode } from "../../lib/huggingface/remote-code.ts";

Deno.test("`remoteCode()` finds the files that auto_map names and that they import, and those that are missing", async () => {
  const folder = await Deno.makeTempDir();
  const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
  try {
    assert.deepEqual(await remoteCode(folder), { files: [], missing: [] });
    await write("config.json", '{"model_type": "llama"}');
    assert.deepEqual(await remoteCode(folder), { files: [], missing: [] });
    const auto_map = { AutoConfig: "own_config.C", AutoModel: "own_model.M", AutoModelForCausalLM: "a/b--other.M" };
    await write("config.json", JSON.stringify({ auto_map }));
    await write("tokenizer_config.json", '{"auto_map": {"AutoTokenizer": ["own_tokens.T", null]}}');
    await write(
      "own_model.py",
      "import torch\nfrom .own_config import C\nfrom .parts import P  # ours\nfrom . import x\n",
    );
    await write("parts.py", "    from .deep.er import D\n    import .gone\nfrom own_tokens import T\n");
    await write("setup.py", "from .own_model import M");
    assert.deepEqual(await remoteCode(folder), {
      files: ["own_model.py", "parts.py"],
      missing: [
        { file: "own_config.py", neededBy: "config.json" },
        { file: "own_tokens.py", neededBy: "tokenizer_config.json" },
        { file: "deep.py", neededBy: "parts.py" },
        { file: "gone.py", neededBy: "parts.py" },
      ],
    });
    // Files that import each other.
    for (
      const [name, other] of [["own_config", "own_model"], ["own_tokens", "parts"], ["deep", "gone"], ["gone", "deep"]]
    ) {
      await write(`${name}.py`, `from .${other} import *\n`);
    }
    assert.deepEqual((await remoteCode(folder)).missing, []);
    assert.equal((await remoteCode(folder)).files.length, 6);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
