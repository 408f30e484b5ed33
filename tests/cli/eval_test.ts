// `deno task eval`: a checkpoint's scores, where they go, and what is refused before a model is opened.
import assert from "node:assert/strict";
import { join } from "node:path";
import { evalCommand } from "../../lib/cli/eval.ts";
import { trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { CHOICE, withTask } from "../harness/fakes.ts";
import { bigWeights, TINY } from "../tiny.ts";

const DATA = ["first", "second", "third"].map((question, i) => JSON.stringify({ question, right: i % 2 })).join("\n");

Deno.test("`deno task eval` prints and keeps a checkpoint's scores, resumes, and refuses what does not fit", () =>
  withTask('doc_to_text: "{{question}}"', DATA, async (task) => {
    const folder = join(task, "..");
    const model = join(folder, "tiny");
    const config = { ...TINY, vocabSize: 257, contextLength: 64 };
    await saveModelFolder(model, {
      config,
      tensors: bigWeights(config, 1),
      tokenizer: trainTokenizer([], { vocabSize: 257 }),
    });
    const out = join(folder, "answers");
    const run = async (...args: string[]) => {
      let text = "";
      await evalCommand([model, "--tasks", task, "--out", out, ...args], (piece) => text += `${piece}\n`);
      return text;
    };
    const { source, results: { [model]: found } } = JSON.parse(await run("--json"));
    assert.equal(source, model);
    assert.ok([0, 1, 2, 3].some((count) => Math.abs(found.mine["acc,none"] - count / 3) < 1e-12));
    assert.equal(found.mine.sample_len, 3);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(join(out, "results.json"))), found);
    const answers = await Deno.readTextFile(join(out, "mine.jsonl"));
    assert.match(await run(), /mine +Yaml +none +0 +acc +↑ +[01]\.\d{4}[^]*Answers: .*answers\n$/);
    assert.equal(await Deno.readTextFile(join(out, "mine.jsonl")), answers);

    const wrong: readonly (readonly [args: string[], code: string, message: RegExp])[] = [
      [["--limit", "0"], "command.number", /--limit is "0": expected a whole number from 1, or a share/],
      [["--batch", "0"], "command.malformed", /--batch 0: expected a whole number from 1/],
      [["--fewshot", "-1"], "command.malformed", /--fewshot -1/],
      [["--bos", "maybe"], "command.invalid-argument", /maybe/],
      [["--tasks", join(folder, "none.yaml")], "harness.missing", /none\.yaml: it does not exist/],
      [["--model", "bts"], "model.unknown", /is one model, not a run/],
      [["--bos", "always"], "evaluation.conditions", /made differently: bos "tokenizer", now "always"/],
    ];
    for (const [args, code, message] of wrong) {
      await assert.rejects(
        run(...args),
        (error) =>
          error instanceof UserError && message.test(error.message) && error.code === code ||
          assert.fail(`${error} ${(error as UserError).code}`),
        args.join(" "),
      );
    }
    await assert.rejects(
      evalCommand(["no-such-run", "--tasks", task, "--runs", folder], () => {}),
      (error) => error instanceof UserError && error.code === "run.none",
    );
    assert.equal(await Deno.readTextFile(join(out, "mine.jsonl")), answers);
  }, `${CHOICE}\n`));
