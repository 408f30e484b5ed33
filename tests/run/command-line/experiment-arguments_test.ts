// The experiment's command line: every malformed argument is one clear sentence, every good one is typed.
import assert from "node:assert/strict";
import { MOST_THREADS } from "../../../lib/device-names.ts";
import { UserError } from "../../../lib/errors.ts";
import { openDevice } from "../../../lib/tensor/mod.ts";
import { checkLabel, engineArguments, parseExperimentArguments } from "../../../lib/run/mod.ts";
import { definition, parse, refuses, schema } from "./example.ts";

Deno.test("shorthands are arguments and options for settings; --set of the same setting takes precedence", () => {
  const shorthands = [
    { flags: "[note]", setting: "note", description: "a note" },
    { flags: "--seed-steps <number>", setting: "train.seed.steps", description: "steps of the seed" },
  ];
  const read = (...args: string[]) => {
    const invocation = parseExperimentArguments(args, { ...definition, shorthands });
    assert(invocation.kind === "run");
    return invocation;
  };
  const { config, origins, command } = read("--preset", "lab", "hello", "--seed-steps", "7");
  assert.deepEqual([config.note, config.train.seed.steps], ["hello", 7]);
  assert.deepEqual([origins["note"], origins["train.seed.steps"]], ["set", "set"]);
  assert.deepEqual(command, ["bts", "--preset", "lab", "hello", "--seed-steps", "7"]);
  assert.equal(read("hello", "--set", "note=other").config.note, "other");
  assert.equal(read().config.note, "");
  refuses(() => read("a", "b"), "command.excess-arguments", /./);
  refuses(() => read("--seed-step", "7"), "command.unknown-option", /--seed-steps/);
});

Deno.test("what is wrong with a shorthand is said of it as it was given, and not of the setting behind it", () => {
  const shorthands = [
    { flags: "[note]", setting: "note", description: "a note" },
    { flags: "-s, --seed-steps <number>", setting: "train.seed.steps", description: "steps of the seed" },
    { flags: "--steps <number>", setting: "train.expert.steps", description: "steps of an expert" },
  ];
  const refused = (code: string, message: RegExp, ...args: string[]) => {
    assert.throws(() => parseExperimentArguments(args, { ...definition, shorthands }), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.doesNotMatch(`${error.message} ${error.hint}`, /train\.seed|--set|--help all/);
      assert.match(error.hint!, /--help lists every option/);
      return true;
    });
  };
  refused("config.invalid", /^--seed-steps cannot be 0: expected integer/, "--seed-steps", "0");
  refused("config.invalid", /^--seed-steps cannot be -5: expected integer/, "-s", "-5");
  refused("config.invalid", /^--seed-steps cannot be -5: .*; --steps cannot be -1: /, "--seed-steps=-5", "--steps=-1");
  refused("config.wrong-type", /^Cannot set --seed-steps to "many": expected integer/, "--seed-steps", "many");
  refused("config.wrong-type", /^Cannot set --seed-steps to "1\.5": expected integer/, "--seed-steps", "1.5");
  refused("command.missing-argument", /^Missing the value of --seed-steps$/, "--seed-steps", "");
  refused("command.missing-argument", /^Missing the value of \[note\]$/, "");
  // A setting that `--set` gives is named as such, also beside the shorthand that it takes the place of.
  const set = ["--seed-steps", "7", "--set", "train.seed.steps=0"];
  refuses(
    () => parseExperimentArguments(set, { ...definition, shorthands }),
    "config.invalid",
    /^train\.seed\.steps cannot be 0 \(--set\)/,
  );
  refuses(
    () => parseExperimentArguments(["--seed-steps", "7", "--set", "train.seed={}"], { ...definition, shorthands }),
    "config.repeated-key",
    /conflicts with an earlier --seed-steps \|/,
  );
});

Deno.test("`parseExperimentArguments()` without arguments gives the default preset and every default", () => {
  const { command, ...rest } = parse([]);
  assert.deepEqual(command, ["bts"]);
  assert.deepEqual(rest, {
    kind: "run",
    config: schema.parse({}),
    origins: {},
    configFile: undefined,
    preset: "quick",
    seeds: [1],
    device: "auto",
    threads: undefined,
    runsFolder: "runs",
    json: false,
    dryRun: false,
    force: false,
    fresh: false,
    name: undefined,
    id: undefined,
    serve: true,
    isPrivate: false,
    parallel: 1,
    engine: "local",
    engineSettings: [],
    attach: false,
    cell: undefined,
    probe: undefined,
    port: undefined,
    webhook: undefined,
  });
});

Deno.test("`parseExperimentArguments()` reads every option", () => {
  const args = "--preset lab --seeds 1,2,3 --device cpu --threads 2 --runs out --json --dry-run --force --no-serve " +
    "--port 0 --fresh --private --name x --parallel 3";
  const { config: _, command, ...rest } = parse(args.split(" "));
  assert.deepEqual(rest, {
    kind: "run",
    origins: { "train.seed.steps": "preset", "model.layers": "preset" },
    configFile: undefined,
    preset: "lab",
    seeds: [1, 2, 3],
    device: "cpu",
    threads: 2,
    runsFolder: "out",
    json: true,
    dryRun: true,
    force: true,
    fresh: true,
    name: "x",
    id: undefined,
    serve: false,
    isPrivate: true,
    parallel: 3,
    engine: "local",
    engineSettings: [],
    attach: false,
    cell: undefined,
    probe: undefined,
    port: 0,
    webhook: undefined,
  });
  assert.equal(command.join(" "), `bts ${args}`);
});

Deno.test("files are written for kubernetes and skypilot with `--dry-run` alone, and settings are of one engine", () => {
  const given = ["--engine=kubernetes", "--kubernetes.claim", "lab", "--kubernetes.expert.gpus=1"];
  const { engine, engineSettings } = parse([...given, "--dry-run"]);
  const refused = (args: string[], code: string, message: RegExp) =>
    assert.throws(() => parse(args), { code, message });
  assert.equal(engine, "kubernetes");
  assert.deepEqual(engineSettings, [["claim", "lab"], ["expert.gpus", "1"]]);
  refused(given, "engine.files", /Cannot run anything with --engine kubernetes: Stitchbook writes the files/);
  refused(["--engine", "skypilot"], "engine.files", /--engine skypilot/);
  const other = ["--engine", "skypilot", "--dry-run", "--kubernetes.claim", "lab"];
  refused(other, "command.conflict", /Cannot use --kubernetes\.claim without --engine kubernetes/);
  refused([...given, "--dry-run", "--parallel", "2"], "command.conflict", /Kubernetes decides what runs at once/);
  assert.throws(() => engineArguments("skypilot", []), { code: "engine.files" });
});

Deno.test("`--slurm.<setting>` goes to the engine as it is given, and only to the engine slurm", () => {
  const args = ["--engine", "slurm", "--slurm.partition", "gpu", "--slurm.expert.gres=gpu:1", "--slurm.prelude", "a=b"];
  const { engine, engineSettings } = parse(args);
  assert.equal(engine, "slurm");
  assert.deepEqual(engineSettings, [["partition", "gpu"], ["expert.gres", "gpu:1"], ["prelude", "a=b"]]);
  const refused = (given: string[], code: string, message: RegExp) =>
    assert.throws(() => parse(given), { code, message });
  refused(args.slice(2), "command.conflict", /Cannot use --slurm\.partition without --engine slurm/);
  refused(args.slice(0, 3), "command.option-missing-argument", /Missing the value of --slurm\.partition/);
  refused(["--engine", "slurm", "--parallel", "2"], "command.conflict", /Slurm decides what runs at once/);
  refused(["--parallel", "0"], "command.malformed", /--parallel 0/);
  refused(["--cell", "seed"], "command.conflict", /--cell without --id/);
});

Deno.test("`--webhook` is read, or else its variable, and is no part of the command that is kept", () => {
  const { webhook, command } = parse(["--seed", "2", "--webhook", "https://hooks.example.com/s3cret", "--json"]);
  assert.equal(webhook?.href, "https://hooks.example.com/s3cret");
  assert.deepEqual(command, ["bts", "--seed", "2", "--json"]);
  const variables = { STITCHBOOK_WEBHOOK: "http://127.0.0.1:9/x" };
  assert.equal(parse([], {}, variables).webhook?.port, "9");
  assert.equal(parse(["--webhook", ""], {}, variables).webhook, undefined);
  refuses(() => parse(["--webhook", "ftp://x"]), "command.webhook", /--webhook: its scheme is ftp/);
  refuses(() => parse([], {}, { STITCHBOOK_WEBHOOK: "x" }), "command.webhook", /STITCHBOOK_WEBHOOK: it is not a URL/);
});

Deno.test("`--seeds` takes numbers and ranges", () => {
  const seeds = (text: string) => parse(["--seeds", text]).seeds;
  assert.deepEqual(seeds("1-3"), [1, 2, 3]);
  assert.deepEqual(seeds("7, 2-2,4294967295"), [7, 2, 4294967295]);
});

Deno.test("Settings win in the order schema, preset, file, --set", () => {
  const files = { "c.yaml": "train:\n  seed: {steps: 7, rate: 0.5}\nmix: {code: 2}\n" };
  const { config } = parse(["--preset", "lab", "--config", "c.yaml", "--set", "train.seed.rate=0.25"], files);
  assert.deepEqual(config.train, { seed: { steps: 7, rate: 0.25 }, expert: { steps: 100, rate: 0.01 } });
  assert.deepEqual(config.model.layers, [3]);
  assert.deepEqual(config.mix, { code: 2 });
});

Deno.test("`origins` says which source gave each setting that is not a default", () => {
  const files = { "c.yaml": "train:\n  seed: {steps: 7, rate: 0.5}\nmix: {code: 2}\n" };
  const sets = ["--set", "train.seed.rate=0.25", "--set", "mix.math=1", "--set", 'train.expert={"steps": 3}'];
  const { origins, configFile } = parse(["--preset", "lab", "--config", "c.yaml", ...sets], files);
  assert.equal(configFile, "c.yaml");
  assert.deepEqual(origins, {
    "train.seed.steps": "file",
    "train.seed.rate": "set",
    "train.expert.steps": "set",
    "model.layers": "preset",
    mix: "file",
    "mix.math": "set",
  });
});

const wrongOptions: readonly (readonly [string, string, RegExp])[] = [
  ["--presett quick", "command.unknown-option", /--presett.*--preset/],
  ["--preset quik", "command.unknown-preset", /one of quick, lab, paper.*--preset quick/],
  ["--preset", "command.option-missing-argument", /argument missing/],
  ["--preset paper", "command.needs-force", /64 GPUs.*--force/],
  ["quick", "command.excess-arguments", /too many arguments/i],
  ["--seed -1", "command.malformed", /whole number from 0/],
  ["--seed 1.5", "command.malformed", /whole number/],
  ["--seed NaN", "command.malformed", /whole number/],
  ["--seed 99999999999999999999", "command.malformed", /whole number/],
  ["--seeds 1,,2", "command.malformed", /number or a range, not ""/],
  ["--seeds 3-1", "command.malformed", /backwards/],
  ["--seeds 1-3,2", "command.malformed", /2 comes twice/],
  ["--seeds 1-", "command.malformed", /not "1-"/],
  ["--seeds 1-999999999", "command.malformed", /more than 10000/],
  ["--seeds 4294967296", "command.malformed", /at most 4294967295/],
  ["--seeds 1,1", "command.malformed", /twice/],
  ["--seed 1 --seeds 2", "command.conflict", /together/],
  ["--device gpu", "command.invalid-argument", /auto, webgpu, cpu, reference/],
  ["--threads 0", "command.malformed", /from 1/],
  ["--port 70000", "command.malformed", /65535/],
  ["--id ../outside", "command.malformed", /looks like/],
  ["--id 20261122-051207-a-b --seeds 1,2", "command.conflict", /each seed/],
  ["--config missing.json", "config.file", /no such file/],
];

for (const [text, code, pattern] of wrongOptions) {
  Deno.test(`\`${text}\` is refused as ${code}`, () => refuses(() => parse(text.split(" ")), code, pattern));
}

Deno.test("`--name` takes what `rename` takes", () => {
  assert.equal(parse(["--name", "Wide model, 2× lr"]).name, "Wide model, 2× lr");
  const id = "20261122-051207-bts-quick-k3f9";
  for (const name of ["last", id, "", "  ", "two\nlines", "x".repeat(201), "\u202eevil"]) {
    refuses(() => parse(["--name", name]), "label.name", /^Cannot name a run/);
    assert.throws(() => checkLabel({ kind: "name", name }));
  }
  // Resuming a run that was given such a name repeats it.
  assert.equal(parse(["--name", "last", "--id", id]).name, "last");
});

Deno.test("`--id` names the run", () => {
  assert.equal(parse(["--id", "20261122-051207-bts-quick-k3f9"]).id, "20261122-051207-bts-quick-k3f9");
});

Deno.test("A preset that needs force runs with it, and plans without it", () => {
  assert.equal(parse(["--preset", "paper", "--force"]).force, true);
  assert.equal(parse(["--preset", "paper", "--dry-run"]).dryRun, true);
});

Deno.test("`--threads` is refused with the same range at both ends, which is the device's", async () => {
  const range = /expected a whole number from 1 to 256/;
  for (const threads of ["0", "257", "999", "1e3", "99999999999999999999"]) {
    refuses(() => parse(["--threads", threads]), "command.malformed", range);
  }
  assert.deepEqual(["1", "256"].map((threads) => parse(["--threads", threads]).threads), [1, MOST_THREADS]);
  await assert.rejects(openDevice("cpu", { threads: MOST_THREADS + 1 }), /from 1 to 256/);
});
