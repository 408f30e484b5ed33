// The studies: their variants, what they say of the paper's directions, and one of them end to end.
import assert from "node:assert/strict";
import { join } from "node:path";
import { checkBts } from "../../lib/bts/check.ts";
import { type BtsConfig, btsConfigSchema } from "../../lib/bts/config.ts";
import { checkChange, checkRestitching } from "../../lib/bts/expert-check.ts";
import { type ExpertConfig, expertConfigSchema } from "../../lib/bts/finished.ts";
import { changedConfig } from "../../lib/bts/modular.ts";
import { crosslingualStudy } from "../../experiments/studies/crosslingual.ts";
import { expertsStudy } from "../../experiments/studies/experts.ts";
import { gatesStudy } from "../../experiments/studies/gates.ts";
import { hubStudy } from "../../experiments/studies/hub.ts";
import { initializationStudy } from "../../experiments/studies/initialization.ts";
import { stitchCountStudy } from "../../experiments/studies/stitch-count.ts";
import { stitchKindsStudy } from "../../experiments/studies/stitch-kinds.ts";
import { directionsTable, verdictOf } from "../../lib/study/directions.ts";
import type { ComparisonRow } from "../../lib/bts/tables.ts";
import { judge, resultsMarkdown } from "../../lib/study/results.ts";
import { type Study, studyDefinition } from "../../lib/study/definition.ts";
import { UserError } from "../../lib/errors.ts";
import { buildConfig, readRun, repositoryRoot, type RunView, type Table } from "../../lib/run/mod.ts";
import { stitchFile } from "../../lib/bts/stitch-file.ts";
import { loadStitches } from "../../lib/stitch/mod.ts";
import { assertPlanned } from "./planned.ts";

const STUDIES: readonly Study[] = [
  stitchCountStudy,
  stitchKindsStudy,
  hubStudy,
  crosslingualStudy,
  initializationStudy,
  gatesStudy,
  expertsStudy,
];

function configOf(study: Study, preset: string): BtsConfig {
  const { schema, presets } = studyDefinition(study);
  return buildConfig(schema, { preset: { name: preset, value: presets[preset]!.config }, sets: [] });
}

for (const study of STUDIES) {
  Deno.test(`the study ${study.name} has valid variants with names of their own, and directions between them`, () => {
    for (const preset of Object.keys(studyDefinition(study).presets)) {
      const config = configOf(study, preset);
      const variants = study.variants(config);
      const names = variants.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      assert.ok(names.length > 1, `${preset}: one variant alone answers nothing`);
      const made = variants.map(({ change }) => change(config));
      for (const one of made) checkBts(btsConfigSchema.parse(one));
      assert.equal(new Set(made.map((one) => JSON.stringify(one))).size, names.length, "no two variants are equal");
      for (const { better, worse, on } of study.directions(config)) {
        for (const method of [better, worse]) assert.ok(method === "seed" || names.includes(method), method);
        assert.ok(on === "mean" || config.data.domains.some((domain) => domain === on), on);
      }
    }
  });
}

Deno.test("no two variants of the study of kinds compute the same, and its directions compare what differs", () => {
  const made = (layers: number, count: number) => {
    const config = configOf(stitchKindsStudy, "quick");
    const own = { ...config, model: { ...config.model, layers }, stitch: { ...config.stitch, count } };
    const names = stitchKindsStudy.variants(own).map(({ name }) => name);
    return [names, stitchKindsStudy.directions(own).map(({ better, worse }) => `${better} < ${worse}`)];
  };
  const all = ["all E2H", "all E2H, pass-through"];
  // With K = 2 the one E2H of the alternating stitches is the last: what the experts go on with is never read.
  const two = [["alternating", ...all], ["all E2H < alternating", "all E2H, pass-through < all E2H"]];
  assert.deepEqual(made(4, 2), two);
  assert.deepEqual(made(6, 3), [
    ["alternating", "all E2H", "alternating, pass-through", "all E2H, pass-through"],
    ["all E2H < alternating", "alternating, pass-through < alternating"],
  ]);
  assert.deepEqual(made(4, 1), [["alternating"], []]);
});

Deno.test("a study with one variant is refused before anything is written", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "experiments/studies/stitch-kinds.ts",
      "--preset",
      "smoke",
      "--set",
      "stitch.count=1",
      "--dry-run",
    ],
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /leave the study one variant, alternating/);
});

/** A finished run with these mean bits per byte. */
const run = (seed: number, means: Readonly<Record<string, number>>, preset = "study"): RunView => ({
  id: `run-${seed}`,
  experiment: "x",
  title: "X",
  preset,
  seed,
  device: "none",
  status: "done",
  config: {},
  command: [],
  versions: {},
  pid: 0,
  startedAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
  seconds: 1,
  cells: [{ tables: [costTable("method-costs", "Cost of each"), costTable("other", "Anything else")] }],
  notes: [],
  error: null,
  lastSeq: 0,
  results: {
    domains: ["code"],
    methods: Object.fromEntries(
      Object.entries(means).map(([name, mean]) => [name, {
        bpb: { code: mean, mean },
        bpbInterval: {},
        tasks: {},
        parameters: { trained: 0, total: name === "seed" ? 1_400_000 : 1, active: 1 },
      }]),
    ),
  },
} as unknown as RunView);

function costTable(name: string, title: string): Table {
  return { name, title, columns: [{ key: "method", title: "method", kind: "text" }], rows: [{ method: "bts" }] };
}

const direction = { claim: "a beats b", better: "a", worse: "b", on: "mean", paper: "yes: 2 against 1" };

Deno.test("`judge()` says yes or no only where the interval over seeds leaves out zero", () => {
  const views = (...pairs: readonly (readonly [number, number])[]) => pairs.map(([a, b], i) => run(i + 1, { a, b }));
  const clear = judge(direction, views([2, 2.2], [2.1, 2.3], [2, 2.21]))!;
  assert.deepEqual([clear.here, clear.wins, clear.seeds], ["yes", 3, 3]);
  assert.ok(Math.abs(clear.saved - (0.2 + 0.2 + 0.21) / 3) < 1e-12);
  assert.equal(judge(direction, views([2.2, 2], [2.3, 2.1], [2.21, 2]))!.here, "no");
  assert.equal(judge(direction, views([2, 2.2], [2.1, 2.0], [2, 2.21]))!.here, "unclear");
  // Two seeds have no useful interval, however much they agree.
  assert.equal(judge(direction, views([2, 2.2], [2.1, 2.2]))!.here, "unclear");
  assert.equal(judge(direction, [run(1, { a: 1 })]), undefined);
  assert.deepEqual(
    [verdictOf({ low: -2, high: -1 }), verdictOf({ low: 1, high: 2 }), verdictOf({ low: -1, high: 1 })],
    [
      "yes",
      "no",
      "unclear",
    ],
  );
});

Deno.test("`resultsMarkdown()` sets every direction beside the paper, in words and in a table", () => {
  const views = [run(1, { a: 2, b: 2.2 }), run(2, { a: 2.1, b: 2.3 }), run(3, { a: 2, b: 2.21 })];
  const open = { ...direction, claim: "b beats a", better: "b", worse: "a", paper: null };
  const alike = { ...direction, claim: "a and b differ", paper: "no difference: 2 and 2" };
  const page = resultsMarkdown(
    [{ name: "x", script: "x.ts", title: "X | Y", question: "Which?", directions: [direction, open, alike], views }],
    "deno task results",
    ["preset study"],
  );
  assert.match(
    page,
    /findings that came out here too:\n\n- a beats b: yes, \+0\.203 ± 0\.\d+ bits per byte, as claimed in 3 of 3 seeds \(study\)\./,
  );
  assert.match(page, /Where the paper finds no difference:\n\n- a and b differ: yes/);
  assert.match(page, /leaves open, answered here:\n\n- b beats a: no, −0\.203/);
  assert.match(page, /\| a beats b \| yes: 2 against 1 \| yes \| \+0\.203/);
  assert.match(page, /## X \\\| Y/);
  assert.match(page, /Cost of each \(seed 1\):\n\n\| method \|\n\| --- \|\n\| BTS \|/);
  assert.doesNotMatch(page, /Anything else/);
});

const pageOf = (views: readonly RunView[], names = ["x"]) =>
  resultsMarkdown(
    names.map((name) => ({
      name,
      script: `${name}.ts`,
      title: name,
      question: "Which?",
      directions: [direction],
      views,
    })),
    "deno task results",
    [],
  );

Deno.test("`resultsMarkdown()` shows no interval over fewer than three seeds, and says that all stays unclear", () => {
  const two = pageOf([run(1, { a: 2, b: 2.47 }), run(2, { a: 2, b: 2.471 })]);
  assert.doesNotMatch(two, /±/);
  assert.match(two, /a beats b: unclear, \+0\.4705 \(\+0\.4700, \+0\.4710\) bits per byte, as claimed in 2 of 2 seeds/);
  assert.match(two, /\| unclear \| \+0\.4705 \(\+0\.4700, \+0\.4710\) \| 2 of 2 \|/);
  assert.match(two, /only with three seeds or more, and where.* Here are 2 seeds, too few for an interval/);
  const one = pageOf([run(1, { a: 2, b: 2.25 })]);
  assert.match(one, /unclear, \+0\.250 bits per byte, as claimed in 1 of 1 seed \(study\)/);
  assert.match(one, /Here is one seed/);
  assert.doesNotMatch(pageOf([1, 2, 3].map((seed) => run(seed, { a: 2, b: 2.2 + seed / 100 }))), /too few/);
});

Deno.test("`resultsMarkdown()` says how large the models are, and which preset is too small for findings", () => {
  const views = (preset: string) => [1, 2, 3].map((seed) => run(seed, { a: 2, b: 2.2 + seed / 100, seed: 3 }, preset));
  assert.match(pageOf(views("study")), /small tasks with models of 1\.4M parameters/);
  assert.doesNotMatch(pageOf(views("study")), /too small/);
  assert.match(pageOf(views("smoke")), /\*\*Preset `smoke`:\*\* This preset only checks .* too small to show anything/);
});

Deno.test("`resultsMarkdown()` shows differences that are not zero as such, and says a finding once", () => {
  const views = [1, 2, 3].map((seed) => run(seed, { a: 2, b: 2.00002 + seed / 1e6 }));
  const page = pageOf(views, ["x", "y"]);
  assert.match(page, /\+0\.000022 ± 0\.000002 bits/);
  assert.equal(page.match(/- a beats b/g)!.length, 1);
  assert.equal(page.match(/\| a beats b/g)!.length, 2, "each study's table has it");
});

Deno.test("the directions of a run show small differences as such", () => {
  const row = (difference: number) => ({ ...direction, found: { difference, low: 0, high: 1 } as ComparisonRow });
  const digits = (...differences: number[]) =>
    directionsTable(differences.map(row)).columns.find(({ key }) => key === "difference")!.digits;
  assert.equal(digits(0.1, 0), 4);
  assert.equal(digits(0.1, 0.00003), 5);
});

Deno.test("`changedConfig()` takes an expert out or puts one in, and refuses what cannot be", () => {
  const config = btsConfigSchema.parse({});
  assert.deepEqual(changedConfig(config, { kind: "remove", expert: "math" }).experts, ["code", "multilingual"]);
  assert.deepEqual(changedConfig(config, { kind: "add", expert: "english" }).experts.at(-1), "english");
  const refuses = (config: BtsConfig, kind: "add" | "remove", expert: string, message: RegExp) =>
    assert.throws(
      () => changedConfig(config, { kind, expert }),
      (error) => error instanceof UserError && message.test(error.message),
    );
  refuses(config, "remove", "english", /no expert "english": the run has code, math, multilingual/);
  refuses(config, "add", "code", /has the expert "code" already/);
  refuses(config, "add", "law", /no domain "law"/);
  refuses({ ...config, hub: "code" }, "remove", "code", /it is the hub/);
});

Deno.test("`checkChange()` keeps something to stitch, and says what is there", () => {
  const config = btsConfigSchema.parse({ experts: ["code"] });
  assert.throws(
    () => checkChange(config, { kind: "remove", expert: "code" }),
    (error) => error instanceof UserError && /Cannot remove code: then nothing is stitched to seed/.test(error.message),
  );
  assert.throws(() => checkChange(config, { kind: "add", expert: "code" }), /already: its experts are code$/);
  checkChange(config, { kind: "add", expert: "math" });
});

Deno.test("`checkRestitching()` lets only what re-stitching may change be set, and no other seed", () => {
  const run = { id: "run-1", seed: 1 };
  const of = (change: "add" | "remove") =>
    expertConfigSchema.parse({ from: run.id, change, expert: change === "add" ? "english" : "code", restitch: 3 });
  const check = (standard: ExpertConfig, changed: object, seeds = [1]) =>
    checkRestitching(run, standard, { config: { ...standard, ...changed }, seeds });
  const less = of("remove");
  const { data, eval: measuring, stitch, train } = less;
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ hub: "math" }, /Cannot set hub: the models are those of the run run-1/],
    [{ data: { ...data, heldoutBytes: 9_000 } }, /Cannot set data\.heldoutBytes/],
    [{ eval: { ...measuring, items: 8 } }, /Cannot set eval\.items/],
    [{ stitch: { ...stitch, count: 1, gates: "scalar" } }, /Cannot set stitch\.count, stitch\.gates/],
    [{ model: { ...less.model, width: 64 } }, /Cannot set model\.width/],
    [{ train: { ...train, expert: { ...train.expert, lr: 0.1 } } }, /Cannot set train\.expert\.lr/],
    [{ experts: ["code", "math"] }, /Cannot set experts/],
    [{ expert: "math" }, /Cannot set expert: the words before the options say it/],
    [{ from: "another" }, /Cannot set from: the words/],
  ];
  for (const [changed, message] of refused) {
    assert.throws(
      () => check(less, changed),
      (error) => error instanceof UserError && message.test(error.message),
      String(message),
    );
  }
  assert.throws(() => check(less, {}, [5]), /Cannot take another seed: .* whose seed is 1/);
  assert.throws(() => check(less, {}, [1, 2]), /Cannot take another seed/);
  check(less, { restitch: 9, train: { ...train, stitch: { ...train.stitch, lr: 0.1 } } });
  check(less, { mix: { ...less.mix, stitch: { english: 1 } }, checkpoint: { ...less.checkpoint, every: 7 } });
  check(of("add"), { train: { ...train, expert: { ...train.expert, lr: 0.1 } } });
});

Deno.test("`modularity --preset smoke` measures every change, and keeps the others' parameters bit for bit", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-studies-" });
  try {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "experiments/studies/modularity.ts",
        "--preset",
        "smoke",
        "--no-serve",
        "--json",
        "--runs",
        runs,
      ]
        .concat(
          ["--set", 'experts=["code","math"]', "--set", "eval.items=4", "--set", "eval.tokens=512"],
        ),
      cwd: repositoryRoot,
      stdin: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { run: id, directions: found } = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
    const view = (await readRun(runs, id))!;
    await assertPlanned(runs, id);
    const methods = Object.keys(view.results!.methods);
    assert.deepEqual(methods, [
      "seed",
      "all",
      ...["without code", "without math", "with english"].flatMap((change) =>
        ["untouched", "3 steps", "from scratch"].map((how) => `${change}, ${how}`)
      ),
    ]);
    const folder = (cell: string) => join(runs, view.cells.find(({ name }) => name === cell)!.artifacts[0]!.path, "..");
    const before = (await loadStitches(stitchFile(folder("stitch:all")))).stitches;
    const less = await loadStitches(stitchFile(folder("adapt:without code")));
    assert.deepEqual(less.experts.map(({ name }) => name), ["math"]);
    assert.deepEqual(less.stitches["stitch.0.projection.1"], before["stitch.0.projection.2"]);
    assert.deepEqual(less.stitches["stitch.1.gate.0"], before["stitch.1.gate.0"]);
    const more = await loadStitches(stitchFile(folder("adapt:with english")));
    assert.deepEqual(more.experts.map(({ name }) => name), ["code", "math", "english"]);
    for (const [name, tensor] of Object.entries(before)) assert.deepEqual(more.stitches[name], tensor, name);
    const tables = view.cells.find(({ name }) => name === "report")!.tables;
    const directions = tables.find(({ name }) => name === "directions")!;
    assert.equal(directions.rows.length, 6);
    assert.deepEqual(found, directions.rows, "--json has them, with their intervals");
    for (const row of tables.find(({ name }) => name === "variants")!.rows) {
      const method = String(row.method);
      const trained = !method.endsWith("untouched");
      for (const key of ["total", "scoring-speed", ...(trained ? ["trained", "training-speed"] : [])]) {
        assert.ok(Number(row[key]) > 0, `${method}: ${key}`);
      }
      assert.ok(typeof row["scoring-bytes"] === "number", method);
      assert.equal(row["training-bytes"] === null, !trained, method);
    }
    for (const { here, low, high } of directions.rows) {
      assert.equal(here, verdictOf({ low: Number(low), high: Number(high) }));
    }
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

Deno.test("`deno task results` refuses a mistake before anything is trained", async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["--preset", "smok"], /--preset names "smok": expected smoke, quick, study, lab\n.*did you mean smoke\?/],
    [["--main", "lap"], /--main names "lap".*did you mean lab\?/s],
    [["--only", "hubs"], /--only names "hubs".*did you mean hub\?/s],
    [["--seeds", "1,x"], /expected a number or a range, not "x"/],
    [["--out", "none/such/page.md"], /there is no folder none\/such/],
  ];
  await Promise.all(cases.map(async ([args, message]) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "experiments/results.ts", ...args],
      cwd: repositoryRoot,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    assert.equal(code, 2, args.join(" "));
    assert.match(new TextDecoder().decode(stderr), message);
  }));
});
