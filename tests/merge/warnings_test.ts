// Warnings and errors about models: values that are not finite, types that cannot be merged, other configurations.
import assert from "node:assert/strict";
import { mergeCommand } from "../../lib/cli/merge.ts";
import {
  type PlannedTensor,
  readJson,
  saveModelFolder,
  writeSafetensors,
  writeWeightFiles,
} from "../../lib/huggingface/mod.ts";
import { mergeFolders } from "../../lib/merge/mod.ts";
import type { HostWeights } from "../../lib/model/mod.ts";
import { TINY } from "../tiny.ts";
import { changeFile, namesIn, refuses, request, tokenizer, weights, withModels } from "./model-folders.ts";

const NORM = "model.norm.weight";

/** The model `a` with the first values of a tensor replaced. */
function withValues(values: readonly number[], name = NORM): HostWeights {
  const { shape, data } = weights.a![name]!;
  return { ...weights.a!, [name]: { shape, data: data.map((value, i) => values[i] ?? value) } };
}

const linear = { method: "linear", base: undefined, settings: {} } as const;

Deno.test("`mergeFolders()` names tensors with NaN and infinite values, their counts, and the models that have them", async () => {
  await withModels(async (folder) => {
    await saveModelFolder(`${folder}/bad`, {
      config: TINY,
      tensors: withValues([NaN, NaN, Infinity, -Infinity]),
      tokenizer,
    });
    const models = [`${folder}/b`, `${folder}/bad`];
    const { notFinite, warnings } = await mergeFolders(request(folder, { ...linear, models }));
    const counts = { nan: 2, infinite: 2 };
    const sources = [{ folder: `${folder}/bad`, ...counts }];
    assert.deepEqual(notFinite, [{ tensor: NORM, merged: counts, sources }]);
    const text =
      `"${NORM}" has 2 NaN and 2 infinite values in the merged model, 2 NaN and 2 infinite values in "${folder}/bad"`;
    assert.deepEqual(warnings, [text]);
    const lines: string[] = [];
    await mergeCommand(["-m", "linear", ...models, "-o", `${folder}/two`], (line) => lines.push(line));
    assert.ok(lines.join("\n").includes(`warning: ${text}`));
    await mergeCommand(["-m", "linear", ...models, "-o", `${folder}/three`, "--json"], (line) => lines.push(line));
    assert.deepEqual(JSON.parse(lines.at(-1)!).notFinite, notFinite);
  });
});

Deno.test("`mergeFolders()` warns of infinities that no model has, and not of a clean merge", async () => {
  await withModels(async (folder) => {
    await saveModelFolder(`${folder}/large`, { config: TINY, tensors: withValues([3e38]), tokenizer });
    const models = [`${folder}/large`, `${folder}/large`];
    const sum = { ...linear, models, settings: { normalize: false } };
    const { warnings } = await mergeFolders(request(folder, sum));
    assert.deepEqual(warnings, [`"${NORM}" has 1 infinite value in the merged model, none in any model`]);
    assert.deepEqual((await mergeFolders(request(folder, { ...linear, out: `${folder}/clean` }))).warnings, []);
  });
});

Deno.test("`mergeFolders()` reports values in a model that the merge happens to drop, once for all passes", async () => {
  await withModels(async (folder) => {
    await saveModelFolder(`${folder}/bad`, { config: TINY, tensors: withValues([Infinity]), tokenizer });
    for (const [method, more] of [["dare_linear", {}], ["breadcrumbs", { gamma: 0.1 }]] as const) {
      const settings = { density: 0.1, rescale: "none", ...more } as const;
      const merge = { method, models: [`${folder}/bad`], settings, piece: 4 };
      const { notFinite, warnings } = await mergeFolders(request(folder, { ...merge, out: `${folder}/${method}` }));
      const sources = [{ folder: `${folder}/bad`, nan: 0, infinite: 1 }];
      assert.deepEqual(notFinite, [{ tensor: NORM, merged: { nan: 0, infinite: 0 }, sources }], method);
      assert.match(warnings.join(), /no NaN or infinite values in the merged model, 1 infinite value in/);
    }
  });
});

Deno.test("`mergeFolders()` names ten tensors and counts the rest", async () => {
  await withModels(async (folder) => {
    const bad = Object.fromEntries(
      Object.entries(weights.a!).map(([name, { shape, data }]) => [name, { shape, data: data.map(() => NaN) }]),
    );
    await saveModelFolder(`${folder}/bad`, { config: TINY, tensors: bad, tokenizer });
    const { warnings, notFinite } = await mergeFolders(request(folder, { ...linear, models: [`${folder}/bad`] }));
    assert.equal(notFinite.length, Object.keys(weights.a!).length);
    assert.equal(warnings.length, 11);
    assert.match(warnings.at(-1)!, new RegExp(`^${notFinite.length - 10} more tensors have`));
  });
});

Deno.test("`mergeFolders()` counts values too large for the type they are written in", async () => {
  await withModels(async (folder) => {
    const cases = [["F16", 65_519, 65_520], ["BF16", 3.395e38, 3.399e38]] as const;
    for (const [dtype, fits, overflows] of cases) {
      const tensors = withValues([fits, -overflows, overflows]);
      await saveModelFolder(`${folder}/${dtype}`, { config: TINY, tensors, tokenizer });
      const models = [`${folder}/${dtype}`];
      const report = await mergeFolders(request(folder, { ...linear, models, dtype, out: `${folder}/out-${dtype}` }));
      assert.equal(report.overflowed, 2);
      assert.deepEqual(report.notFinite, []);
      assert.match(report.warnings.join(), /^2 values are too large for the type.*float32/);
    }
  });
});

Deno.test("`mergeFolders()` says which types it merges before it writes, and copies equal tensors of other types", async () => {
  await withModels(async (folder) => {
    const write = async (name: string, dtype: PlannedTensor["dtype"], first: number) => {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/config.json`, '{"model_type": "odd"}');
      await Deno.copyFile(`${folder}/a/tokenizer.json`, `${folder}/${name}/tokenizer.json`);
      const planned = { name: "w", dtype, shape: [8] };
      const bytes = { F8_E4M3: 8, F4: 4, F64: 64, I32: 32, F32: 32 }[dtype as string]!;
      await writeWeightFiles(`${folder}/${name}`, [planned], () => [new Uint8Array(bytes).fill(first, 0, 1)]);
      return `${folder}/${name}`;
    };
    for (const dtype of ["F8_E4M3", "F4", "F64", "I32"] as const) {
      const [a, same, other] = [
        await write(`${dtype}-a`, dtype, 1),
        await write(`${dtype}-same`, dtype, 1),
        await write(`${dtype}-other`, dtype, 2),
      ];
      const out = `${folder}/out-${dtype}`;
      for (const models of [[a, same, other], [a, await write(`${dtype}-float`, "F32", 1)]]) {
        await assert.rejects(
          mergeFolders({ method: "linear", models, out }),
          refuses("merge.dtype", '"w"', dtype, "F32, F16, BF16", models.at(-1)!),
        );
      }
      assert.ok(!namesIn(folder).includes(`out-${dtype}`));
      const { warnings } = await mergeFolders({ method: "linear", models: [a, same], out });
      const text = `"w" (${dtype}) cannot be merged and was copied, equal in all models`;
      assert.deepEqual(warnings, dtype === "I32" ? [] : [text]);
      assert.deepEqual(
        await Deno.readFile(`${out}/model.safetensors`),
        await Deno.readFile(`${a}/model.safetensors`),
      );
    }
  });
});

Deno.test("`deno task merge` refuses models whose weights have other meanings, unless --allow-config-mismatch", async () => {
  await withModels(async (folder) => {
    await changeFile(`${folder}/b/config.json`, (json) => {
      json.rope_parameters = { rope_type: "default", rope_theta: 500_000 };
      json.rms_norm_eps = 1e-6;
    });
    const said = "rms_norm_eps is 1e-5 and 1e-6; rope_theta is 10000 and 500000";
    await assert.rejects(mergeFolders(request(folder)), refuses("merge.config", said, "seed", "/b"));
    assert.deepEqual(namesIn(folder), ["a", "b", "seed"]);
    const lines: string[] = [];
    const args = ["-m", "ties", `${folder}/a`, `${folder}/b`, "-b", `${folder}/seed`, "-o", `${folder}/out`];
    await mergeCommand([...args, "--allow-config-mismatch"], (line) => lines.push(line));
    assert.ok(lines.join("\n").includes(said), lines.join("\n"));
    assert.deepEqual(await readJson(`${folder}/out/config.json`), await readJson(`${folder}/seed/config.json`));
    assert.ok(String((await readJson(`${folder}/out/merge.json`)).configMismatch).includes(said));
  });
});

Deno.test("`mergeFolders()` keeps the bytes of config.json except for the type of the weights", async () => {
  await withModels(async (folder) => {
    const text = await Deno.readTextFile(`${folder}/a/config.json`);
    const odd = text.replace("{", '\ufeff{ "a_scale" : 30.0,\t"b": [0.0, Infinity, 1e-05],\r\n "a_scale": 30.0,') +
      "\n \n";
    const nested = odd.replace(
      '"torch_dtype": "float32"',
      '"dtype": "float32", "torch_dtype":"float32", "text_config": {"x": 1.0, "dtype": "float32"}',
    );
    for (const [name, config] of [["odd", odd], ["nested", nested]] as const) {
      await saveModelFolder(`${folder}/${name}`, { config: TINY, tensors: weights.a!, tokenizer });
      await Deno.writeTextFile(`${folder}/${name}/config.json`, config);
      const merge = async (out: string, dtype?: "BF16") => {
        await mergeFolders(
          request(folder, { ...linear, models: [`${folder}/${name}`], out: `${folder}/${out}`, dtype }),
        );
        return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
          await Deno.readFile(`${folder}/${out}/config.json`),
        );
      };
      assert.equal(await merge(`${name}-same`), config);
      assert.equal(await merge(`${name}-half`, "BF16"), config.replaceAll('"float32"', '"bfloat16"'));
    }
  });
});

Deno.test("the base counts once, however its path is spelled among the models", async () => {
  await withModels(async (folder) => {
    await Deno.symlink(`${folder}/seed`, `${folder}/link`);
    const [a, b] = [`${folder}/a`, `${folder}/b`];
    const expected = async (out: string, method: string) => {
      const models = method === "slerp" ? [a] : [a, b];
      await mergeFolders({ method, base: `${folder}/seed`, models, out: `${folder}/${out}` });
      return await Deno.readFile(`${folder}/${out}/model.safetensors`);
    };
    const sums = await expected("sums", "task_arithmetic");
    const between = await expected("between", "slerp");
    const spellings = ["seed/", "./seed", "link", "link//", "a/../seed"].map((name) => `${folder}/${name}`);
    for (const [i, seed] of spellings.entries()) {
      for (const [base, other] of [[seed, `${folder}/seed`], [`${folder}/seed`, seed]] as const) {
        const out = (method: string) => `${folder}/${method}-${i}-${base === seed}`;
        const task = ["-m", "task_arithmetic", other, a, b, "--base", base, "-o", out("task")];
        await mergeCommand(task, () => {});
        assert.deepEqual(await Deno.readFile(`${out("task")}/model.safetensors`), sums, seed);
        assert.deepEqual((await readJson(`${out("task")}/merge.json`)).models, [a, b]);
        await mergeCommand(["-m", "slerp", other, a, "--base", base, "-o", out("slerp")], () => {});
        assert.deepEqual(await Deno.readFile(`${out("slerp")}/model.safetensors`), between, seed);
      }
    }
    await assert.rejects(
      mergeFolders({ method: "ties", base: `${folder}/seed`, models: [`${folder}/link`], out: `${folder}/none` }),
      refuses("merge.models", "at least 1 model besides the base, not 0"),
    );
  });
});

Deno.test("models merge although their files differ in form", async () => {
  await withModels(async (folder) => {
    await changeFile(`${folder}/b/tokenizer.json`, (json) => {
      json.model = { vocab: { x: 0 }, merges: [], type: "BPE", byte_fallback: false };
      json.normalizer = null;
    });
    await writeSafetensors(`${folder}/b/model.safetensors`, weights.b!);
    const file = await Deno.readFile(`${folder}/b/model.safetensors`);
    const start = new TextEncoder().encode('{"__metadata__":null,');
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    const json = new Uint8Array([...start, ...file.subarray(9, 8 + length)]);
    const prefix = new Uint8Array(8);
    new DataView(prefix.buffer).setBigUint64(0, BigInt(json.length), true);
    await Deno.writeFile(
      `${folder}/b/model.safetensors`,
      new Uint8Array([...prefix, ...json, ...file.subarray(8 + length)]),
    );
    await mergeFolders(request(folder));
  });
});
