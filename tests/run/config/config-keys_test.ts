// Parts of runs that are pure: canonical JSON, code versions, and key paths of unusual schemas.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../../lib/errors.ts";
import { buildConfig } from "../../../lib/run/config/config.ts";
import { canonicalJson } from "../../../lib/run/files/canonical.ts";
import { configKeys } from "../../../lib/run/config/config-keys.ts";
import { gitCommit } from "../../../lib/run/files/versions.ts";
import { withFolder } from "../fixtures.ts";

Deno.test("`canonicalJson()` does not depend on the order of keys, and reads back as the value", () => {
  const value = { b: [1, { d: null, c: "é\n" }], a: -0, "": true, 10: 1, 9: 2 };
  const shuffled = { 9: 2, a: 0, "": true, b: [1, { c: "é\n", d: null }], 10: 1, gone: undefined };
  assert.equal(canonicalJson(value), canonicalJson(shuffled));
  assert.deepEqual(JSON.parse(canonicalJson(value)), { ...value, a: 0 });
  assert.notEqual(canonicalJson({ a: [1, 2] }), canonicalJson({ a: [2, 1] }));
});

Deno.test("`canonicalJson()` refuses what JSON would bend, with its path", () => {
  const cycle: { a?: unknown } = {};
  cycle.a = { b: cycle };
  for (
    const [value, path] of [
      [{ a: [0, NaN] }, "$.a[1]"],
      [{ a: Infinity }, "$.a"],
      [[undefined], "$[0]"],
      [{ a: new Map() }, "$.a"],
      [{ a: new Date() }, "$.a"],
      [{ a: 1n }, "$.a"],
      [cycle, "$.a.b"],
    ] as const
  ) {
    assert.throws(() => canonicalJson(value), (error) => error instanceof TypeError && error.message.includes(path));
  }
});

Deno.test("`gitCommit()` reads branches, packed references, detached heads and linked work trees", () =>
  withFolder(async (root) => {
    const commit = "0123456789012345678901234567890123456789";
    const write = (path: string, text: string) => Deno.writeTextFile(join(root, path), text);
    assert.equal(await gitCommit(root), undefined);
    await Deno.mkdir(join(root, ".git/refs/heads"), { recursive: true });
    await Deno.mkdir(join(root, ".git/worktrees/w"), { recursive: true });
    await write(".git/HEAD", `${commit}\n`);
    assert.equal(await gitCommit(root), commit);
    await write(".git/HEAD", "ref: refs/heads/main\n");
    assert.equal(await gitCommit(root), undefined);
    await write(".git/packed-refs", `# pack-refs\n${commit} refs/heads/main\n`);
    assert.equal(await gitCommit(root), commit);
    await write(".git/refs/heads/main", `${commit.replace("0", "f")}\n`);
    assert.equal(await gitCommit(root), commit.replace("0", "f"));
    await Deno.mkdir(join(root, "tree"));
    await write("tree/.git", `gitdir: ${join(root, ".git/worktrees/w")}\n`);
    await write(".git/worktrees/w/HEAD", "ref: refs/heads/main\n");
    await write(".git/worktrees/w/commondir", "../..\n");
    assert.equal(await gitCommit(join(root, "tree")), commit.replace("0", "f"));
  }));

const gate = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("linear"), bias: z.boolean().default(false) }),
  z.strictObject({ kind: z.literal("deep"), hidden: z.int().positive() }),
]);
const schema = z.strictObject({
  gate: gate.default({ kind: "linear", bias: false }),
  domains: z.record(z.string(), z.strictObject({ weight: z.number().default(1) })).default({}),
  anything: z.json().optional(),
  loose: z.object({ a: z.int().default(1) }).prefault({}),
});
const build = (...sets: string[]) => buildConfig(schema, { preset: { name: "p", value: {} }, sets });

Deno.test("`configKeys()` reaches into unions and records", () => {
  const keys = configKeys(schema).map(({ path }) => path);
  assert.deepEqual(keys, ["gate.kind", "gate.bias", "gate.hidden", "domains.<name>.weight", "anything", "loose.a"]);
  // The constants that tell the members apart are all shown.
  assert.equal(configKeys(schema)[0]!.type, '"linear" or "deep"');
});

Deno.test("`buildConfig()` sets keys of unions, records and free values", () => {
  assert.deepEqual(build("gate.kind=deep", "gate.hidden=4").gate, { kind: "deep", hidden: 4 });
  assert.deepEqual(build("domains.code.weight=2").domains, { code: { weight: 2 } });
  assert.deepEqual(build('anything={"a": [1]}').anything, { a: [1] });
  assert.deepEqual(build("anything=text").anything, "text");
  assert.throws(() => build("gate.kind=deep"), /gate\.hidden is missing: expected integer > 0/);
  assert.throws(() => build("gate.hiden=4"), /did you mean gate\.hidden\?/);
  assert.throws(() => build("gate.hidden.v1=4"), (error: UserError) => /a name cannot have one/.test(error.hint!));
  assert.throws(() => build("loose.b=4"), /Unknown setting loose\.b/);
  assert.throws(() => build("domains.code.wait=2"), /Unknown setting domains\.code\.wait/);
});

Deno.test("`buildConfig()` keeps the defaults beside what is set, in groups and in records", () => {
  const mix = z.record(z.string(), z.number());
  const schema = z.strictObject({
    mix: z.strictObject({
      seed: mix.prefault({ english: 1, code: 2 }),
      stitch: mix.default({ english: 3 }),
    }).prefault({}),
    group: z.strictObject({ a: z.int(), b: z.int() }).default({ a: 1, b: 2 }),
    maybe: z.strictObject({ mix: mix.default({ english: 1 }) }).optional(),
  });
  const build = (value: Record<string, unknown>, ...sets: string[]) =>
    buildConfig(schema, { preset: { name: "p", value }, sets });
  assert.deepEqual(build({}), schema.parse({}));
  assert.deepEqual(build({}, "mix.seed.code=5").mix, { seed: { english: 1, code: 5 }, stitch: { english: 3 } });
  assert.deepEqual(build({ mix: { seed: { math: 1 } } }, "mix.seed.code=5").mix.seed, { math: 1, code: 5 });
  assert.deepEqual(build({ mix: { seed: { math: 1 } } }, 'mix.seed={"code": 5}').mix.seed, { code: 5 });
  assert.deepEqual(build({}, "group.b=7").group, { a: 1, b: 7 });
  assert.deepEqual(build({}, "maybe.mix.code=5").maybe, { mix: { code: 5 } });
});

Deno.test("`--set` reads every mixture of types by its strictest reading that fits", () => {
  const schema = z.strictObject({
    kinds: z.union([z.enum(["alternating", "all"]), z.array(z.enum(["E2H", "H2E"]))]).default("all"),
    texts: z.union([z.string(), z.array(z.string())]).default(""),
    mixed: z.union([z.number(), z.boolean(), z.null(), z.string()]).default(null),
    numbers: z.array(z.number()).nullable().default(null),
    nested: z.array(z.array(z.int())).default([]),
    pair: z.tuple([z.int(), z.string()]).default([1, ""]),
    one: z.literal(["a", 2]).default("a"),
  });
  const set = (key: keyof z.output<typeof schema>, text: string) =>
    buildConfig(schema, { preset: { name: "p", value: {} }, sets: [`${key}=${text}`] })[key];
  assert.equal(set("kinds", "alternating"), "alternating");
  assert.deepEqual(set("kinds", "[E2H,H2E]"), ["E2H", "H2E"]);
  assert.deepEqual(set("kinds", '["E2H"]'), ["E2H"]);
  assert.throws(
    () => set("kinds", "alternatin"),
    /did you mean kinds=alternating\?|expected one of alternating, all or/,
  );
  assert.deepEqual(set("kinds", "E2H,H2E"), ["E2H", "H2E"]);
  assert.deepEqual(set("kinds", "H2E"), ["H2E"]);
  assert.throws(() => set("kinds", "E2H,H3E"), /kinds\[1\] to "H3E": expected one of E2H, H2E/);
  assert.throws(() => set("kinds", "E2"), (error) => error instanceof UserError && /kinds=E2H/.test(error.hint ?? ""));
  const preset = { name: "p", value: { kinds: ["E2H", "H2F"] } };
  assert.throws(() => buildConfig(schema, { preset, sets: [] }), /expected one of .*; did you mean "H2E"\?/);
  assert.throws(() => set("kinds", "[E2H,x]"), /kinds\[1\] to "x": expected one of E2H, H2E/);
  for (const text of ["a,b", "*.txt", "a: b", "# c", "&x", "true", "5", "null", "'q'"]) {
    assert.equal(set("texts", text), text);
  }
  assert.deepEqual(set("texts", "[*.txt, 5]"), ["*.txt", "5"]);
  assert.equal(set("texts", '"a\\nb"'), "a\nb");
  assert.deepEqual(
    ["5", "-.5e1", "1_0", "true", "null", "5x", '"5"', ".inf", "0x10"].map((text) => set("mixed", text)),
    [
      5,
      -5,
      10,
      true,
      null,
      "5x",
      "5",
      ".inf",
      "0x10",
    ],
  );
  assert.deepEqual(["null", "1", "1,2.5", "[]", "[1, 2]"].map((text) => set("numbers", text)), [
    null,
    [1],
    [1, 2.5],
    [],
    [1, 2],
  ]);
  assert.deepEqual(set("nested", "[[1,2],[3]]"), [[1, 2], [3]]);
  assert.deepEqual([set("pair", "7,x"), set("one", "2"), set("one", "a")], [[7, "x"], 2, "a"]);
  assert.throws(() => set("pair", "x,7"), /pair\[0\] to "x": expected integer/);
});

Deno.test("`buildConfig()` takes a former key from every source, and refuses it beside today's", () => {
  const group = z.preprocess((value) => value, z.strictObject({ start: z.string().default("plain") }))
    .meta({ formerKeys: { begin: "start" } });
  const schema = z.strictObject({ group: group.prefault({}) });
  const preset = { name: "a", value: { group: { start: "random" } } };
  const file = (value: Record<string, unknown>) => ({ path: "a.json", value: { group: value }, where: () => "a.json" });
  const start = { group: { start: "hub" } };
  assert.deepEqual(buildConfig(schema, { preset, sets: ["group.begin=hub"] }), start);
  assert.deepEqual(buildConfig(schema, { preset, file: file({ begin: "hub" }), sets: [] }), start);
  assert.deepEqual(
    buildConfig(schema, { preset: { name: "a", value: { group: { begin: "hub" } } }, sets: [] }),
    start,
  );
  const refuses = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;
  const both = file({ begin: "hub", start: "hub" });
  assert.throws(() => buildConfig(schema, { preset, file: both, sets: [] }), refuses("config.unknown-key"));
  const sets = ["group.begin=hub", "group.start=hub"];
  assert.throws(() => buildConfig(schema, { preset, sets }), refuses("config.repeated-key"));
});
