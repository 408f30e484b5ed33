// Experts and datamixes by the domains in use; settings of runs from before people named their own.
import assert from "node:assert/strict";
import { btsConfigSchema, btsDefinition } from "../../lib/bts/config.ts";
import { checkBts } from "../../lib/bts/check.ts";
import { UserError } from "../../lib/errors.ts";
import { buildConfig } from "../../lib/run/config/config.ts";

const build = (...sets: string[]) => buildConfig(btsConfigSchema, { preset: { name: "none", value: {} }, sets });

Deno.test("the four default domains have the experts and datamixes that they always had", () => {
  const { experts, mix } = build();
  assert.deepEqual(experts, ["code", "math", "multilingual"]);
  assert.deepEqual(mix, {
    seed: { english: 0.4, code: 0.2, math: 0.2, multilingual: 0.2 },
    expertShare: 1,
    stitch: { english: 0.25, code: 0.25, math: 0.25, multilingual: 0.25 },
  });
  assert.deepEqual(build("data.code=lib/*.ts").mix, mix, "whatever their text");
  assert.deepEqual(build("data.code=lib/*.ts").experts, experts);
  assert.deepEqual(build("mix.seed.code=2").mix.seed, { ...mix.seed, code: 2 });
  for (const { config } of Object.values(btsDefinition.presets)) checkBts(btsConfigSchema.parse(config));
});

Deno.test("own domains are the experts, and all domains in use have equal shares", () => {
  const law = build("data.domains.law=a.txt", "data.domains.poems=b.txt");
  assert.deepEqual(law.experts, ["law", "poems"]);
  const equal = { english: 1, code: 1, math: 1, multilingual: 1, law: 1, poems: 1 };
  assert.deepEqual([law.mix.seed, law.mix.stitch], [equal, equal]);
  checkBts(law);
  const alone = build("data.domains.law=a.txt", "data.builtin=none", "mix.seed.law=3");
  assert.deepEqual([alone.experts, alone.mix.seed, alone.mix.stitch], [["law"], { law: 3 }, { law: 1 }]);
  assert.deepEqual(build("data.domains.novel=mine.txt").experts, ["novel"]);
  assert.deepEqual(build("data.domains=english,code").experts, ["code"]);
  assert.deepEqual(build("data.domains=english,code").mix.seed, { english: 1, code: 1 });
  assert.deepEqual(build("data.domains=novel,speeches").experts, ["novel", "speeches"]);
});

Deno.test("what does not fit the domains is refused by its setting", () => {
  const refuses = (sets: string[], message: RegExp) =>
    assert.throws(() => checkBts(build(...sets)), (error) => error instanceof UserError && message.test(error.message));
  const law = "data.domains.law=a.txt";
  refuses([law, "experts=lwa"], /^experts has "lwa", which is not a domain: the domains are english, .*, law$/);
  refuses([law, "experts=law,law"], /^experts has "law" twice/);
  refuses([law, "hub=code"], /^hub is "code", but experts are law/);
  refuses([law, "mix.seed.poems=1"], /^mix\.seed names the unknown domain "poems"/);
  refuses([law, "mix.stitch.poems=1"], /^mix\.stitch names the unknown domain "poems"/);
  refuses([law, 'mix.stitch={"law":0}'], /^mix\.stitch sums to zero/);
  refuses([law, 'mix.seed={"law":0}'], /^mix\.seed sums to zero/);
  refuses(["data.domains=english,english"], /^data\.domains cannot be .*: it names "english" twice$/);
  refuses(["data.domains.soup=a.txt"], /^data\.domains\.soup cannot be .*"soup" is the name of a method/);
});

Deno.test("a run from before with the default domains has the settings of a run of today", () => {
  const today = build();
  const domains = ["english", "code", "math", "multilingual"];
  const sources = Object.fromEntries(domains.map((name) => [name, "builtin"]));
  const { tasks: _, ...data } = today.data;
  assert.deepEqual(btsConfigSchema.parse({ ...today, data: { ...data, ...sources, domains } }), today);
});

Deno.test("the settings of a run from before read as today's, and those of today as they are", () => {
  const { data: { domains: _, ...data }, ...rest } = build();
  const before = {
    ...rest,
    data: {
      ...data,
      domains: ["english", "code", "math"],
      english: "builtin",
      code: "lib/**/*.ts",
      math: "builtin",
      multilingual: "builtin",
    },
    mix: { ...rest.mix, seed: { english: 1, code: 1 } },
    experts: ["code"],
  };
  const read = btsConfigSchema.parse(before);
  assert.deepEqual(read.data.domains, { english: "builtin", code: "lib/**/*.ts", math: "builtin" });
  assert.deepEqual([read.mix.seed, read.experts], [before.mix.seed, before.experts]);
  assert.deepEqual(btsConfigSchema.parse(read), read);
  for (const former of ["english", "code", "math", "multilingual", "builtin"]) {
    assert.ok(!Object.hasOwn(read.data, former), former);
  }
});
