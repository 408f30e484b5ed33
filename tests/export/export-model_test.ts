// Exporting models of runs: what is written is the model of the run, and what cannot be written is refused beforehand.
import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { mergeFile, mixtureConfigSchema, saveMerge } from "../../lib/baselines/mod.ts";
import { initialMixture } from "../../lib/baselines/mixture/start.ts";
import { exportModelCommand } from "../../lib/cli/export-model.ts";
import { UserError } from "../../lib/errors.ts";
import { checkRoom } from "../../lib/export/place.ts";
import { loadGguf } from "../../lib/gguf/mod.ts";
import { hashTensors, loadModelFolder } from "../../lib/huggingface/mod.ts";
import { openRun } from "../../lib/library/mod.ts";
import { licenseOf } from "../../lib/pretrained/mod.ts";
import { decoder, type HostWeights, toDevice } from "../../lib/model/mod.ts";
import { beginRun, type Run } from "../../lib/run/mod.ts";
import { askLlamaCpp } from "../gguf/llama-cpp.ts";
import { optionalTest, python } from "../optional.ts";
import { difference, noisyStitches, stitchConfig } from "../tiny.ts";
import { CONFIG, spec, withTrainedRun } from "./run.ts";

const TEXT = "let x = 3 + 4;";

/** Exports in words of the command line, and returns what it prints with `--json`. */
async function exported(runs: string, ...args: string[]) {
  const lines: string[] = [];
  await exportModelCommand([...args, "--runs", runs, "--json"], (text) => lines.push(text));
  return JSON.parse(lines.join("\n"));
}

/** The library's logits of a model after a text with `<|endoftext|>` in front; the caller disposes of them. */
async function logitsOf(runs: string, name: string): Promise<{ ids: number[]; logits: tf.Tensor3D }> {
  using run = await openRun("last", { runs, device: "reference" });
  using model = await run.model(name);
  return { ids: [model.tokenizer.endOfText, ...model.tokenize(TEXT)], logits: model.logits(TEXT).clone() };
}

/** Adds a BTX mixture with routers that matter. */
async function addMixture(run: Run, models: readonly HostWeights[]): Promise<void> {
  const config = mixtureConfigSchema.parse({ routing: "top-2" });
  await run.cell(spec("btx-top2", z.object({ tokens: z.int(), weights: z.string() })), async ({ folder }) => {
    const entries = Object.entries(initialMixture(CONFIG, config, models, 5)).map(([name, { shape, data }]) =>
      [name, { shape, data: name.includes("router") ? data.map((value) => 50 * value) : data }] as const
    );
    const weights = Object.fromEntries(entries);
    await saveMerge(mergeFile(folder), {
      method: { kind: "mixture", config },
      weights,
      models: models.map((one, i) => ({ name: String(i), weights: hashTensors(one) })),
    });
    return { tokens: 5_120, weights: hashTensors(weights) };
  });
}

/** Adds Self-Stitch with stitches that matter. */
async function addSelfStitch(run: Run, [seed]: readonly HostWeights[]): Promise<void> {
  const stitch = stitchConfig({ count: 2 });
  const weights = noisyStitches(stitch, 2, 6, CONFIG);
  await run.cell(spec("self-stitch", z.object({ tokens: z.int(), weights: z.string() })), async ({ folder }) => {
    await saveMerge(mergeFile(folder), {
      method: { kind: "self-stitch", config: { copies: 2, stitch } },
      weights,
      models: [{ name: "seed", weights: hashTensors(seed!) }],
    });
    return { tokens: 5_120, weights: hashTensors(weights) };
  });
}

/** A license that the hub has no identifier for. */
const other = (name: string, link: string) => ["--license", "other", "--license-name", name, "--license-link", link];

const names = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

Deno.test("models that are one decoder are read back from both formats with the same weights", async () => {
  await withTrainedRun(async (runs, id) => {
    for (
      const [given, name] of [["seed", "seed"], ["code", "expert:code"], ["soup", "soup"], ["ties", "ties"], [
        "dense",
        "dense",
      ]]
    ) {
      const { ids, logits } = await logitsOf(runs, given!);
      const folder = await exported(runs, "last", given!, "-o", join(runs, "out", given!));
      const file = await exported(runs, id, given!, "--to", "gguf", "-o", join(runs, "out", `${given}.gguf`));
      assert.deepEqual([folder.run, folder.model, folder.dtype], [id, name, "f32"]);
      assert.equal(folder.weights, file.weights);
      for (const { config, tensors } of [await loadModelFolder(folder.out), await loadGguf(file.out)]) {
        using weights = toDevice(tensors);
        const again = tf.tidy(() => decoder(config, weights).logits(tf.tensor2d([ids], undefined, "int32")));
        assert.ok(difference(again, logits) < 1e-5, given);
        again.dispose();
      }
      logits.dispose();
      for (const { name, bytes } of folder.files) assert.equal((await Deno.stat(join(folder.out, name))).size, bytes);
      assert.deepEqual(file.files.map(({ name }: { name: string }) => name), [`${given}.gguf.md`, `${given}.gguf`]);
    }
    assert.deepEqual(names(join(runs, "out")).filter((name) => name.startsWith(".")), [], "nothing temporary is left");
  });
});

Deno.test("every type of weights is written, and config.json and the card name it", async () => {
  await withTrainedRun(async (runs) => {
    for (const [dtype, torch, tolerance] of [["bf16", "bfloat16", 2 ** -8], ["f16", "float16", 2 ** -11]] as const) {
      const { out } = await exported(runs, "last", "code", "--dtype", dtype, "-o", join(runs, dtype));
      const config = JSON.parse(await Deno.readTextFile(join(out, "config.json")));
      assert.equal(config.torch_dtype, torch);
      assert.match(
        await Deno.readTextFile(join(out, "README.md")),
        new RegExp(`stored as \\| ${dtype.toUpperCase()} \\|`),
      );
      const [whole, half] = [
        await exported(runs, "last", "code", "-o", join(runs, `${dtype}-f32`)),
        await loadModelFolder(out),
      ];
      for (const [name, { data }] of Object.entries((await loadModelFolder(whole.out)).tensors)) {
        half.tensors[name]!.data.forEach((value, i) => {
          assert.ok(Math.abs(value - data[i]!) <= tolerance * Math.abs(data[i]!) + 1e-7, name);
        });
      }
    }
    const { out, files } = await exported(
      runs,
      "my run",
      "soup",
      "--to",
      "gguf",
      "--dtype",
      "q8_0",
      "-o",
      join(runs, "q8"),
    );
    assert.deepEqual(files.map(({ name }: { name: string }) => name), ["README.md", "my-run-soup-q8_0.gguf"]);
    assert.equal((await loadGguf(join(out, "my-run-soup-q8_0.gguf"))).config.width, CONFIG.width);
  });
});

Deno.test("the card says what the model is, what it is made from, and how it scores", async () => {
  await withTrainedRun(async (runs, id) => {
    const { out, weights } = await exported(runs, "last", "soup", "--license", "apache-2.0", "-o", join(runs, "soup"));
    const card = await Deno.readTextFile(join(out, "README.md"));
    const header = /^---\n(.*?)\n---\n/s.exec(card)![1]!;
    assert.match(header, /^license: apache-2.0$/m);
    assert.match(header, /^pipeline_tag: text-generation\nlibrary_name: transformers$/m);
    assert.match(header, /^ {2}- merge$/m);
    assert.doesNotMatch(header, /base_model/);
    assert.match(card, /^# my run: Soup$/m);
    assert.match(card, /average of the weights of the seed, the code expert and the math expert/);
    assert.match(
      card,
      /- \*\*code expert\*\*: the seed, trained further on code text for 30 steps \(15,360 tokens\)\./,
    );
    assert.equal(card.match(/`[0-9a-f]{64}`/g)!.length, 4, "three models and the soup");
    assert.ok(card.includes(`\`${weights}\``));
    assert.match(card, /\| code \| .*typescript.* \| Apache-2.0 \| 12 \| 34,567 \| 8,910 \| [0-9a-f]{16}… \|/);
    assert.match(card, /\| → Soup \| 2.700 \| 1.700 \[1.60, 1.80\] \| 2.200 \|/);
    assert.match(card, /\| BTS \|/);
    assert.ok(
      card.includes(
        `deno task run experiments/baselines.ts --name 'my run'\ndeno task export model ${id} soup --to hf --dtype f32 --license apache-2.0`,
      ),
    );
  });
});

Deno.test("a license without an identifier is stated by its name and link", async () => {
  await withTrainedRun(async (runs, id) => {
    const given = other("my-license-1.0", "https://example.org/license");
    const { out } = await exported(runs, "last", "seed", ...given, "--to", "gguf", "-o", join(runs, "seed.gguf"));
    const card = await Deno.readTextFile(`${out}.md`);
    assert.match(card, /^license: other\nlicense_name: my-license-1.0\nlicense_link: https:\/\/example.org\/license$/m);
    assert.match(card, /\| license \| my-license-1.0 \(https:\/\/example.org\/license\) \|/);
    assert.ok(card.includes(`deno task export model ${id} seed --to gguf --dtype f32 ${given.join(" ")}`));
    assert.deepEqual(await licenseOf(out), {
      id: "other",
      name: "my-license-1.0",
      link: "https://example.org/license",
    });
  });
});

Deno.test("the example in docs has the outline and the header that cards have", async () => {
  await withTrainedRun(async (runs) => {
    const { out } = await exported(runs, "last", "bts", "--license", "cc0-1.0", "-o", join(runs, "bts"));
    const outline = (path: string) => Deno.readTextFileSync(path).match(/^(## .+|[a-z_]+:)/gm);
    const [made, example] = [outline(join(out, "README.md")), outline("docs/model-card.md")];
    assert.deepEqual(example, made);
  });
});

Deno.test("models that were brought along give the card its base model and license", async () => {
  const source = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(source, "README.md"), "---\nlicense: mit\n---\n# A model\n");
    await withTrainedRun(async (runs) => {
      const card = async (name: string) => {
        const { out } = await exported(runs, "last", name, "-o", join(runs, name));
        return await Deno.readTextFile(join(out, "README.md"));
      };
      const seed = await card("seed");
      assert.match(seed, /^license: mit\n/m);
      const gguf = await exported(runs, "last", "seed", "--to", "gguf", "-o", join(runs, "seed.gguf"));
      assert.deepEqual(await licenseOf(gguf.out), { id: "mit" });
      assert.match(seed, /not trained here; how many tokens it was trained on is unknown\. License: mit\./);
      const soup = await card("soup");
      assert.match(soup, /^base_model: org\/model\nbase_model_relation: merge\n/m);
      assert.doesNotMatch(soup, /^license:/m, "the license of one of the models is not known");
    }, { pretrained: { seed: source, code: "org/model@0123456789012345678901234567890123456789" } });
  } finally {
    await Deno.remove(source, { recursive: true });
  }
});

Deno.test("what cannot be exported is refused in a sentence, and nothing is written", async () => {
  await withTrainedRun(async (runs, id) => {
    await Deno.mkdir(join(runs, "full"));
    await Deno.writeTextFile(join(runs, "full", "a.txt"), "");
    const out = join(runs, "out");
    const cases: [args: string[], code: string, words: RegExp][] = [
      [["last", "cod"], "model.unknown", /has no model "cod": it has seed, expert:code.*\ndid you mean code\?/],
      [["nowhere", "code"], "run.none", /There is no run "nowhere".*\ndeno task ls lists the runs/],
      [
        ["last", "btm"],
        "export.format",
        /mixes the probabilities.*\nthese models .*: seed, expert:code, expert:math, soup/,
      ],
      [["last", "calm"], "export.format", /neither transformers nor llama.cpp computes what CALM does\n/],
      [["last", "bam", "--to", "gguf"], "export.format", /computes what BAM does\n/],
      [["last", "bts", "--to", "gguf"], "export.format", /llama.cpp has no architecture .*\nchoose --to hf/],
      [["last", "soup", "--dtype", "q8_0"], "export.dtype", /it takes f32, bf16, f16\n.*--to gguf/],
      [["last", "soup", "-o", join(runs, "full")], "export.out", /it is not empty\n/],
      [["last", "soup", "-o", join(runs, "full", "a.txt")], "export.out", /it is a file\n/],
      [["last", "soup", "-o", join(runs, "full", "a.txt", "b")], "export.out", /full\/a.txt\/b": [^\n]*\n/],
      [["last", "soup", "-o", `${out}.gguf`], "export.out", /names a GGUF file\n/],
      [["last", "soup", "-o", ""], "export.out", /is empty\n/],
      [["last", "soup", "--to", "onnx"], "arguments", /Allowed choices are hf, gguf/],
      [
        ["last", "soup", "--license", "Apache 2"],
        "export.license",
        /^Unknown license "Apache 2": .*\ndid you mean apache-2.0\? https.* --license other --license-name/,
      ],
      [["last", "soup", "--license", "Apache License"], "export.license", /\ndid you mean apache-2.0\?/],
      [["last", "soup", "--license", "none of them"], "export.license", /\nhttps:/],
      [["last", "soup", "--license", "other"], "export.license", /without --license-name.*\ngive --license other/],
      [["last", "soup", "--license", "other", "--license-name", "a-1"], "export.license", /without --license-link/],
      [["last", "soup", ...other("My License", "LICENSE")], "export.license", /"My License" is no identifier/],
      [["last", "soup", ...other("mine", "/etc/x")], "export.license", /"\/etc\/x" is neither an address nor LICENSE/],
      [["last", "soup", "--license", "mit", "--license-link", "LICENSE"], "export.license", /besides --license mit/],
      [["last", "soup", "--license-name", "a"], "command.malformed", /--license-name alone.*\ngive --license other/],
    ];
    for (const [args, code, words] of cases) {
      const given = args.includes("-o") ? args : [...args, "-o", out];
      const error = await exported(runs, ...given).then(() => undefined, (error: unknown) => error);
      assert.ok(error instanceof UserError, `${args}: ${error}`);
      if (code !== "arguments") assert.equal(error.code, code, error.message);
      assert.match(`${error.message}\n${error.hint}`, words);
      await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
      await assert.rejects(Deno.stat(`${out}.gguf`), Deno.errors.NotFound);
    }
    assert.deepEqual(names(join(runs, "full")), ["a.txt"]);
    // A file beside the file is not overwritten.
    await Deno.writeTextFile(`${out}.gguf.md`, "mine");
    await assert.rejects(
      exported(runs, "last", "soup", "--to", "gguf", "-o", `${out}.gguf`),
      /its model card .* exists/,
    );
    assert.equal(await Deno.readTextFile(`${out}.gguf.md`), "mine");
    // A damaged part.
    using run = await openRun(id, { runs });
    const { cellKey } = run.view.cells.find(({ name }) => name === "expert:math")!;
    await Deno.truncate(join(runs, ".cells", cellKey, "model.safetensors"), 100);
    await assert.rejects(exported(runs, "last", "soup", "-o", out), { code: "run.damaged" });
  });
  await withTrainedRun(async (runs, id) => {
    await assert.rejects(exported(runs, "last", "seed", "-o", join(runs, "out")), {
      code: "run.unfinished",
      message: `Cannot export the seed of the run ${id}: the run is running, and only finished runs are exported`,
    });
    const other = await beginRun({
      ...{ runsFolder: runs, experiment: "instability", title: "", preset: "", seed: 1, device: "", command: [] },
      ...{ plan: [], config: {} },
    });
    other.finish({ domains: [], measures: [], methods: {} });
    await assert.rejects(exported(runs, other.id, "seed"), { code: "run.experiment" });
  }, { finished: false });
  await withTrainedRun(async (runs) => {
    const gguf = exported(runs, "last", "seed", "--to", "gguf", "-o", join(runs, "out"));
    await assert.rejects(gguf, { code: "gguf.unsupported", message: /slidingWindow 8/ });
    await assert.rejects(Deno.stat(join(runs, "out")), Deno.errors.NotFound);
  }, { model: { slidingWindow: 8 } });
});

Deno.test("a disk without room is refused with the bytes that are needed and free", () => {
  const output = { out: "models/soup", code: "export.out", what: "the soup" };
  assert.throws(() => checkRoom(output, 2.5e9, 1e9), {
    code: "export.out",
    message: 'Cannot write the soup to "models/soup": it takes about 2.5 GB, and the disk has 1.0 GB free',
  });
  checkRoom(output, 1e9, 1e9);
});

Deno.test("a value that a type cannot hold is refused, and nothing is left behind", async () => {
  await withTrainedRun(async (runs, id) => {
    using run = await openRun(id, { runs });
    const before = names(runs);
    assert.ok(run.view.status === "done");
    for (const to of ["hf", "gguf"]) {
      const args = ["last", "soup", "--to", to, "--dtype", "f16", "-o", join(runs, "out")];
      await assert.rejects(exported(runs, ...args), { code: to === "hf" ? "model.range" : "gguf.range" });
    }
    assert.deepEqual(names(runs), before);
  }, { model: {}, scale: 1e6 });
});

optionalTest("python-torch", "transformers loads exported models as their cards say, with our logits", async () => {
  await withTrainedRun(async (runs) => {
    const programs: string[] = [];
    const measured: tf.Tensor3D[] = [];
    for (const name of ["soup", "bts", "btx-top2", "self-stitch"]) {
      const { ids, logits } = await logitsOf(runs, name);
      measured.push(logits);
      const { out } = await exported(runs, "last", name, "-o", join(runs, name));
      const [, program = ""] = /^```python\n(.*?)\n```$/ms.exec(await Deno.readTextFile(join(out, "README.md")))!;
      assert.match(program, /^folder = /m);
      programs.push(`
${program.replace(/^folder = .*$/m, `folder = ${JSON.stringify(out)}`)}
assert tokenizer(tokenizer.bos_token + ${JSON.stringify(TEXT)}).input_ids == ${JSON.stringify(ids)}
with torch.no_grad(): logits.append(model(torch.tensor([${JSON.stringify(ids)}])).logits.flatten().tolist())`);
    }
    const script = ["import json, torch\nlogits = []", ...programs, "print(json.dumps(logits))"].join("\n");
    const found: number[][] = JSON.parse(python(["-c", script]).trim().split("\n").at(-1)!);
    for (const [i, logits] of measured.entries()) {
      const largest = tf.tidy(() => tf.max(tf.abs(logits)).dataSync()[0]!);
      const theirs = tf.tensor3d(found[i]!, logits.shape);
      assert.ok(difference(theirs, logits) < 1e-4 * largest);
      tf.dispose([theirs, logits]);
    }
  }, {
    more: async (run, models) => {
      await addMixture(run, models);
      await addSelfStitch(run, models);
    },
  });
});

optionalTest("python-llama-cpp", "llama.cpp loads exported models and agrees on the next token", async () => {
  await withTrainedRun(async (runs) => {
    const files: Record<string, string> = {};
    const ours: Record<string, ArrayLike<number>> = {};
    let ids: readonly number[] = [];
    for (const [model, dtype] of [["soup", "f32"], ["soup", "q8_0"], ["btx-top2", "f32"]] as const) {
      const name = `${model} ${dtype}`;
      const out = files[name] = join(runs, `${name}.gguf`);
      await exported(runs, "last", model, "--to", "gguf", "--dtype", dtype, "-o", out);
      const { logits, ...measured } = await logitsOf(runs, model);
      ids = measured.ids;
      ours[name] = tf.tidy(() => tf.logSoftmax(logits).dataSync<"float32">().slice(-CONFIG.vocabSize));
      logits.dispose();
    }
    const answers = await askLlamaCpp({ files, ids, text: TEXT, letter: ids.at(-2)! }, runs);
    for (const [answer, { tokens, next }] of Object.entries(answers)) {
      assert.equal(tokens, ids.length, answer);
      const name = answer.slice(0, answer.lastIndexOf(" "));
      const apart = Math.max(...next.map(({ id, logprob }) => Math.abs(logprob - ours[name]![id]!)));
      assert.ok(apart < (name.endsWith("f32") ? 1e-4 : 0.3), `${answer}: log-probabilities differ by ${apart}`);
    }
  }, { more: addMixture });
});
