// `deno task eval:code`: what it refuses before a model is opened.
import assert from "node:assert/strict";
import { join } from "node:path";
import { evalCodeCommand } from "../../lib/cli/eval-code.ts";
import { UserError } from "../../lib/errors.ts";

Deno.test("`deno task eval:code` names what is wrong with its options and files", async () => {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "problems.jsonl");
  await Deno.writeTextFile(file, '{"id": "a"}\n');
  const wrong: readonly (readonly [args: string[], code: string, message: RegExp])[] = [
    [["--samples", "0"], "command.malformed", /--samples/],
    [["--samples", "4", "--k", "5"], "command.malformed", /--k/],
    [["--temperature", "warm"], "command.malformed", /--temperature warm: expected a number from 0 to 100/],
    [["--temperature", ""], "command.malformed", /--temperature/],
    [["--top-p", "1.5"], "command.malformed", /--top-p 1\.5: expected a number from 0 to 1/],
    [["--level", "simple"], "command.malformed", /--level simple: expected easy, medium, hard/],
    [["--problems", join(folder, "none.jsonl")], "code.file", /it does not exist/],
    [["--problems", file], "code.problem", /problems\.jsonl, line 1: level/],
  ];
  try {
    for (const [args, code, message] of wrong) {
      await assert.rejects(
        evalCodeCommand(["no-such-run", "--runs", folder, ...args], () => {}),
        (error) => error instanceof UserError && error.code === code && message.test(error.message),
        args.join(" "),
      );
    }
    const none = evalCodeCommand(["no-such-run", "--runs", folder], () => {});
    await assert.rejects(none, (error) => error instanceof UserError && error.code === "run.none");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
