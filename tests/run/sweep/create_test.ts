// A new sweep is checked by its experiment before anything is written.
import assert from "node:assert/strict";
import { UserError } from "../../../lib/errors.ts";
import { sweepCommand } from "../../../lib/cli/sweep.ts";
import { withFolder } from "../fixtures.ts";

const FAKE = "tests/run/sweep/fake_experiment.ts";

const refused: readonly (readonly [string, string, RegExp])[] = [
  [
    "--grid rat=1,2",
    "config.unknown-key",
    /Unknown setting rat in --grid: did you mean rate\?.*deno task run \S+fake_experiment\.ts --help all lists every key/,
  ],
  ["--random 2 --range rat=0..1", "config.unknown-key", /Unknown setting rat in --range: did you mean rate\?/],
  ["--grid __proto__.x=1,2", "config.unknown-key", /__proto__/],
  ["--grid kind=a,c", "config.wrong-type", /kind to "c": expected one of a, b/],
  ["--grid rate=1,-2", "config.invalid", /rate cannot be -2.*trial 2: rate=-2 seed 1/],
  ["--random 3 --range rate=-2..-1", "config.invalid", /rate cannot be -.*trial 1/],
  ["--grid x=1,13", "fake.unlucky", /x cannot be 13 \(trial 2: x=13 seed 1\)/],
  [
    "--grid rate=1e-3,0.001",
    "sweep.same-trial",
    /Trials 1 \(rate=1e-3 seed 1\) and 2 \(rate=0\.001 seed 1\) are the same/,
  ],
  ["--random 2 --range wait=1..9", "config.wrong-type", /expected integer.*--range wait=int:1\.\.9/],
  ["--grid x=1,2 --set x=3", "config.repeated-key", /x twice/],
  ["--grid x=1,2 --set y=3", "config.unknown-key", /Unknown setting y in --set/],
  ["--grid x=1,2 --preset smoky", "command.unknown-preset", /did you mean --preset smoke/],
  ["--grid x=1,2 --config none.yaml", "config.file", /no such file/],
  ["--grid x=1,2 --metric bpb:worst", "sweep.metric", /expected a name, alone or with :last, :min, :max, :best/],
  ["--grid x=1,2 --metric quizz", "sweep.metric", /No trial will have .*"quizz".*one of bpb, .*loss.*metric quiz\?/],
  ["--grid x=1,2 --metric own/los:min", "sweep.metric", /No trial will have .*did you mean --metric own\/loss\?/],
  ["--grid x=1,2 --metric soup/quiz", "sweep.metric", /No trial will have/],
  ["--grid x=1,2 --parallel 0", "command.malformed", /--parallel 0/],
  ["--grid x=1,2 --name last", "sweep.name", /Cannot name a sweep "last"/],
  [`--grid x=1,2 --name ${"y".repeat(201)}`, "sweep.name", /Cannot name a sweep "y+": expected one line/],
  ["--grid x=1,2 --gird y=1", "command.unknown-option", /--grid/],
  ["", "sweep.empty", /varies nothing/],
];

Deno.test("`sweepCommand()` refuses what the experiment cannot run, with the trial, and writes nothing", async (test) => {
  for (const [options, code, text] of refused) {
    await test.step(options === "" ? "no options" : options, () =>
      withFolder(async (folder) => {
        const runs = `${folder}/runs`;
        const args = [FAKE, ...options.split(" ").filter(Boolean), "--runs", runs];
        await rejects(sweepCommand(args), code, text);
        await assert.rejects(Deno.stat(runs), Deno.errors.NotFound);
      }));
  }
});

Deno.test("`sweepCommand()` names scripts that are not there or are no experiments", () =>
  withFolder(async (folder) => {
    await rejects(
      sweepCommand(["experiments/bst.ts", "--grid", "x=1"]),
      "sweep.experiment",
      /no script.*did you mean experiments\/bts\.ts/,
    );
    await Deno.writeTextFile(`${folder}/other.ts`, 'console.log("something else");');
    await rejects(
      sweepCommand([`${folder}/other.ts`, "--grid", "x=1", "--runs", folder]),
      "sweep.experiment",
      /did not answer --check-trials, but printed:\nsomething else/,
    );
  }));

Deno.test("`sweepCommand()` refuses thousands of trials without `--force`", async () => {
  const many = Array.from({ length: 50 }, (_, i) => i).join(",");
  const args = [FAKE, "--grid", `x=${many}`, "--grid", `rate=${many.replace("0,", "0.5,")}`];
  await rejects(sweepCommand(args), "sweep.too-many", /2500 trials, more than 2000.*--random.*--force/);
});

Deno.test("`sweep --dry-run` lists the trials and writes nothing", () =>
  withFolder(async (folder) => {
    let text = "";
    const print = (piece: string) => text += piece;
    const args = [FAKE, "--grid", "layers=[0,1],[2]", "--seeds", "1,2", "--dry-run", "--runs", `${folder}/runs`];
    assert.equal(await sweepCommand(args, print), true);
    assert.match(text, /1 {2}layers=\[0,1\] seed 1\n.*2 {2}layers=\[2\] seed 1\n[\s\S]*4 trials; nothing was written/);
    await assert.rejects(Deno.stat(`${folder}/runs`), Deno.errors.NotFound);
  }));

async function rejects(work: Promise<unknown>, code: string, text: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert(error instanceof UserError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(`${error.message} | ${error.hint ?? ""}`, new RegExp(text.source, "s"));
    return true;
  });
}
