// Merging model folders: equal to merging in memory, complete or not at all, with little memory.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  loadModelFolder,
  openWeightFiles,
  readJson,
  saveModelFolder,
  writeWeightFiles,
} from "../../lib/huggingface/mod.ts";
import {
  type FolderMerge,
  mergeFolders,
  type MergeSettings,
  mergeWeights,
  WEIGHT_METHODS,
} from "../../lib/merge/mod.ts";
import { repositoryRoot } from "../../lib/run/files/repository.ts";
import { mergeCommand } from "../../lib/cli/merge.ts";
import { optionalTest, python } from "../optional.ts";
import { bigWeights, TINY } from "../tiny.ts";
import { changeFile, namesIn, refuses, request, tokenizer, weights, withModels } from "./model-folders.ts";

Deno.test("`mergeFolders()` equals `mergeWeights()` for every method and piece size", async () => {
  await withModels(async (folder) => {
    for (const { name, base, options, models: { most } } of WEIGHT_METHODS) {
      const settings = Object.hasOwn(options, "density") ? { density: 0.5 } : {};
      const names = ["a", "b"].slice(0, most);
      const models = names.map((model) => weights[model]!);
      const expected = mergeWeights(name, { base: base ? weights.seed : undefined, models }, settings);
      for (const piece of [100, 1 << 20]) {
        const out = `${folder}/${name}-${piece}`;
        const from = { base: base ? `${folder}/seed` : undefined, models: names.map((model) => `${folder}/${model}`) };
        const report = await mergeFolders({ method: name, ...from, out, settings, piece });
        assert.equal(report.tensors, Object.keys(expected).length);
        const merged = await loadModelFolder(out);
        for (const [tensor, { data }] of Object.entries(expected)) {
          merged.tensors[tensor]!.data.forEach((value, i) =>
            assert.ok(Math.abs(value - data[i]!) <= 1e-6, `${name} ${tensor}[${i}]: ${value}, in memory ${data[i]}`)
          );
        }
      }
    }
  });
});

Deno.test("`mergeFolders()` copies configuration and tokenizer from the base, and records the merge", async () => {
  await withModels(async (folder) => {
    await Deno.writeTextFile(`${folder}/seed/chat_template.jinja`, "{{ x }}");
    await Deno.writeTextFile(`${folder}/seed/cell.json`, "{}");
    await mergeFolders(request(folder));
    const { config, tokenizer: found } = await loadModelFolder(`${folder}/out`);
    assert.deepEqual(config, TINY);
    assert.deepEqual(found, tokenizer);
    const files = namesIn(`${folder}/out`);
    assert.deepEqual(files, [
      "chat_template.jinja",
      "config.json",
      "generation_config.json",
      "merge.json",
      "model.safetensors",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    assert.deepEqual(await readJson(`${folder}/out/merge.json`), {
      method: "ties",
      base: `${folder}/seed`,
      models: [`${folder}/a`, `${folder}/b`],
      options: { weights: [0.5, 0.5], density: [0.5, 0.5], lambda: 1, normalize: true, rescale: "none" },
      dtype: null,
    });
  });
});

Deno.test("`mergeFolders()` reads and writes half precision and shards", async () => {
  await withModels(async (folder) => {
    const expected = mergeWeights("linear", { models: [weights.a!, weights.b!] });
    for (const dtype of ["F16", "BF16"] as const) {
      // Write half precision in shards, merge the result with itself, and expect the same bytes.
      const half = `${folder}/${dtype}`;
      const linear = { method: "linear", base: undefined, settings: {}, shardBytes: 2000 };
      const { files, bytes } = await mergeFolders(request(folder, { ...linear, out: half, dtype }));
      assert.ok(files.length > 3);
      const config = await readJson(`${half}/config.json`);
      assert.equal(config.torch_dtype, dtype === "F16" ? "float16" : "bfloat16");
      const merged = (await loadModelFolder(half)).tensors;
      const relative = dtype === "F16" ? 2 ** -11 : 2 ** -8;
      let values = 0;
      for (const [name, { data }] of Object.entries(expected)) {
        values += data.length;
        data.forEach((value, i) =>
          assert.ok(Math.abs(merged[name]!.data[i]! - value) <= relative * Math.abs(value) + 2 ** -25, `${name}[${i}]`)
        );
      }
      assert.equal(bytes, 2 * values);
      await mergeFolders(request(folder, { ...linear, models: [half, half], out: `${folder}/again-${dtype}` }));
      const [one, two] = [await openWeightFiles(half), await openWeightFiles(`${folder}/again-${dtype}`)];
      for (const [name, { shape }] of one.weights) {
        const size = shape.reduce((a, b) => a * b, 1);
        assert.equal(two.weights.get(name)!.dtype, dtype);
        assert.deepEqual(two.readBytes(name, 0, size), one.readBytes(name, 0, size));
      }
      one.close();
      two.close();
    }
  });
});

Deno.test("`mergeFolders()` counts values that are too large for float16", async () => {
  await withModels(async (folder) => {
    const huge = { ...weights.a!, "model.norm.weight": { shape: [16], data: new Float32Array(16).fill(70_000) } };
    await saveModelFolder(`${folder}/huge`, { config: TINY, tensors: huge });
    const linear = { method: "linear", base: undefined, settings: {}, models: [`${folder}/huge`] };
    assert.equal((await mergeFolders(request(folder, { ...linear, dtype: "F16" }))).overflowed, 16);
  });
});

Deno.test("`mergeFolders()` copies tensors that are not weights, and refuses them if they differ", async () => {
  await withModels(async (folder) => {
    const ids = { name: "ids", dtype: "I64", shape: [3] } as const;
    const norm = { name: "norm", dtype: "F32", shape: [2] } as const;
    const write = async (name: string, last: bigint) => {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/config.json`, '{"model_type": "odd"}');
      await writeWeightFiles(`${folder}/${name}`, [ids, norm], ({ dtype }) => [
        new Uint8Array(dtype === "I64" ? BigInt64Array.of(1n, 2n, last).buffer : new Float32Array(2).buffer),
      ]);
      return `${folder}/${name}`;
    };
    const models = [await write("x", 3n), await write("y", 3n), await write("z", 4n)];
    const linear = { method: "linear", base: undefined, settings: {} };
    await mergeFolders(request(folder, { ...linear, models: models.slice(0, 2) }));
    const out = await openWeightFiles(`${folder}/out`);
    assert.deepEqual(new BigInt64Array(out.readBytes("ids", 0, 3).buffer), BigInt64Array.of(1n, 2n, 3n));
    out.close();
    await assert.rejects(
      mergeFolders(request(folder, { ...linear, models, out: `${folder}/other` })),
      refuses("merge.dtype", "ids", "I64", "x", "z"),
    );
    assert.ok(![...Deno.readDirSync(folder)].some(({ name }) => name.startsWith("other")));
  });
});

Deno.test("`mergeFolders()` refuses models that do not match, by name, and writes nothing", async () => {
  await withModels(async (folder) => {
    const changed = async (name: string, file: string, change: (json: Record<string, unknown>) => void) => {
      await saveModelFolder(`${folder}/${name}`, { config: TINY, tensors: weights.a!, tokenizer });
      const json = await readJson(`${folder}/${name}/${file}`);
      change(json);
      await Deno.writeTextFile(`${folder}/${name}/${file}`, JSON.stringify(json));
    };
    await changed("heads", "config.json", (json) => json.num_attention_heads = 2);
    await changed("tokens", "tokenizer.json", (json) => json.model = { type: "BPE", vocab: { y: 0 }, merges: [] });
    const other = { ...TINY, inner: 32 };
    await saveModelFolder(`${folder}/shape`, { config: other, tensors: bigWeights(other, 1) });
    const tied = { ...TINY, tiedEmbeddings: true };
    await saveModelFolder(`${folder}/tied`, { config: tied, tensors: bigWeights(tied, 1) });
    await changeFile(`${folder}/tied/config.json`, (json) => json.tie_word_embeddings = false);
    await Deno.mkdir(`${folder}/none`);
    await Deno.writeTextFile(`${folder}/file`, "");
    const before = namesIn(folder);
    const cases: [Partial<FolderMerge>, code: string, ...says: string[]][] = [
      [{ models: [`${folder}/heads`] }, "merge.config", "num_attention_heads is 4 and 2", "seed", "heads"],
      [{ models: [`${folder}/tokens`] }, "merge.tokenizer", "model", "seed", "tokens"],
      [{ models: [`${folder}/shape`] }, "merge.shape", "model.layers.0.mlp", "[16,24]", "[16,32]", "shape"],
      [{ models: [`${folder}/tied`] }, "merge.shape", "lm_head.weight", "missing", "tied"],
      [{ models: [`${folder}/a`, `${folder}/none`] }, "model.no-weights", "none"],
      [{ models: [`${folder}/gone`] }, "model.no-weights", "there is no folder", "gone"],
      [{ base: undefined }, "merge.models", "ties needs a base"],
      [{ out: `${folder}/a` }, "merge.out", "is not empty"],
      [{ out: `${folder}/file` }, "merge.out", "is a file"],
      [{ out: `${folder}/file/x` }, "merge.out", "file/x"],
      [{ settings: { density: 2 } }, "merge.option", "density is 2"],
      [{ method: "tiess" }, "merge.method", "tiess"],
    ];
    for (const [changes, code, ...says] of cases) {
      await assert.rejects(mergeFolders(request(folder, changes)), refuses(code, ...says));
      assert.deepEqual(namesIn(folder), before);
    }
  });
});

Deno.test("`mergeFolders()` leaves nothing behind when it is stopped", async () => {
  await withModels(async (folder) => {
    const controller = new AbortController();
    const onTensor = () => controller.abort(new Error("stop"));
    await assert.rejects(mergeFolders(request(folder, { signal: controller.signal, onTensor })), /stop/);
    assert.deepEqual(namesIn(folder), ["a", "b", "seed"]);
  });
});

Deno.test("`deno task merge` merges folders, also with the base listed among the models as in mergekit", async () => {
  await withModels(async (folder) => {
    const lines: string[] = [];
    const [seed, a, b] = ["seed", "a", "b"].map((name) => `${folder}/${name}`) as [string, string, string];
    const command = ["--method", "ties", "--density", "0.5", a, b, "--base", seed, "-o", `${folder}/one/deep/`];
    await mergeCommand([...command, "--json"], (line) => lines.push(line));
    const report = JSON.parse(lines[0]!);
    assert.equal(report.method, "ties");
    assert.equal(report.out, `${folder}/one/deep`);
    const expected = mergeWeights("ties", { base: weights.seed, models: [weights.a!, weights.b!] }, { density: 0.5 });
    assert.deepEqual((await loadModelFolder(report.out)).tensors, expected);
    await mergeCommand(["-m", "ties", "-d", "0.5", seed, a, b, "-b", seed, "-o", `${folder}/two`], () => {});
    assert.deepEqual((await loadModelFolder(`${folder}/two`)).tensors, expected);
    const slerped = mergeWeights("slerp", { base: weights.a!, models: [weights.b!] }, { t: 0.25 });
    await mergeCommand(["-m", "slerp", a, b, "--t", "0.25", "-o", `${folder}/three`], () => {});
    assert.deepEqual((await loadModelFolder(`${folder}/three`)).tensors, slerped);
    const cases: [flags: string[], method: string, models: string[], base: boolean, settings: MergeSettings][] = [
      [["--select-topk", "0.4"], "sce", ["a", "b"], true, { selectTopk: 0.4 }],
      [["--filter-wise"], "model_stock", ["a", "b"], true, { filterWise: true }],
      [["-w", "1,3"], "nuslerp", ["a", "b"], false, { weights: [1, 3] }],
      [["--no-flatten", "--row-wise"], "nuslerp", ["a", "b"], true, { flatten: false, rowWise: true }],
      [["--max-iter", "1", "--tol", "0.01"], "karcher", ["seed", "a", "b"], false, { maxIter: 1, tol: 0.01 }],
      [["--scale", "0.5"], "passthrough", ["a"], false, { scale: 0.5 }],
    ];
    for (const [i, [flags, method, models, base, settings]] of cases.entries()) {
      const of = (name: string) => weights[name]!;
      const expected = mergeWeights(method, { base: base ? of("seed") : undefined, models: models.map(of) }, settings);
      const out = `${folder}/case-${i}`;
      // The base may be listed among the models, also where exactly two are taken.
      const all = [...(base ? ["seed"] : []), ...models].map((name) => `${folder}/${name}`);
      await mergeCommand(["-m", method, ...all, ...(base ? ["-b", all[0]!] : []), ...flags, "-o", out], () => {});
      assert.deepEqual((await loadModelFolder(out)).tensors, expected, method);
    }
    const negative = mergeWeights("linear", { models: [weights.a!, weights.b!] }, {
      weights: [-0.5, 1],
      normalize: false,
    });
    await mergeCommand(["-m", "soup", a, b, "-w", "-0.5,1", "--no-normalize", "-o", `${folder}/four`], () => {});
    assert.deepEqual((await loadModelFolder(`${folder}/four`)).tensors, negative);
  });
});

Deno.test("`deno task merge --help` lists each method's options and defaults", async () => {
  const help = async (...args: string[]) => {
    let text = "";
    await mergeCommand([...args, "--help"], (line) => text += line);
    return text;
  };
  const all = await help();
  for (const { name } of WEIGHT_METHODS) assert.ok(all.includes(`  ${name} `), name);
  const della = await help("--method", "della");
  for (const word of ["--epsilon", "(default: 0.15)", "--no-normalize", "2406.11617", "--base"]) {
    assert.ok(della.includes(word), word);
  }
  const nuslerp = await help("--method", "nuslerp");
  for (const word of ["--base", "--no-flatten", "--row-wise", "--weights"]) assert.ok(nuslerp.includes(word), word);
  assert.ok(!nuslerp.includes("--max-iter"));
  const linear = await help("--method=linear");
  for (const word of ["--epsilon", "--base", "--density", "--t "]) assert.ok(!linear.includes(word), word);
});

Deno.test("`deno task merge` refuses arguments that it cannot parse", async () => {
  const cases: [args: string[], code: string, ...says: string[]][] = [
    [["a", "b"], "merge.method", "ties"],
    [["-m", "ties", "a"], "merge.out", "--out"],
    [["-m", "tis", "a", "-o", "x"], "merge.method", "tis"],
    [["-m", "ties", "-d", "0", "a", "-b", "b", "-o", "x"], "merge.option", "--density 0", "nothing is left"],
    [["-m", "dare_linear", "-d", "0.5,0", "a", "c", "-b", "b", "-o", "x"], "merge.option", "--density 0.5,0"],
    [["-m", "ties", "-d", "half", "a", "-b", "b", "-o", "x"], "command.malformed", "--density", "half"],
    [["-m", "ties", "-w", "1,,2", "a", "-b", "b", "-o", "x"], "command.malformed", "--weights"],
    [["-m", "ties", "--dtype", "int8", "a", "-b", "b", "-o", "x"], "command.malformed", "int8", "bfloat16"],
    [["-m", "ties", "--seed", "-1", "a", "-b", "b", "-o", "x"], "command.malformed", "--seed"],
    [["-m", "ties", "--rescale", "l7", "a", "-b", "b", "-o", "x"], "command.invalid-argument", "l7"],
    [["-m", "ties", "--desnity", "1", "a"], "command.unknown-option", "--desnity"],
    [["-m", "ties", "--shard", "0", "a", "-b", "b", "-o", "x"], "command.malformed", "--shard"],
    [["-m", "slerp", "a", "b", "c", "-o", "x"], "merge.models", "slerp", "exactly two models", "not 3"],
    [["-m", "slerp", "a", "-o", "x"], "merge.models", "exactly two models", "not 1"],
    [["-m", "slerp", "a", "b", "-b", "c", "-o", "x"], "merge.models", "exactly two models", "not 3"],
    [["-m", "slerp", "a", "-b", "a", "-o", "x"], "merge.models", "exactly two models", "not 1"],
  ];
  for (const [args, code, ...says] of cases) await assert.rejects(mergeCommand(args, () => {}), refuses(code, ...says));
});

Deno.test({
  name: "`deno task merge` says that it may not write to a folder",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withModels(async (folder) => {
      // The task's permissions, with which Deno refuses access to /proc.
      const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
      const words = ["merge", "-m", "linear", `${folder}/a`, `${folder}/b`, "-o", "/proc/merged"];
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", ...permissions, "main.ts", ...words],
        cwd: repositoryRoot,
        env: { NO_COLOR: "1" },
        stdin: "null",
      }).output();
      assert.equal(code, 2);
      assert.match(new TextDecoder().decode(stderr), /^error: Cannot write the merged model to "\/proc\/merged"/);
    }),
});

// In a child process, because the peak memory of this one includes all earlier tests. Linux reports it.
Deno.test({
  name: "`deno task merge` needs far less memory than one tensor of one model takes",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const MB = 1e6;
      // 128 MB per model in bfloat16, twice that in float32; sparse files, so almost nothing on disk.
      const large = { name: "w", dtype: "BF16", shape: [4_000, 16_000] } as const;
      const small = { ...large, shape: [8, 16] } as const;
      const peak = async (weight: typeof large | typeof small) => {
        const size = weight.shape[0] * weight.shape[1];
        for (const name of ["seed", "a"]) {
          await Deno.mkdir(`${folder}/${name}`, { recursive: true });
          await Deno.writeTextFile(`${folder}/${name}/config.json`, '{"model_type": "odd"}');
          await writeWeightFiles(`${folder}/${name}`, [{ ...weight, shape: [1, 1] }], () => [new Uint8Array(2)]);
          const header = JSON.stringify({
            w: { dtype: weight.dtype, shape: weight.shape, data_offsets: [0, 2 * size] },
          });
          const bytes = new Uint8Array(8 + header.length);
          new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
          bytes.set(new TextEncoder().encode(header), 8);
          const path = `${folder}/${name}/model.safetensors`;
          await Deno.writeFile(path, bytes);
          await Deno.truncate(path, bytes.length + 2 * size);
        }
        const script = `
          import { mergeCommand } from ${JSON.stringify(new URL("../../lib/cli/merge.ts", import.meta.url))};
          await mergeCommand(Deno.args);
          console.log(Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\\s*(\\d+) kB/)[1]);`;
        const args = ["-m", "ties", "-d", "0.5", "a", "-b", "seed", "-o", `out-${weight.shape[0]}`];
        const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
        const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["eval", "--no-check", "--config", config, script, ...args],
          cwd: folder,
        }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
        return 1000 * Number(new TextDecoder().decode(stdout).trim().split("\n").at(-1));
      };
      const [less, more] = [await peak(small), await peak(large)];
      assert.equal((await Deno.stat(`${folder}/out-4000/model.safetensors`)).size > 128 * MB, true);
      assert.ok(more - less < 100 * MB, `${(more - less) / MB} MB more for 128 MB a model than for next to nothing`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

optionalTest(
  "python-torch",
  "Python's transformers loads a merged folder, and gives the logits of a merge by torch",
  async () => {
    await withModels(async (folder) => {
      const a = `${folder}/a`;
      await mergeFolders(
        request(folder, { method: "task_arithmetic", settings: { weights: [0.7, 0.4], lambda: 0.9 } }),
      );
      await mergeFolders(
        request(folder, { method: "slerp", models: [a], settings: { t: 0.3 }, out: `${folder}/slerp` }),
      );
      const script = `
import sys, torch
from transformers import AutoModelForCausalLM
load = lambda name: AutoModelForCausalLM.from_pretrained(sys.argv[1] + "/" + name, dtype=torch.float32).eval()
seed, a, b, merged, slerp = map(load, ["seed", "a", "b", "out", "slerp"])
ids = torch.arange(10).reshape(1, 10)
def compare(model, state):
    with torch.no_grad():
        got = model(ids).logits
        seed.load_state_dict(state)
        wanted = seed(ids).logits
    assert wanted.std() > 0.1 and (got - wanted).abs().max() < 1e-3, (got - wanted).abs().max()
s, x, y = [{k: v.clone() for k, v in m.state_dict().items()} for m in (seed, a, b)]
compare(merged, {k: s[k] + 0.9 * (0.7 * (x[k] - s[k]) + 0.4 * (y[k] - s[k])) for k in s})
def spherical(p, q, t):
    angle = torch.arccos((p / p.norm() * (q / q.norm())).sum())
    if angle.cos() > 0.9995: return (1 - t) * p + t * q
    return (torch.sin((1 - t) * angle) * p + torch.sin(t * angle) * q) / torch.sin(angle)
compare(slerp, {k: spherical(s[k], x[k], 0.3) for k in s})
`;
      python(["-c", script, folder]);
    });
  },
);
