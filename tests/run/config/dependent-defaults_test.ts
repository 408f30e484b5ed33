// Defaults that depend on other settings, below every source of settings; lists and maps of names.
import assert from "node:assert/strict";
import { z } from "zod";
import { buildConfig, configOrigins } from "../../../lib/run/config/config.ts";
import type { ConfigFile } from "../../../lib/run/config/config-file.ts";
import { configKeys } from "../../../lib/run/config/config-keys.ts";
import { withDependentDefaults } from "../../../lib/run/config/dependent-defaults.ts";

const names = z.union([z.array(z.enum(["a", "b"])), z.record(z.string(), z.string())]).optional()
  .meta({ listValue: "own" })
  .describe("names")
  .transform((given): Readonly<Record<string, string>> =>
    Array.isArray(given) ? Object.fromEntries(given.map((name) => [name, "own"])) : given ?? { a: "own", b: "own" }
  );
const inner = z.strictObject({
  names,
  old: z.string().optional().meta({ movedTo: "names.old" }),
  mix: z.strictObject({ seed: z.record(z.string(), z.number()), share: z.number().default(1) }),
});
const schema = withDependentDefaults(inner, ({ names: given }) => {
  const read = names.safeParse(given);
  return { mix: { seed: Object.fromEntries(Object.keys(read.data ?? {}).map((name) => [name, 1])) } };
});
const layers = (preset: Record<string, unknown>, sets: string[] = [], file?: Record<string, unknown>) => ({
  preset: { name: "p", value: preset },
  ...(file === undefined ? {} : { file: { path: "f.yaml", value: file, where: () => "f.yaml:1" } as ConfigFile }),
  sets,
});
const build = (...given: Parameters<typeof layers>) => buildConfig(schema, layers(...given));

Deno.test("a dependent default follows what any source gives, and any source overrides it", () => {
  assert.deepEqual(schema.parse({}), build({}));
  assert.deepEqual(build({}).mix, { seed: { a: 1, b: 1 }, share: 1 });
  assert.deepEqual(build({}, ["names.law=x"]).mix.seed, { law: 1 });
  assert.deepEqual(build({}, [], { names: { law: "x", poems: "y" } }).mix.seed, { law: 1, poems: 1 });
  assert.deepEqual(build({ mix: { share: 0.5 } }, ["names.law=x"]).mix, { seed: { law: 1 }, share: 0.5 });
  assert.deepEqual(build({ mix: { seed: { b: 3 } } }).mix.seed, { b: 3 });
  // One weight keeps the others; a whole datamix replaces them.
  assert.deepEqual(build({}, ["mix.seed.a=2"]).mix.seed, { a: 2, b: 1 });
  assert.deepEqual(build({}, ['mix.seed={"a":2}']).mix.seed, { a: 2 });
  // What was built reads the same again.
  const built = build({}, ["names.law=x", "mix.seed.law=4"]);
  assert.deepEqual(schema.parse(built), built);
});

Deno.test("a name that is set joins those of a list below it", () => {
  const joined = { a: "own", law: "x" };
  assert.deepEqual(build({ names: ["a"] }, ["names.law=x"]).names, joined);
  assert.deepEqual(build({}, ["names.law=x"], { names: ["a"] }).names, joined);
  assert.deepEqual(build({ names: ["a"] }, ["names=b"]).names, { b: "own" });
});

Deno.test("help and origins describe the settings of a schema with dependent defaults", () => {
  const keys = configKeys(schema);
  assert.deepEqual(keys.map(({ path }) => path), ["names", "old", "mix.seed", "mix.share"]);
  assert.deepEqual(keys[0], {
    path: "names",
    type: "list of any of a, b or {name: string}",
    default: { a: "own", b: "own" },
    description: "names",
  });
  assert.deepEqual(keys[2]!.default, { a: 1, b: 1 });
  assert.deepEqual(configOrigins(schema, layers({}, ["names.law=x", "old=y"])), {
    "names.law": "set",
    "names.old": "set",
  });
});
