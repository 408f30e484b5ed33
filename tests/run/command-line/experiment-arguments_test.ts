// The experiment's command line: every malformed argument is one clear sentence, every good one is typed.
import assert from "node:assert/strict";
import { z } from "zod";
import { MOST_THREADS } from "../../../lib/device-names.ts";
import { UserError } from "../../../lib/errors.ts";
import { openDevice } from "../../../lib/tensor/mod.ts";
import {
  checkLabel,
  engineArguments,
  type ExperimentDefinition,
  parseExperimentArguments,
} from "../../../lib/run/mod.ts";

const phase = z.strictObject({
  steps: z.int().positive().default(100).describe("How many steps"),
  rate: z.number().positive().max(1).default(0.01).describe("Learning rate"),
}).prefault({});

const schema = z.strictObject({
  train: z.strictObject({ seed: phase, expert: phase }).prefault({}),
  model: z.strictObject({
    kind: z.enum(["llama", "gpt"]).default("llama"),
    tied: z.boolean().default(true),
    window: z.int().positive().nullable().default(null),
    layers: z.array(z.int().nonnegative()).default([0, 1]),
  }).prefault({}),
  data: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  mix: z.record(z.string(), z.number().nonnegative()).default({ english: 1 }),
  note: z.string().default(""),
});

const definition: ExperimentDefinition<typeof schema> = {
  name: "bts",
  title: "Branch-Train-Stitch",
  description: "Trains and stitches.",
  schema,
  presets: {
    quick: { description: "under 4 minutes", config: {} },
    lab: { description: "25 minutes", config: { train: { seed: { steps: 900 } }, model: { layers: [3] } } },
    paper: { description: "as published", config: {}, needsForce: "it needs 64 GPUs for weeks" },
  },
  defaultPreset: "quick",
};

const parse = (
  args: string[],
  files: Record<string, string | Uint8Array> = {},
  variables: Record<string, string> = {},
) => {
  const invocation = parseExperimentArguments(args, definition, (path) => {
    const file = files[path];
    if (file === undefined) throw new Deno.errors.NotFound("none");
    return typeof file === "string" ? new TextEncoder().encode(file) : file;
  }, (name) => variables[name]);
  assert(invocation.kind === "run");
  return invocation;
};
const set = (...texts: string[]) => parse(texts.flatMap((text) => ["--set", text])).config;

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
  refuses(() => read("--seed-steps", "0"), "config.invalid", /train\.seed\.steps cannot be 0/);
});

function refuses(act: () => unknown, code: string, text: RegExp): void {
  assert.throws(act, (error) => {
    assert(error instanceof UserError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(`${error.message} | ${error.hint ?? ""}`, text);
    return true;
  });
}

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

Deno.test("`--set` types its value by the schema", () => {
  assert.equal(set("train.seed.steps=1_000").train.seed.steps, 1000);
  assert.equal(set("train.seed.rate=1e-3").train.seed.rate, 0.001);
  assert.equal(set(" train.seed.rate = .5 ").train.seed.rate, 0.5);
  assert.equal(set("model.kind=gpt").model.kind, "gpt");
  assert.equal(set("model.tied=false").model.tied, false);
  assert.equal(set("model.window=null").model.window, null);
  assert.equal(set("model.window=8").model.window, 8);
  assert.deepEqual(set("model.layers=4,5").model.layers, [4, 5]);
  assert.deepEqual(set("model.layers=[4, 5]").model.layers, [4, 5]);
  assert.deepEqual(set("model.layers=[]").model.layers, []);
  assert.deepEqual(set("model.layers=4").model.layers, [4]);
  assert.deepEqual(set("data.code=src/*.ts").data, { code: "src/*.ts" });
  assert.deepEqual(set('data.code=["a.txt","b.txt"]').data, { code: ["a.txt", "b.txt"] });
  assert.deepEqual(set("mix.code=0.5", "mix.math=2").mix, { english: 1, code: 0.5, math: 2 });
  assert.deepEqual(set('mix={"code": 1}').mix, { code: 1 });
  assert.deepEqual(set('train.seed={"steps": 5}').train.seed, { steps: 5, rate: 0.01 });
  assert.equal(set("note=a=b=c").note, "a=b=c");
  assert.equal(set('note=""').note, "");
  assert.equal(set("note=123").note, "123");
});

const malformed: readonly (readonly [string[], string, RegExp])[] = [
  [["train.seed.steps="], "config.malformed", /train\.seed\.steps has no value/],
  [["note="], "config.malformed", /note='""'/],
  [["train..seed=1"], "config.malformed", /empty part/],
  [["=1"], "config.malformed", /no key/],
  [["train.seed.steps"], "config.malformed", /no "="/],
  [["."], "config.malformed", /no "="/],
  [[""], "config.malformed", /no "="/],
  [[".=1"], "config.malformed", /empty part/],
  [["train.seed.steps=1", "train.seed.steps=2"], "config.repeated-key", /train\.seed\.steps twice/],
  [["mix.code=1", 'mix={"math":1}'], "config.repeated-key", /mix/],
  [['mix={"a":1,"a":2}'], "config.repeated-key", /repeated/],
  [["train.seed.stepz=1"], "config.unknown-key", /did you mean train\.seed\.steps\?/],
  [["steps=1"], "config.unknown-key", /did you mean train\.seed\.steps\?/],
  [["train.seed.steps.more=1"], "config.unknown-key", /train\.seed\.steps/],
  [["__proto__.polluted=1"], "config.unknown-key", /__proto__/],
  [["data.__proto__=1"], "config.unknown-key", /__proto__/],
  [['mix={"__proto__": 1}'], "config.unknown-key", /__proto__/],
  [["mix.constructor=1"], "config.unknown-key", /constructor/],
  [["train.seed.steps=many"], "config.wrong-type", /"many": expected integer > 0/],
  [["train.seed.steps=1.5"], "config.wrong-type", /expected integer/],
  [["train.seed.steps=NaN"], "config.wrong-type", /expected integer/],
  [["train.seed.rate=NaN"], "config.wrong-type", /expected number/],
  [["train.seed.rate=1e999"], "config.wrong-type", /double precision/],
  [["train.seed.rate=Infinity"], "config.wrong-type", /expected number/],
  [["train.seed.rate=0x10"], "config.wrong-type", /expected number/],
  [["train.seed.steps=-5"], "config.invalid", /train\.seed\.steps cannot be -5 \(--set\): expected integer > 0/],
  [["train.seed.steps=0"], "config.invalid", /cannot be 0/],
  [["train.seed.steps=99999999999999999999"], "config.invalid", /^train\.seed\.steps cannot be 1[^;]*$/],
  [["train.seed.rate=7"], "config.invalid", /≤ 1/],
  [["train.seed=7"], "config.wrong-type", /expected settings/],
  [['train.seed={"stepz": 1}'], "config.unknown-key", /did you mean train\.seed\.steps/],
  [['train.seed={"steps": 1'], "config.malformed", /not JSON/],
  [['mix={"a":1e999}'], "config.wrong-type", /finite/],
  [["model.kind=lama"], "config.wrong-type", /did you mean model\.kind=llama/],
  [["model.tied=yes"], "config.wrong-type", /expected boolean/],
  [["model.layers=1,,2"], "config.malformed", /item 2/],
  [["model.layers=1,x"], "config.wrong-type", /model\.layers\[1\] to "x"/],
  [["model.layers=[1, x"], "config.malformed", /not JSON/],
  [["model.layers=1,-2"], "config.invalid", /model\.layers\.1 cannot be -2/],
];
for (const [texts, code, text] of malformed) {
  Deno.test(`\`--set ${texts.join(" --set ")}\` is refused as ${code}`, () => refuses(() => set(...texts), code, text));
}

Deno.test("Nothing that is set reaches the prototype of objects", () => {
  for (const key of ["__proto__.x", "data.__proto__.x", "constructor.prototype.x"]) {
    assert.throws(() => set(`${key}=1`));
  }
  const files = { "c.json": '{"__proto__": {"x": 1}}', "c.yaml": "__proto__: {x: 1}\n" };
  for (const file of ["c.json", "c.yaml"]) {
    refuses(() => parse(["--config", file], files), "config.unknown-key", /__proto__/);
  }
  assert.equal(({} as { x?: number }).x, undefined);
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

const bytes = (...values: number[]) => new Uint8Array(values);
const files: readonly (readonly [string, string, string | Uint8Array, string, RegExp])[] = [
  ["that is empty", "c.json", "", "config.file", /empty/],
  ["of white space", "c.yaml", " \r\n\n", "config.file", /empty/],
  ["of one byte", "c.json", "{", "config.file", /not JSON/],
  ["that is not UTF-8", "c.json", bytes(0x7b, 0xff, 0x7d), "config.file", /not UTF-8/],
  ["in UTF-16", "c.json", bytes(0xff, 0xfe, 0x7b, 0, 0x7d, 0), "config.file", /not UTF-8/],
  ["with a repeated key in JSON", "c.json", '{\n\t"note": "a",\n\t"note": "b"\n}', "config.repeated-key", /line 3/],
  ["with a nested repeated key", "c.json", '{"train":{"seed":{"steps":1,"steps":2}}}', "config.repeated-key", /line 1/],
  ["with a repeated key in YAML", "c.yaml", "note: a\nnote: b\n", "config.repeated-key", /line 2/],
  ["with a key in points", "c.yaml", "train.seed.rate: 1\n", "config.unknown-key", /nest it: train: \{ seed: \{ rate/],
  ["with an unknown key", "c.yaml", "note: a\ntrain:\n  sead: {}\n", "config.unknown-key", /c\.yaml:3.*/],
  [
    "with a wrong type",
    "c.yaml",
    "note: a\ntrain:\n  seed:\n    steps: many\n",
    "config.invalid",
    /c\.yaml:4.*integer/,
  ],
  ["with NaN", "c.yaml", "train: {seed: {rate: .nan}}\n", "config.wrong-type", /finite number/],
  [
    "with .inf",
    "c.yaml",
    "note: a\ntrain:\n  seed:\n    rate: -.inf\n",
    "config.wrong-type",
    /the value of train\.seed\.rate \(c\.yaml:4\): expected a finite number, got -Infinity/,
  ],
  [
    "with infinity in a list",
    "c.yaml",
    "model:\n  layers: [1, .inf]\n",
    "config.wrong-type",
    /model\.layers\.1 \(c\.yaml:2\)/,
  ],
  [
    "with 1e999",
    "c.json",
    '{\n"train": {"seed": {"rate": 1e999}}}',
    "config.wrong-type",
    /train\.seed\.rate \(c\.json:2\): expected a finite number/,
  ],
  [
    "that contains itself",
    "c.yaml",
    "train: &a\n  seed: *a\n",
    "config.wrong-type",
    /train\.seed \(c\.yaml:\d\): .*itself/,
  ],
  ["that is a list", "c.json", "[1]", "config.file", /a list/],
  ["that is a number", "c.yaml", "3", "config.file", /a number/],
  ["that is null", "c.json", "null", "config.file", /nothing/],
  ["with a tab in YAML", "c.yaml", "train:\n\tseed: 1\n", "config.file", /line 2/],
  [
    "with two documents",
    "c.yaml",
    "note: a\n---\nnote: b\n",
    "config.file",
    /c\.yaml, line 2, column 1: a second YAML document starts here \| keep one document/,
  ],
  ["that merges a number", "c.yaml", "note: a\ntrain:\n  <<: 3\n", "config.file", /c\.yaml:3: << needs settings/],
  ["that merges nothing known", "c.yaml", "train:\n  seed: {<<: *none}\n", "config.file", /none|<< needs settings/],
  [
    "with an unknown key in what it merges",
    "c.yaml",
    "train:\n  seed: &s {rate: 0.5}\n  expert:\n    <<: [*s, {stepz: 3}]\n",
    "config.unknown-key",
    /train\.expert\.stepz in c\.yaml:4: did you mean/,
  ],
  ["with << in JSON", "c.json", '{"train": {"<<": {"seed": {}}}}', "config.unknown-key", /train\.<< in c\.json:1/],
  ["that grows without bound", "c.yaml", bomb(), "config.file", /alias/i],
  ["of another kind", "c.toml", "a = 1", "config.file", /\.json, \.yaml or \.yml/],
  ["of 2 MB", "c.json", `{"note": "${"a".repeat(2 << 20)}"}`, "config.file", /too many/],
];
for (const [title, name, content, code, pattern] of files) {
  Deno.test(`A configuration file ${title} is refused`, () => {
    refuses(() => parse(["--config", name], { [name]: content }), code, pattern);
  });
}

function bomb(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 9; i++) lines.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
  return lines.join("\n");
}

for (
  const [title, name, text] of [
    ["with a byte order mark", "c.json", '\ufeff{"note": "é"}'],
    ["with CRLF", "c.json", '{\r\n\t"note":\r\n\t"é"}\r\n'],
    ["in YAML with CRLF and a byte order mark", "c.yml", "\ufeffnote: é\r\nmix:\r\n  code: 1\r\n"],
    ["in indented JSON", "c.json", '{\n\t"train": {\n\t\t"seed": {}\n\t},\n\t"note": "\\u00e9"\n}'],
  ] as const
) {
  Deno.test(`A configuration file ${title} is read`, () => {
    assert.equal(parse(["--config", name], { [name]: text }).config.note, "é");
  });
}

Deno.test("A YAML file may merge groups of settings with <<, and what stands beside it wins", () => {
  const config = (text: string) => parse(["--config", "c.yaml"], { "c.yaml": text }).config.train;
  const seed = "train:\n  seed: &s {steps: 7, rate: 0.5}\n";
  const steps = { steps: 7, rate: 0.5 };
  assert.deepEqual(config(`${seed}  expert: {<<: *s}\n`), { seed: steps, expert: steps });
  assert.deepEqual(config(`${seed}  expert:\n    <<: *s\n    rate: 0.1\n`).expert, { steps: 7, rate: 0.1 });
  assert.deepEqual(config(`${seed}  expert:\n    rate: 0.1\n    <<: [{steps: 3}, *s]\n`).expert, {
    steps: 3,
    rate: 0.1,
  });
  refuses(
    () => config("train:\n  seed: &s {rate: 7}\n  expert:\n    <<: *s\n"),
    "config.invalid",
    /train\.seed\.rate cannot be 7 \(c\.yaml:2\).*train\.expert\.rate cannot be 7 \(c\.yaml:4\)/,
  );
});

Deno.test("`--threads` is refused with the same range at both ends, which is the device's", async () => {
  const range = /expected a whole number from 1 to 256/;
  for (const threads of ["0", "257", "999", "1e3", "99999999999999999999"]) {
    refuses(() => parse(["--threads", threads]), "command.malformed", range);
  }
  assert.deepEqual(["1", "256"].map((threads) => parse(["--threads", threads]).threads), [1, MOST_THREADS]);
  await assert.rejects(openDevice("cpu", { threads: MOST_THREADS + 1 }), /from 1 to 256/);
});

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
