// Configuration files in JSON and YAML: what is read, and what is refused in a clear sentence.
import assert from "node:assert/strict";
import { parse, refuses } from "../command-line/example.ts";

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
