// Tied embeddings: folders that store the matrix once or twice, and heads that contradict config.json.
import assert from "node:assert/strict";
import {
  loadModelFolder,
  openWeightFiles,
  readSafetensors,
  saveModelFolder,
  writeSafetensors,
} from "../../lib/huggingface/mod.ts";
import { mergeFolders, WEIGHT_METHODS } from "../../lib/merge/mod.ts";
import type { HostWeights } from "../../lib/model/mod.ts";
import { bigWeights, TINY } from "../tiny.ts";
import { changeFile, refuses, tokenizer } from "./model-folders.ts";

const HEAD = "lm_head.weight";
const EMBEDDINGS = "model.embed_tokens.weight";
const TIED = { ...TINY, tiedEmbeddings: true };

/** What a folder stores as the head of a tied model. */
type Stored = "none" | "copy" | "other";

/** Runs `body` with the tied models `seed`, `a` and `b`, whose heads are stored as given. */
async function withTied(
  stored: Readonly<Record<"seed" | "a" | "b", Stored>>,
  body: (path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = (name: string) => `${folder}/${name}`;
  try {
    for (const [i, name] of (["seed", "a", "b"] as const).entries()) {
      const tensors = bigWeights(TIED, i + 1);
      await saveModelFolder(path(name), { config: TIED, tensors, tokenizer });
      const head = stored[name] === "other" ? bigWeights(TINY, i + 11)[HEAD]! : tensors[EMBEDDINGS]!;
      const all: HostWeights = stored[name] === "none" ? tensors : { ...tensors, [HEAD]: head };
      await writeSafetensors(`${path(name)}/model.safetensors`, all, { format: "pt" });
    }
    await body(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const valuesIn = async (folder: string) => (await readSafetensors(`${folder}/model.safetensors`)).tensors;

Deno.test("a head stored as a copy of the embeddings stays a copy, for every method", async () => {
  const copies = { seed: "copy", a: "copy", b: "copy" } as const;
  await withTied(copies, async (path) => {
    for (const { name, base, options, models: { most } } of WEIGHT_METHODS) {
      const request = {
        method: name,
        base: base ? path("seed") : undefined,
        models: [path("a"), path("b")].slice(0, most),
        settings: Object.hasOwn(options, "density") ? { density: 0.5 } : {},
        out: path(`out-${name}`),
      };
      assert.deepEqual((await mergeFolders(request)).warnings, []);
      const merged = await valuesIn(request.out);
      assert.deepEqual(merged.get(HEAD), merged.get(EMBEDDINGS), name);
      assert.notDeepEqual(merged.get(EMBEDDINGS), (await valuesIn(path("seed"))).get(EMBEDDINGS));
      assert.equal((await loadModelFolder(request.out)).config.tiedEmbeddings, true);
    }
  });
});

Deno.test("tied models merge to the same weights whether or not they store the head", async () => {
  const results: HostWeights[] = [];
  for (const seed of ["none", "copy"] as const) {
    for (const [a, b] of [["none", "none"], ["copy", "none"], ["none", "copy"], ["copy", "copy"]] as const) {
      await withTied({ seed, a, b }, async (path) => {
        const models = [path("a"), path("b")];
        const request = {
          method: "dare_ties",
          base: path("seed"),
          models,
          settings: { density: 0.5 },
          out: path("out"),
        };
        await mergeFolders(request);
        assert.equal((await valuesIn(path("out"))).has(HEAD), seed === "copy", "the tensors are those of the base");
        results.push((await loadModelFolder(path("out"))).tensors);
      });
    }
  }
  for (const result of results) assert.deepEqual(result, results[0]);
});

Deno.test("a stored head that contradicts tie_word_embeddings is merged separately, with a warning", async () => {
  await withTied({ seed: "other", a: "other", b: "copy" }, async (path) => {
    for (const method of ["task_arithmetic", "dare_linear"]) {
      const out = path(method);
      const { warnings } = await mergeFolders({ method, base: path("seed"), models: [path("a"), path("b")], out });
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /seed\/config\.json" says tie_word_embeddings.*"lm_head\.weight"/);
      const loaded = await loadModelFolder(out, (text) => assert.fail(text));
      assert.equal(loaded.config.tiedEmbeddings, false);
      const parts = await Promise.all(
        ["seed", "a", "b"].map(async (name) => (await valuesIn(path(name))).get(HEAD)!.data),
      );
      const [seed, a, b] = parts as [Float32Array, Float32Array, Float32Array];
      loaded.tensors[HEAD]!.data.forEach((value, i) => {
        assert.ok(Math.abs(value - (seed[i]! + 0.5 * (a[i]! - seed[i]!) + 0.5 * (b[i]! - seed[i]!))) < 1e-5, `${i}`);
      });
      const text = await Deno.readTextFile(`${out}/config.json`);
      const before = await Deno.readTextFile(`${path("seed")}/config.json`);
      assert.equal(text, before.replace('"tie_word_embeddings": true', '"tie_word_embeddings": false'));
    }
  });
});

Deno.test("an untied head merges with the embeddings of a tied model, but not with a missing one", async () => {
  for (const models of [["seed", "a"], ["a", "seed"]]) {
    await withTied({ seed: "none", a: "other", b: "none" }, async (path) => {
      const request = { method: "linear", models: models.map(path), out: path("out") };
      const { warnings } = await mergeFolders(request);
      assert.match(warnings.join(), /sets tie_word_embeddings to false/);
      const { config, tensors } = await loadModelFolder(path("out"), (text) => assert.fail(text));
      assert.equal(config.tiedEmbeddings, false);
      const [tied, head] = [await valuesIn(path("seed")), await valuesIn(path("a"))];
      tensors[HEAD]!.data.forEach((value, i) => {
        const wanted = (tied.get(EMBEDDINGS)!.data[i] as number + (head.get(HEAD)!.data[i] as number)) / 2;
        assert.ok(Math.abs(value - wanted) < 1e-6, `${i}`);
      });
    });
  }
  await withTied({ seed: "copy", a: "none", b: "none" }, async (path) => {
    await changeFile(`${path("a")}/config.json`, (json) => json.tie_word_embeddings = false);
    const request = { method: "linear", models: [path("seed"), path("a")], out: path("out") };
    await assert.rejects(mergeFolders(request), refuses("merge.shape", HEAD, "missing", "/seed", "/a"));
  });
});

Deno.test("a configuration that does not state the tie is not changed", async () => {
  await withTied({ seed: "copy", a: "copy", b: "copy" }, async (path) => {
    for (const name of ["seed", "a", "b"]) {
      // Gemma is tied by default.
      await changeFile(`${path(name)}/config.json`, (json) => {
        json.model_type = "gemma2";
        delete json.tie_word_embeddings;
      });
    }
    const request = {
      method: "dare_linear",
      models: [path("a"), path("b")],
      base: path("seed"),
      settings: { density: 0.5 },
    };
    await mergeFolders({ ...request, out: path("out") });
    const files = await openWeightFiles(path("out"));
    const all = (name: string) => files.read(name, 0, TIED.vocabSize * TIED.width);
    assert.deepEqual(all(HEAD), all(EMBEDDINGS));
    files.close();
    assert.deepEqual(
      await Deno.readFile(`${path("out")}/config.json`),
      await Deno.readFile(`${path("seed")}/config.json`),
    );
  });
});
