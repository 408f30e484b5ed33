// The library on a run of the main job: every model, what it writes and scores, what it frees, and mistakes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { inferenceModels, lab, listRuns, openForInference, openRun, UserError } from "@stitchbook/stitchbook";
import { btsConfigSchema } from "../../lib/bts/mod.ts";
import { chatSession } from "../../lib/cli/chat-session.ts";
import { generateCommand } from "../../lib/cli/generate.ts";
import { initCommand } from "../../lib/cli/init.ts";
import { identityOf } from "../../lib/library/mod.ts";
import { methodColors } from "../../lib/methods.ts";
import { DISPLAY } from "../../lib/notebook/mod.ts";
import { type LanguageModel, tokenLosses } from "../../lib/model/mod.ts";
import { beginRun, repositoryRoot, trashRuns } from "../../lib/run/mod.ts";
import { encodeLine } from "../../lib/run/log/log-line.ts";
import { openDevice, openedDevice } from "../../lib/tensor/mod.ts";
import { emptyResults, options } from "../run/fixtures.ts";
import { assertClose } from "../tiny.ts";
import { assertMeasured } from "./measured.ts";

const MODELS = ["seed", "expert:code", "expert:math", "expert:multilingual", "soup", "btm", "bts"];

/** The number of tensors; `tf.memory()` needs an open device. */
const tensors = () => tf.engine().state.numTensors;

async function refused(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("a run of the main job as a library sees it", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook library's " });
  const runs = join(folder, "runs");
  const task = async (...args: string[]): Promise<string> => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", ...args],
      cwd: folder,
      env: { NO_COLOR: "1", STITCHBOOK_RUNS: "" },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.ok(success, text(stderr));
    return text(stdout);
  };
  try {
    // A folder of its own, as a user has it: its tasks start runs, and its scripts import the package by name.
    await initCommand([folder], () => {});
    const little = ["--set", "eval.tokens=512", "--set", "eval.items=2"];
    await task("bts", "--preset", "smoke", "--no-serve", "--name", "first", ...little);
    const [{ id } = { id: "" }] = await listRuns({ runs });

    await t.step("every model is the one that the run measured, and frees all tensors and the device", async () => {
      const before = tensors();
      {
        using run = await openRun("last", { runs, device: "cpu" });
        assert.deepEqual(await run.models(), MODELS);
        await assertMeasured(run);
        assert.equal(tensors(), before);
        await Promise.all([run.model("code"), run.model("bts")]);
        assert.ok(tensors() > before);
        assert.equal(openedDevice()?.name, "cpu");
      }
      assert.equal(tensors(), before, "the run disposes of its models");
      await Promise.resolve();
      assert.equal(openedDevice(), undefined);
    });

    await t.step("the identity of a model does not depend on what is measured later", async () => {
      const identities = () =>
        Promise.all(
          ["seed", "code", "soup", "bts"].map((name) => identityOf({ source: id, name: fullName(name) }, place)),
        );
      const place = { runsFolder: runs, id };
      const fullName = (name: string) => name === "code" ? "expert:code" : name;
      const all = await identities();
      assert.equal(new Set(all).size, 4);
      const log = join(runs, id, "events.jsonl");
      const whole = await Deno.readTextFile(log);
      try {
        const [before] = whole.split(/^.*"kind":"cell\.start","cell":"evaluate"/m);
        assert.ok(before !== whole);
        await Deno.writeTextFile(log, before!);
        assert.deepEqual(await identities(), all);
      } finally {
        await Deno.writeTextFile(log, whole);
      }
    });

    await t.step("it is found by id, the start of one, name, path and URL, and tells what the log says", async () => {
      const places = [
        id,
        id.slice(0, -1),
        "first",
        join(runs, id),
        `${join(runs, id)}/`,
        pathToFileURL(join(runs, id)),
      ];
      for (const place of places) {
        using run = await openRun(place, { runs });
        assert.equal(run.id, id, String(place));
      }
      using run = await openRun(pathToFileURL(join(runs, id)).href);
      assert.deepEqual(Object.keys(run.results!.methods), MODELS);
      assert.equal((run.config as { hub: string }).hub, "seed");
      assert.ok(run.metrics("seed").some(({ values }) => values["loss"]! > 0));
      assert.throws(() => run.metrics("sed"), { code: "cell.unknown", hint: "did you mean seed?" });
    });

    await t.step("it continues a prompt with the most likely tokens, within the context", async () => {
      using run = await openRun(id, { runs });
      for (const name of ["seed", "btm", "bts"]) {
        using model = await run.model(name);
        const prompt = "What is 3 plus 4?";
        const written = await model.generate(prompt, { maxTokens: 6 });
        const tokens = model.tokenize(prompt);
        const expected: number[] = [];
        while (expected.length < 6) {
          const next = tf.tidy(() => {
            const ids = [model.tokenizer.endOfText, ...tokens, ...expected];
            return model.logits(tf.tensor2d([ids], undefined, "int32")).slice([0, ids.length - 1]).flatten().argMax()
              .dataSync()[0]!;
          });
          if (next === model.tokenizer.endOfText) break;
          expected.push(next);
        }
        assert.equal(written, model.decode(expected), name);
        const all = await model.generate(prompt, { maxTokens: 10_000 });
        assert.ok(model.tokenize(all).length + tokens.length < model.contextLength, "it ends where the context ends");
        await refused(model.generate("x ".repeat(200)), "generate.length", /but the model takes 64 at once/);
        await refused(model.generate("x", { maxTokens: 0 }), "generate.tokens", /must be a positive integer, not 0/);
        const stopped = AbortSignal.abort(new Error("enough"));
        await assert.rejects(model.generate(prompt, { signal: stopped }), /enough/);
      }
    });

    await t.step("its models open for generating many texts at a time", async () => {
      const listed = (await inferenceModels("first", { runs }))!;
      assert.deepEqual([...listed.keys()], MODELS);
      for (const [name, { gates, contextLength }] of listed) {
        assert.deepEqual([gates, contextLength], [name === "bts" || name === "btm", 64], name);
      }
      await refused(openForInference(id, "seeed", { runs }), "model.unknown", /has no model "seeed"/);
      await using opened = await openForInference(id, undefined, { runs, device: "cpu" });
      const { name, engine, tokenizer, opening } = opened;
      assert.equal(name, "bts");
      const prompts = ["What is 3 plus 4?", "Once"].map((text) => [...opening, ...tokenizer.encode(text)]);
      const texts = await Promise.all(prompts.map(async (prompt) => {
        let text = "";
        for await (const token of engine.generate({ prompt, maxTokens: 6, sampling: { temperature: 0 } })) {
          text += token.text;
        }
        return text;
      }));
      using run = await openRun(id, { runs });
      using model = await run.model("bts");
      const alone = await model.generate("What is 3 plus 4?", { maxTokens: 6 });
      assert.ok(alone.startsWith(texts[0]!), `${alone} and ${texts[0]}`);
    });

    await t.step("the gates of its models are told by name and in the colors of the figures", async () => {
      const weighed = MODELS.slice(0, 4);
      const colors = methodColors(weighed);
      for (const name of ["bts", "btm"]) {
        await using opened = await openForInference(id, name, { runs, device: "cpu" });
        assert.deepEqual(opened.gates!.models, weighed.map((name) => ({ name, color: colors.get(name) })));
        assert.deepEqual(opened.gates!.places, opened.model.gates);
        assert.deepEqual(opened.gates!.switchable, opened.model.switchable);
        assert.deepEqual(opened.gates!.places.at(-1)!.models, [0, 1, 2, 3]);
        if (name === "btm") continue;
        let [written, said] = ["", ""];
        await using talk = chatSession(opened, {
          system: undefined,
          sampling: {},
          maxTokens: 3,
          gates: { colored: false },
        }, {
          open: (name) => openForInference(id, name, { runs, device: "cpu" }),
          save: () => Promise.resolve(),
          write: (text) => void (written += text),
          say: (text) => void (said += `${text}\n`),
        });
        await talk.take("What is 3 plus 4?");
        assert.ok(written.length > 0);
        assert.match(
          said,
          /^■ Seed \d+ % {2}■ code expert \d+ % {2}■ math expert \d+ % {2}■ multilingual expert \d+ %\n\[/,
        );
        await talk.take("/model seed");
        assert.match(said, /seed answers from now on, without colors/);
        await talk.take("And 4 plus 4?");
        assert.equal(said.match(/■ Seed/g)!.length, 1);
      }
      let [printed, noted] = ["", ""];
      const output = {
        print: (text: string) => void (printed += text),
        write: (text: string) => void (printed += text),
        note: (text: string) => void (noted += text),
        isTerminal: false,
        colored: true,
      };
      const args = [id, "What is 3 plus 4?", "--runs", runs, "--device", "cpu", "--max-tokens", "4", "--gates"];
      await generateCommand(args, output);
      assert.match(printed.replaceAll("\x1b", "␛"), /^(␛\[38;[\d;]+m[^␛]*␛\[39m)+\n?$/);
      assert.match(noted.replaceAll("\x1b", "␛"), /■␛\[39m code expert \d+ %/);
      printed = "";
      await generateCommand([...args, "--json"], output);
      const { gates, texts: [{ tokens }] } = JSON.parse(printed);
      assert.deepEqual(gates.models.map(({ name }: { name: string }) => name), weighed);
      assert.ok(tokens.length > 0);
      for (const token of tokens) assert.equal(token.gates.length, gates.places.length);
      const plain = generateCommand([...args, "--model", "code"], output);
      await refused(plain, "generate.gates", /^expert:code weighs no other models/);
    });

    await t.step("the example in the folder writes what the model writes here", async () => {
      using run = await openRun(id, { runs });
      using model = await run.model("bts");
      assert.equal(await task("example", "What is 5 minus 2?"), `${await model.generate("What is 5 minus 2?")}\n`);
    });

    await t.step("a script there imports the lab by its short name, and finds the run", async () => {
      const script = 'import { lab } from "stitchbook";\nconsole.log((await lab.attach("first")).id);\n';
      await Deno.writeTextFile(join(folder, "by-name.ts"), script);
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "by-name.ts"],
        cwd: folder,
        env: { NO_COLOR: "1", STITCHBOOK_RUNS: "" },
      }).output();
      assert.equal(new TextDecoder().decode(stdout), `${id}\n`, new TextDecoder().decode(stderr));
    });

    await t.step("a notebook's handle uses its models and shows them", async () => {
      const before = tensors();
      {
        using run = await lab.attach("first", { runs });
        assert.deepEqual(await run.models(), MODELS);
        using model = await run.model("bts");
        const shown = await model[DISPLAY]();
        assert.match(shown["text/plain"]!, /Model bts of .*\n[^]*parameters in memory +[\d.]+[kM] \([\d.]+ [kM]B\)/);
        const prompt = "What is 3 plus 4?";
        assert.equal(await run.generate(prompt, { maxTokens: 6 }), await model.generate(prompt, { maxTokens: 6 }));
        assert.equal(await run.generate(prompt, { maxTokens: 6, model: "seed" }).then((text) => typeof text), "string");
        await refused(
          run.model("sead"),
          "model.unknown",
          /has no model "sead": it has seed, .*\(did you mean seed\?\)$/,
        );
        await refused(
          run.gates(prompt, { model: "seed" }),
          "notebook.gates",
          /of this run's models, btm, bts have some/,
        );
        for (const name of ["bts", "btm"]) {
          const found = await run.gates(prompt, { model: name, generate: 3 });
          const { tokens, gates: { places, models } } = found;
          assert.equal(
            tokens.filter(({ generated }) => !generated).map(({ text }) => text).join(""),
            `<|endoftext|>${prompt}`,
          );
          assert.ok(tokens.filter(({ generated }) => generated).length <= 3);
          assert.equal(tokens[0]!.gates, null);
          for (const { gates } of tokens.slice(1)) {
            for (const [at, place] of places.entries()) {
              assert.equal(gates![at]!.length, place.models.length);
              const sum = gates![at]!.reduce((total, gate) => total + gate, 0);
              if (place.shares) assert.ok(Math.abs(sum - 1) < 1e-3, `${name}: ${sum}`);
            }
          }
          const { "text/html": html } = await found[DISPLAY]();
          for (const { color } of models) assert.ok(html!.includes(color));
        }
        const plain = await run.gates(prompt);
        assert.equal(plain.model, "bts");
        assert.ok(plain.tokens.every(({ generated }) => !generated));
      }
      assert.equal(tensors(), before, "nothing is left on the device");
    });

    await t.step("the tour of docs/library.md runs", async () => {
      const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "-A", "--no-check", "--doc", "docs/library.md"],
        cwd: repositoryRoot,
        env: { NO_COLOR: "1", STITCHBOOK_RUNS: runs },
        stdin: "null",
      }).output();
      const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
      assert.equal(code, 0, `${signal ?? ""}\n${text}\n${errors}`);
      for (const name of MODELS) assert.match(text, new RegExp(`^${name} +\\d\\.\\d{3} \\d+$`, "m"));
      assert.match(text, /nats per token on /);
      using written = await openRun(text.match(/^Wrote (\S+)$/m)![1]!, { runs });
      assert.deepEqual([written.view.status, Object.keys(written.results!.methods)], ["done", ["seed", "bts"]]);
    });

    await t.step("it has the shortcuts of its kind of model, with the same losses", async () => {
      using run = await openRun(id, { runs });
      using model = await run.model("seed");
      tf.tidy(() => {
        const ids = tf.tensor2d([[0, 5, 9]], undefined, "int32");
        const targets = tf.tensor2d([[5, 9, -1]], undefined, "int32");
        const plain = { ...model, losses: undefined, predictions: undefined } as unknown as LanguageModel;
        assertClose(model.losses!(ids, targets), tokenLosses(plain, ids, targets), 1e-4);
        assertClose(model.predictions!(ids, targets).losses, tokenLosses(plain, ids, targets), 1e-4);
      });
    });

    await t.step("it scores a text as its logits do", async () => {
      using run = await openRun(id, { runs });
      using model = await run.model("soup");
      const text = "let é = 3;";
      const { bitsPerByte, logLikelihood, tokens, bytes } = await model.score(text);
      const ids = model.tokenize(text);
      const expected = tf.tidy(() => {
        const logits = model.logits(text);
        assert.deepEqual(logits.shape, [1, ids.length + 1, model.vocabSize]);
        const log = tf.logSoftmax(logits.squeeze([0]) as tf.Tensor2D).arraySync() as number[][];
        return ids.reduce((sum, id, i) => sum + log[i]![id]!, 0);
      });
      assert.ok(Math.abs(logLikelihood - expected) < 1e-3, `${logLikelihood} ${expected}`);
      assert.deepEqual([tokens, bytes], [ids.length, 11]);
      assert.ok(Math.abs(bitsPerByte + expected / (Math.LN2 * 11)) < 1e-4);
      const long = await model.score("To be or not to be. ".repeat(40));
      assert.equal(long.bytes, 800);
      assert.ok(long.tokens > model.contextLength && long.logLikelihood < 0);
      await refused(model.score(""), "score.text", /empty text/);
    });

    await t.step("what was disposed of cannot be used, and the caller's own device stays open", async () => {
      await using device = await openDevice("reference");
      const before = tensors();
      const run = await openRun(id, { runs });
      const model = await run.model("seed");
      model[Symbol.dispose]();
      model[Symbol.dispose]();
      assert.equal(tensors(), before);
      assert.throws(() => model.logits("a"), { code: "model.disposed" });
      await refused(model.score("a"), "model.disposed", /The model seed was used after/);
      run[Symbol.dispose]();
      await refused(run.model("seed"), "run.disposed", /was used after/);
      using other = await openRun(id, { runs, device: "cpu" });
      await refused(other.model("seed"), "device.other", /Cannot open the device cpu: .* computes on reference/);
      await Promise.resolve();
      assert.equal(openedDevice(), device);
    });

    await t.step("runs share the device until the last of them is disposed of", async () => {
      using second = await openRun(id, { runs });
      {
        using first = await openRun(id, { runs, device: "cpu" });
        await Promise.all([first.model("seed"), second.model("seed")]);
      }
      using model = await second.model("code");
      assert.ok((await model.score("let x = 1;")).bytes === 10);
      assert.equal(openedDevice()?.name, "cpu");
    });

    await t.step("mistakes are named in one sentence", async () => {
      await refused(openRun("nosuchrun", { runs }), "run.none", /There is no run "nosuchrun"/);
      await refused(openRun("last", { runs: join(runs, "none") }), "run.none", /There is no run in .*none$/);
      await refused(openRun("https://example.org/runs/1"), "run.url", /runs are folders on this machine/);
      using run = await openRun(id, { runs });
      await assert.rejects(run.model("sead"), {
        code: "model.unknown",
        message: `The run ${id} has no model "sead": it has ${MODELS.join(", ")}`,
        hint: "did you mean seed?",
      });
      const { cellKey } = run.view.cells.find(({ name }) => name === "expert:math")!;
      await Deno.truncate(join(runs, ".cells", cellKey, "model.safetensors"), 100);
      await refused(run.model("math"), "run.damaged", /cannot use its cell expert:math: /);
      await refused(run.model("soup"), "run.damaged", /cannot use its cell expert:math: /);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("runs that are unfinished, of another kind, damaged, newer or removed say so", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-library-" });
  try {
    const config = btsConfigSchema.parse({});
    const begun = await beginRun(options(runs, { config }));
    {
      using run = await openRun(begun.id, { runs });
      assert.equal(run.results, null);
      assert.deepEqual(await run.models(), MODELS);
      await refused(run.model("bts"), "run.unfinished", /\(running\) did not finish its cell seed|has no cell seed/);
    }
    await Promise.resolve();
    assert.equal(openedDevice(), undefined, "no device is left open");
    begun.finish(emptyResults);

    const other = await beginRun(options(runs, { experiment: "instability" }));
    other.finish(emptyResults);
    using instability = await openRun(other.id, { runs });
    assert.deepEqual(instability.results, emptyResults);
    await refused(instability.model("bts"), "run.experiment", /which does not branch experts from a seed/);

    const log = join(runs, begun.id, "events.jsonl");
    const [first = ""] = (await Deno.readTextFile(log)).split("\n");
    const { crc: _, ...start } = JSON.parse(first);
    await Deno.writeFile(log, encodeLine({ ...start, schemaVersion: 99 }));
    await refused(
      openRun(begun.id, { runs }),
      "run.damaged",
      /its format version is 99; this version .* reads .* up to/,
    );
    await Deno.writeTextFile(log, "nonsense\n");
    await refused(openRun(begun.id, { runs }), "run.damaged", /Cannot open the run .*: .*line 1/);

    await trashRuns(runs, [begun.id]);
    await refused(openRun(begun.id, { runs }), "run.removed", /is in the trash/);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});
