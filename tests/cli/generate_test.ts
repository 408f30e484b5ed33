// `deno task generate`: texts of a tiny model in a folder, and what is refused before a model is opened.
import assert from "node:assert/strict";
import { join } from "node:path";
import { generateCommand } from "../../lib/cli/generate.ts";
import { trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { withFolder } from "../run/fixtures.ts";
import { bigWeights, TINY } from "../tiny.ts";

const TEMPLATE =
  "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[a]{% endif %}";

/** Runs the command, and returns what it wrote and noted. */
async function run(...args: string[]): Promise<{ written: string; noted: string }> {
  let [written, noted] = ["", ""];
  await generateCommand(args, {
    print: (text) => void (written += `${text}\n`),
    write: (text) => void (written += text),
    note: (text) => void (noted += text),
    isTerminal: false,
    colored: false,
  });
  return { written, noted };
}

async function saveTiny(folder: string): Promise<string> {
  const config = { ...TINY, vocabSize: 266, contextLength: 64 };
  const tokenizer = trainTokenizer(["the cat sat on the mat ".repeat(20)], { vocabSize: 266 });
  const model = join(folder, "tiny");
  await saveModelFolder(model, { config, tensors: bigWeights(config, 1), tokenizer, chatTemplate: TEMPLATE });
  return model;
}

Deno.test("`deno task generate` writes the text that --json tells token by token, several texts, and constrained ones", () =>
  withFolder(async (folder) => {
    const model = await saveTiny(folder);
    const args = [model, "the cat", "--max-tokens", "6", "--device", "cpu"];
    const { written, noted } = await run(...args, "--stats");
    const { written: json } = await run(...args, "--json", "--logprobs", "2");
    const { texts: [told], promptTokens } = JSON.parse(json);
    assert.equal(written.trimEnd(), told.text.trimEnd());
    assert.ok(told.tokens.length <= 6 && told.tokens.length > 0);
    for (const { id, logprob, top } of told.tokens) {
      assert.equal(top.length, 2);
      assert.deepEqual([top[0].id, top[0].logprob], [id, logprob]); // greedy, as nothing else is asked for
    }
    assert.match(noted, new RegExp(`^\\d+ tokens? .*the first after \\d+ ms \\(prompt of ${promptTokens} tokens\\)$`));

    const drawn = ["--temperature", "1.5", "--seed", "7"];
    const two = (await run(...args, ...drawn, "--count", "2")).written;
    assert.match(two, /^--- 1 ---\n[^]*\n--- 2 ---\n/);
    const again = (await run(...args, "--temperature", "1.5", "--seed", "8")).written;
    assert.equal(two.split("--- 2 ---\n")[1]!.trimEnd(), again.trimEnd()); // text i has the seed of the first plus i

    const matched = (await run(...args, "--regex", "(ab|cd){1,2}")).written;
    assert.match(matched.trimEnd(), /^(ab|cd){1,2}$/);
    const schema = join(folder, "schema.json");
    await Deno.writeTextFile(schema, JSON.stringify({ enum: ["x", 3] }));
    assert.ok(["x", 3].includes(JSON.parse((await run(...args, "--schema", schema)).written)));

    const spoken = JSON.parse((await run(...args, "--system", "be", "--json")).written);
    const plain = JSON.parse((await run(model, "[system]be[user]the cat[a]", "--device", "cpu", "--json")).written);
    assert.ok([0, 1].includes(plain.promptTokens - spoken.promptTokens)); // only a plain text is opened
  }));

Deno.test("`deno task generate` refuses what it cannot read before a model is opened", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(join(folder, "bytes"), new Uint8Array([255]));
    await Deno.writeTextFile(join(folder, "no.json"), "{");
    const wrong: readonly (readonly [args: string[], code: string, message: RegExp])[] = [
      [["a", ""], "generate.prompt", /empty/],
      [["a", "x", "--file", "y"], "generate.prompt", /two prompts/],
      [["a", "--file", join(folder, "none")], "generate.prompt", /none: /],
      [["a", "--file", join(folder, "bytes")], "generate.prompt", /not UTF-8/],
      [["a", "x", "--max-tokens", "0"], "command.malformed", /--max-tokens 0/],
      [["a", "x", "--temperature", "hot"], "command.malformed", /--temperature hot: expected a number/],
      [["a", "x", "--top-p", "2"], "generate.sampling", /--top-p cannot be 2/],
      [["a", "x", "--skip", "2"], "generate.skip", /--skip cannot be 2: expected a gate from 0 to 1/],
      [["a", "x", "--skip", "0.2", "--skip-above", "0.1"], "generate.skip", /--skip-above cannot be 0\.1/],
      [["a", "x", "--skip", "0.2", "--skip-every", "0.5"], "generate.skip", /--skip-every cannot be 0\.5/],
      [["a", "x", "--skip-every", "4"], "generate.skip", /--skip-every has no effect without --skip/],
      [["a", "x", "--skip", "low"], "command.malformed", /--skip low: expected a number/],
      [["a", "x", "--weights", "q3"], "command.invalid-argument", /q3/],
      [["a", "x", "--schema", join(folder, "no.json")], "generate.constraint", /no\.json is not JSON/],
      [["a", "x", "--schema", "s", "--regex", "r"], "generate.constraint", /one constraint/],
      [["no-such-run", "x", "--runs", folder], "run.none", /There is no run in/],
    ];
    for (const [args, code, message] of wrong) {
      await assert.rejects(
        run(...args),
        (error) => error instanceof UserError && error.code === code && message.test(error.message),
        args.join(" "),
      );
    }
    const model = await saveTiny(folder);
    const tooLong = run(model, "the cat ".repeat(400), "--device", "cpu");
    await assert.rejects(tooLong, (error) => error instanceof UserError && error.code === "generate.length");
    await assert.rejects(run(model, "x", "--regex", "a(?=b)", "--device", "cpu"), UserError);
    const gates = run(model, "x", "--gates", "--device", "cpu");
    await assert.rejects(gates, (error) => error instanceof UserError && error.code === "generate.gates");
    const skip = run(model, "x", "--skip", "0.1", "--device", "cpu");
    await assert.rejects(skip, (error) => error instanceof UserError && error.code === "generate.skip");
  }));
