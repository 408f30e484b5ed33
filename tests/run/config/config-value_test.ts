// Settings of the command line: typed by the schema, or refused in a clear sentence.
import assert from "node:assert/strict";
import { parse, refuses, set } from "../command-line/example.ts";

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
