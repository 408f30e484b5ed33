// The variants and directions of all studies.
import assert from "node:assert/strict";
import type { z } from "zod";
import { baselinesExperiment } from "../../../experiments/baselines.ts";
import { crosslingualStudy } from "../../../experiments/studies/crosslingual.ts";
import { domainsExperiment, domainsStudy } from "../../../experiments/studies/domains.ts";
import { expertsStudy } from "../../../experiments/studies/experts.ts";
import { gatesStudy } from "../../../experiments/studies/gates.ts";
import { hubStudy } from "../../../experiments/studies/hub.ts";
import { initializationStudy } from "../../../experiments/studies/initialization.ts";
import { lowRankStudy } from "../../../experiments/studies/low-rank.ts";
import { manyExpertsExperiment } from "../../../experiments/studies/many-experts.ts";
import { byMethod } from "../../../experiments/studies/many-experts/config.ts";
import { modularityExperiment } from "../../../experiments/studies/modularity.ts";
import { skippingExperiment, skippingStudy } from "../../../experiments/studies/skipping.ts";
import { stitchCountStudy } from "../../../experiments/studies/stitch-count.ts";
import { stitchKindsStudy } from "../../../experiments/studies/stitch-kinds.ts";
import { type BtsConfig, btsConfigSchema, checkBts } from "../../../lib/bts/mod.ts";
import type { LoadedCorpus } from "../../../lib/data/mod.ts";
import { type Experiment, planOf } from "../../../lib/experiment/mod.ts";
import { buildConfig } from "../../../lib/run/mod.ts";
import { type Study, studyDefinition, studyExperiment } from "../../../lib/study/mod.ts";
import { assertRefused } from "../../experiment/refused.ts";

const STUDIES: readonly Study[] = [
  stitchCountStudy,
  stitchKindsStudy,
  lowRankStudy,
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
  Deno.test(`the study ${study.name} has valid variants with distinct names, and directions between them`, () => {
    for (const preset of Object.keys(studyDefinition(study).presets)) {
      const config = configOf(study, preset);
      const variants = study.variants(config);
      const names = variants.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      assert.ok(names.length > 1, `${preset}: one variant has nothing to compare with`);
      const made = variants.map(({ change }) => change(config));
      for (const one of made) checkBts(btsConfigSchema.parse(one));
      assert.equal(new Set(made.map((one) => JSON.stringify(one))).size, names.length, "no two variants are equal");
      for (const { better, worse, on } of study.directions(config)) {
        for (const method of [better, worse]) assert.ok(method === "seed" || names.includes(method), method);
        assert.ok(on === "mean" || Object.hasOwn(config.data.domains, on), on);
      }
    }
  });
}

Deno.test("every study and the comparison of all methods plan with own domains", async () => {
  const planned = async <Schema extends z.ZodType<BtsConfig>>(
    experiment: Pick<Experiment<Schema, LoadedCorpus>, "definition" | "body" | "outline">,
  ) => {
    const { schema, presets, name } = experiment.definition;
    const preset = { name: "smoke", value: presets["smoke"]!.config as Record<string, unknown> };
    const config = buildConfig(schema, { preset, sets: ["data.domains.law=a.txt", "data.domains.poems=b.txt"] });
    checkBts(config);
    assert.ok(Object.hasOwn(config.data.domains, "law"), name);
    const cells = (await planOf(experiment, config)).map(({ cell }) => cell);
    assert.ok(config.experts.length > 0 && config.experts.every((domain) => cells.includes(`expert:${domain}`)), name);
    return config.experts;
  };
  for (const study of STUDIES) {
    const experts = await planned(studyExperiment(study));
    const own = study.settings === undefined || !("experts" in study.settings);
    if (own) assert.deepEqual(experts, ["law", "poems"], study.name);
  }
  assert.deepEqual(await planned(modularityExperiment), ["law", "poems"]);
  assert.equal((await planned(skippingExperiment)).length, 8); // its own
  assert.deepEqual(await planned(baselinesExperiment), ["law", "poems"]);
});

Deno.test("no two variants of the study of kinds compute the same", () => {
  const made = (layers: number, count: number) => {
    const config = configOf(stitchKindsStudy, "quick");
    const own = { ...config, model: { ...config.model, layers }, stitch: { ...config.stitch, count } };
    const names = stitchKindsStudy.variants(own).map(({ name }) => name);
    return [names, stitchKindsStudy.directions(own).map(({ better, worse }) => `${better} < ${worse}`)];
  };
  const all = ["all E2H", "all E2H, pass-through"];
  // With K = 2, the only E2H of the alternating stitches is the last, so the experts' state after it is not used.
  const two = [["alternating", ...all], ["all E2H < alternating", "all E2H, pass-through < all E2H"]];
  assert.deepEqual(made(4, 2), two);
  assert.deepEqual(made(6, 3), [
    ["alternating", "all E2H", "alternating, pass-through", "all E2H, pass-through"],
    ["all E2H < alternating", "alternating, pass-through < alternating"],
  ]);
  assert.deepEqual(made(4, 1), [["alternating"], []]);
});

Deno.test("a study with one variant is refused before anything is written", async () => {
  const args = ["--preset", "smoke", "--set", "stitch.count=1", "--dry-run"];
  await assertRefused(studyExperiment(stitchKindsStudy), args, /the study has only one variant, alternating/);
});

const settingsOf = <Schema extends z.ZodType<BtsConfig>>(
  { definition: { schema, presets } }: Pick<Experiment<Schema, LoadedCorpus>, "definition">,
  preset: string,
  sets: readonly string[] = [],
) =>
  buildConfig(schema, {
    preset: { name: preset, value: presets[preset]!.config as Record<string, unknown> },
    sets: [...sets],
  });

Deno.test("the study of domains plans an expert for each group, and compares on the same text", async () => {
  const config = settingsOf(domainsExperiment, "smoke", ["experts=novel,compiler,messages"]);
  const cells = (await planOf(domainsExperiment, config)).map(({ cell }) => cell);
  assert.equal(new Set(cells).size, cells.length);
  for (const name of ["expert:group-3:discovered", "expert:group-1:random", "stitch:by hand", "evaluate:random"]) {
    assert.ok(cells.includes(name), name);
  }
  assert.ok(!cells.includes("expert:group-4:discovered"));
  assert.ok(domainsStudy.directions(config).every(({ better }) => better.startsWith("B") || better.startsWith("Soup")));
});

Deno.test("methods of many experts are listed method after method, also where some are missing", () => {
  const rows = [["a, n=2", "c, n=2"], ["a, n=4", "b, n=4", "c, n=4"]];
  assert.deepEqual(byMethod(rows, (name) => name), ["a, n=2", "a, n=4", "b, n=4", "c, n=2", "c, n=4"]);
});

Deno.test("the study of many experts plans every expert once, and every combination for each number", async () => {
  const config = settingsOf(manyExpertsExperiment, "smoke", ["counts=2,5", "built=5"]);
  const cells = (await planOf(manyExpertsExperiment, config)).map(({ cell }) => cell);
  assert.equal(new Set(cells).size, cells.length);
  assert.equal(cells.filter((name) => name.startsWith("expert:")).length, 5);
  for (const n of [2, 5]) {
    for (const name of ["stitch", "evaluate:bts", "gates"]) assert.ok(cells.includes(`${name}:n=${n}`), name);
    for (const name of ["routing", "btx-top2", "dume"]) assert.equal(cells.includes(`${name}:n=${n}`), n === 5, name);
  }
});

Deno.test("the study of skipping compares variants that its plan measures", async () => {
  for (const experts of ["novel", "novel,compiler,messages"]) {
    const config = settingsOf(skippingExperiment, "quick", [`experts=${experts}`]);
    const cells = (await planOf(skippingExperiment, config)).map(({ cell }) => cell);
    const measured = cells.flatMap((name) => name.startsWith("evaluate:") ? [name.slice("evaluate:".length)] : []);
    assert.equal(new Set(measured).size, measured.length);
    for (const { better, worse } of skippingStudy.directions(config)) {
      for (const method of [better, worse]) assert.ok(measured.includes(method), method);
    }
  }
});
