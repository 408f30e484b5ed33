// `deno task serve`: what it may do, what it refuses, and what it says about models.
import assert from "node:assert/strict";
import { serveCommand } from "../../lib/cli/serve.ts";
import { modelsText } from "../../lib/cli/serve-models.ts";
import { UserError } from "../../lib/errors.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";

Deno.test("without models, the server may neither run programs nor listen beyond loopback", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-qP=serve", "--no-check", "tests/cli/serve-permissions.ts"],
    cwd: repositoryRoot,
    stdin: "null",
    stderr: "inherit",
  }).output();
  const states = JSON.parse(new TextDecoder().decode(stdout));
  assert.equal(states.loopback, "granted");
  for (const name of ["run", "all", "write"]) assert.notEqual(states[name], "granted", name);
});

Deno.test("models on other addresses or under other names need a key, and pages of runs stay on loopback", async () => {
  const given = Deno.env.get("STITCHBOOK_API_KEY");
  Deno.env.delete("STITCHBOOK_API_KEY");
  try {
    for (
      const [code, ...args] of [
        ["serve.key", "--models", "x", "--hostname", "0.0.0.0"],
        ["serve.key", "--models", "x", "--hostname", "::"],
        ["serve.key", "--models", "x", "--allow-host", "lab.example.org"],
        ["serve.key", "--models", "x", "--api-key", "two words"],
        ["serve.models", "--hostname", "0.0.0.0"],
        ["serve.models", "--api-key", "x"],
        ["command.malformed", "--models", "x", "--batch", "0"],
        ["command.invalid-argument", "--models", "x", "--device", "tpu"],
        ["command.option-missing-argument", "--models"],
      ] as const
    ) {
      await assert.rejects(serveCommand(args), (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.code, code, args.join(" "));
        return true;
      });
    }
  } finally {
    if (given !== undefined) Deno.env.set("STITCHBOOK_API_KEY", given);
  }
});

Deno.test("`modelsText()` names the models, and gives a command to try that does not show the key", () => {
  const names = Array.from({ length: 14 }, (_, i) => `run/model-${i}`);
  const text = modelsText("http://127.0.0.1:8420/", names, "secret");
  assert.match(text, /^Serving 14 models at http:\/\/127\.0\.0\.1:8420\/v1:\n {2}run\/model-0\n/);
  assert.match(text, /and 2 more/);
  assert.match(text, /-H "Authorization: Bearer \$STITCHBOOK_API_KEY"/);
  assert.ok(!text.includes("secret"));
  const body = /-d '(.*)'$/.exec(text)![1]!;
  assert.equal(JSON.parse(body).model, "run/model-0");
});
