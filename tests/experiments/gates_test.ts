// `deno task gates` on a run of the main job.
import assert from "node:assert/strict";
import { join } from "node:path";
import { gatesCommand } from "../../experiments/bts/gates-command.ts";
import { UserError } from "../../lib/errors.ts";
import type { GateTrace } from "../../lib/report/mod.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";

async function gates(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await gatesCommand(args, (text) => lines.push(text));
  return lines.join("\n");
}

Deno.test("`deno task gates` traces texts, held-out tasks and what the model writes", async (t) => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-gates-" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "experiments/bts.ts", "--preset", "smoke", "--no-serve", "--runs", runs],
      cwd: repositoryRoot,
      stdin: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));

    await t.step("two texts and a continuation are three parts that cover all tokens", async () => {
      const args = ["--runs", runs, "--text", "let é = 3;", "--text", "3 + 4 =", "--generate", "4", "--json"];
      const trace = JSON.parse(await gates("last", ...args)) as GateTrace;
      assert.equal(trace.tokens.map(({ text }) => text).slice(1).join("").slice(0, 17), "let é = 3;3 + 4 =");
      assert.deepEqual(trace.segments.map(({ label }) => label), ["text 1", "text 2", "generated"]);
      assert.equal(trace.segments[0]!.start, 0);
      assert.deepEqual(trace.segments.map(({ end }) => end), [
        trace.segments[1]!.start,
        trace.segments[2]!.start,
        trace.tokens.length,
      ]);
      assert.deepEqual(trace.stitches.map(({ kind, models }) => [kind, ...models]), [
        ["H2E", "code", "math", "multilingual"],
        ["E2H", "seed", "code", "math", "multilingual"],
      ]);
      for (const { gates, summaries } of trace.stitches) {
        assert.equal(gates.length, trace.tokens.length);
        assert.equal(summaries.length, 3);
      }
    });

    await t.step("without a text it takes three held-out tasks and writes a page", async () => {
      const page = join(runs, "gates.html");
      const text = await gates("--runs", runs, "--out", page);
      for (const word of ["code", "math", "translation", "entropy", "wins", page]) assert.ok(text.includes(word), word);
      assert.match(await Deno.readTextFile(page), /Which model the stitches listen to/);
    });

    await t.step("mistakes are named", async () => {
      const cases: readonly (readonly [string[], RegExp])[] = [
        [["--text", ""], /text is empty/],
        [["--file", join(runs, "none.txt")], /Cannot read .*none.txt/],
        [["--text", "a", "--generate", "100"], /2 tokens, and 100 are to be written, but the model takes 64/],
        [["--generate", "-1", "--text", "a"], /--generate -1/],
        [["nosuchrun"], /no run "nosuchrun"/],
      ];
      for (const [args, message] of cases) {
        await assert.rejects(
          gates(...args, "--runs", runs),
          (error) => error instanceof UserError && message.test(error.message),
          args.join(" "),
        );
      }
    });
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});
