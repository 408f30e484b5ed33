// What `--help` says about settings.
import assert from "node:assert/strict";
import { parseExperimentArguments } from "../../../lib/run/command-line/experiment-arguments.ts";
import { definition, refuses } from "../command-line/example.ts";

const helpOf = (...args: string[]) => {
  const help = parseExperimentArguments(args, definition);
  assert(help.kind === "help");
  return help.text;
};

Deno.test("`--help` names every option, preset and section, in lines that fit 80 columns", () => {
  const text = helpOf("--help");
  for (
    const part of [
      /lab\s+25 minutes/,
      /--no-serve/,
      /\n {2}train {2}4 settings: seed\.steps, seed\.rate, expert\.steps, expert\.rate\n/,
      /\n {2}note\b/,
    ]
  ) assert.match(text, part);
  assert.equal(helpOf("-h"), text);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
});

Deno.test("`--help all` lists every key with type, default and description; a section its own", () => {
  const all = helpOf("--help", "all");
  for (
    const part of [
      /train\.seed\.steps=100\s+How many steps \(integer > 0\)/,
      /train\.expert\.rate=0\.01\s+Learning rate \(number > 0 and ≤ 1\)/,
      /model\.kind=llama\s+\(one of llama, gpt\)/,
      /model\.window=null\s+\(integer > 0 or null\)/,
      /model\.layers=\[0,1\]\s+\(list of integer ≥ 0\)/,
      /mix=\{"english":1\}\s+\(\{name: number ≥ 0\}\)/,
      /note=""\s+\(string\)/,
    ]
  ) assert.match(all, part);
  const keys = (section: string) =>
    [...helpOf("--preset", "lab", `--help=${section}`).matchAll(/^ {2}([\w.]+)=/gm)].map(([, key]) => key);
  assert.deepEqual(keys("train"), ["train.seed.steps", "train.seed.rate", "train.expert.steps", "train.expert.rate"]);
  assert.deepEqual(keys("train.seed"), ["train.seed.steps", "train.seed.rate"]);
  assert.deepEqual(keys("note"), ["note"]);
  refuses(() => helpOf("--help", "trane"), "command.help", /no settings "trane".*one of train, model.*--help train\?/);
});
