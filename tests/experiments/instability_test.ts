// The instability experiment: spikes, arms, tables, a real divergence, and the command.
import assert from "node:assert/strict";
import { join } from "node:path";
import { instabilityExperiment } from "../../experiments/instability.ts";
import { armsOf, checkArms } from "../../experiments/instability/arms.ts";
import { instabilityConfigSchema } from "../../experiments/instability/config.ts";
import { countFalseWarnings, findSpikes, type Outcome } from "../../experiments/instability/outcome.ts";
import { type ArmOutcomes, outcomesTable, verdict, warningsTable } from "../../experiments/instability/tables.ts";
import { ratiosTable } from "../../experiments/instability/ratios-table.ts";
import { type Trace, trainArm } from "../../experiments/instability/train-arm.ts";
import { memoryStream } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { random } from "../../lib/random.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { assertPlanned } from "./planned.ts";

const RULE = instabilityConfigSchema.parse({}).monitor.spike;

/** Losses of 0.1 with noise; `changes` replace some of them. */
function losses(count: number, ...changes: readonly (readonly [tick: number, ...values: number[]])[]): number[] {
  const source = random(1, "losses");
  const all = Array.from({ length: count }, () => 0.1 + 0.002 * source.normal());
  for (const [tick, ...values] of changes) all.splice(tick - 1, values.length, ...values);
  return all;
}

Deno.test("`findSpikes()` finds spikes with their peak, length and warning", () => {
  const curve = losses(300, [100, 0.7, 2, 1.5, 0.8, 0.3], [200, 1], [250, NaN, 1]);
  assert.deepEqual(
    findSpikes(curve, RULE, [30, 98, 99, 201, 250]).map(({ before, ...spike }) => [Math.round(before * 10), spike]),
    [
      [1, { tick: 100, peak: 2, lasting: 4, lead: 2 }],
      [1, { tick: 200, peak: 1, lasting: 1, lead: null }],
      [1, { tick: 250, peak: 1, lasting: 2, lead: 0 }],
    ],
  );
  assert.deepEqual(findSpikes(losses(300), RULE, []), []);
});

Deno.test("`countFalseWarnings()` counts warnings that no spike follows, consecutive ones once", () => {
  const spikes = findSpikes(losses(300, [100, 1, 1]), RULE, []);
  assert.equal(countFalseWarnings([98, 100, 105], spikes), 0);
  assert.equal(countFalseWarnings([20, 21, 22, 98, 240, 280], spikes), 3);
  assert.equal(countFalseWarnings([80], spikes), 1);
});

Deno.test("`armsOf()` gives every arm its own action, and none for other ε; `checkArms()` refuses duplicates", () => {
  const config = instabilityConfigSchema.parse({ epsilons: [1e-6, 1e-10] });
  const arms = armsOf(config).map(({ name, passive, monitor: { spike, instability }, train }) =>
    `${name} ${spike.action} ${instability.action} ${train.epsilon}${passive ? " passive" : ""}`
  );
  assert.deepEqual(arms, [
    "plain alert alert 1e-8 passive",
    "skip skip alert 1e-8",
    "rewind rewind alert 1e-8",
    "clip alert clip 1e-8",
    "epsilon alert epsilon 1e-8",
    "epsilon=1e-6 alert alert 0.000001 passive",
    "epsilon=1e-10 alert alert 1e-10 passive",
  ]);
  for (const wrong of [{ arms: ["plain", "plain"] }, { epsilons: [1e-6, 1e-6] }, { epsilons: [1e-8] }]) {
    assert.throws(
      () => checkArms(instabilityConfigSchema.parse(wrong)),
      (error) => error instanceof UserError && error.code === "instability.arms",
    );
  }
});

Deno.test("the experiment refuses domains without english", async () => {
  const config = instabilityConfigSchema.parse({ data: { domains: ["code"] } });
  await assert.rejects(
    async () => await instabilityExperiment.check(config),
    (error) => error instanceof UserError && error.code === "instability.domains",
  );
});

Deno.test("`verdict()` and the tables show which actions helped", () => {
  const arms = armsOf(instabilityConfigSchema.parse({ epsilons: [] }));
  const outcome = (seed: number, spikes: number): Outcome => ({
    seed,
    final: 0.1,
    ticks: 300,
    falseWarnings: 1,
    calm: 0.4,
    actions: { clip: 1 },
    error: null,
    spikes: Array.from(
      { length: spikes },
      (_, i) => ({ tick: 100 * i + 50, before: 0.1, peak: 2 + i, lasting: 3, lead: i }),
    ),
  });
  const counts: Readonly<Record<string, [number, number]>> = {
    plain: [2, 1],
    skip: [3, 2],
    rewind: [1, 2],
    clip: [0, 0],
    epsilon: [0, 1],
  };
  const all: ArmOutcomes[] = arms.map((arm) => ({ arm, outcomes: counts[arm.name]!.map((n, i) => outcome(i + 1, n)) }));
  assert.equal(
    verdict(all, 1),
    "The plain arm diverges 1.5 times per seed. No divergences: clip (0.0). Fewer: epsilon (0.5). " +
      "As many or more: skip (2.5), rewind (1.5).",
  );
  assert.equal(
    verdict(all.slice(3).map((one) => ({ ...one, arm: arms[0]! })), 1),
    "The plain arm does not diverge, so there is nothing to prevent.",
  );
  const [plain] = outcomesTable(all, 2.5).rows;
  assert.deepEqual([plain!["divergences"], plain!["spikes"], plain!["peak"], plain!["lost"]], [0.5, 1.5, 3, 4.5]);
  assert.deepEqual(warningsTable(all).rows.map(({ arm, seed, spike, lead }) => [arm, seed, spike, lead]), [
    ["plain", 1, "50", "at the same step"],
    ["plain", 1, "150", "1 step before"],
    ["plain", 2, "50", "at the same step"],
  ]);
});

Deno.test("a real divergence: the update ratio gives a warning in time, and clipping from then on prevents it", async () => {
  // A divergence depends on every bit. Without the system's BLAS, results are the same on all machines.
  const device = await openDevice("cpu", { threads: 1, products: "wasm" });
  const source = random(1, "tokens");
  const tokens = Int32Array.from({ length: 300 }, () => source.int(32));
  const text = memoryStream({ tokens, starts: Int32Array.of(0), bytes: 300 });
  const config = instabilityConfigSchema.parse({
    train: { steps: 262, batch: 4, lr: 0.05, warmup: 10, floor: 1, weightDecay: 0, clipNorm: 1e9 },
  });
  const shape = { vocabSize: 32, width: 16, layers: 2, heads: 2, kvHeads: 2, inner: 32, contextLength: 16 };
  const model = { ...shape, ropeTheta: 10_000, normEps: 1e-5, tiedEmbeddings: false };
  const [plain, clip] = armsOf(config).filter(({ name }) => name === "plain" || name === "clip");
  let acted = 0; // the tick of the action
  const follow = (arm: typeof plain): Promise<Trace> =>
    trainArm({
      arm: arm!,
      model,
      text,
      batches: 2,
      rngSeed: 2,
      signal: new AbortController().signal,
      onLoss: () => {},
      onAlert: ({ action, step }) => void (acted = action === "clip" ? step : acted),
    });
  const [wild, tame] = [await follow(plain), await follow(clip)];
  await device.close();
  const [spike] = wild.outcome.spikes;
  assert.ok(spike !== undefined && spike.peak > 20 * spike.before, JSON.stringify(wild.outcome.spikes));
  assert.ok(spike.lead !== null && spike.lead >= 0, "a warning came, at the latest before the update of that step");
  assert.equal(wild.outcome.falseWarnings, 0);
  assert.ok(acted > 200 && acted <= spike.tick, `${acted}, ${spike.tick}`);
  assert.deepEqual(tame.losses.slice(0, acted), wild.losses.slice(0, acted), "the same until then");
  assert.equal(tame.outcome.actions["clip"], 1);
  const highest = Math.max(0, ...tame.outcome.spikes.map(({ peak }) => peak));
  assert.ok(highest < spike.peak / 3, `${highest} instead of ${spike.peak}`);
  // One bell before; two peaks at the spike.
  const table = ratiosTable(wild)!;
  const share = (column: string, from: number, to: number) =>
    table.rows.filter(({ u }) => Math.abs(Number(u)) >= from && Math.abs(Number(u)) < to)
      .reduce((sum, row) => sum + Number(row[column]), 0);
  assert.ok(share("-30 attention", 0, 0.2) > 0.95 && share("0 attention", 0, 0.2) < 0.1);
});

Deno.test("`instability.ts --preset smoke` trains every arm, prints its table as JSON and writes a report", async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-instability-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "experiments/instability.ts", "--no-serve", "--preset", "smoke", "--runs", runs, "--json"],
      cwd: repositoryRoot,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const result = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
    await assertPlanned(runs, result.run);
    const rows: { arm: string; final: number }[] = result.tables.outcomes;
    assert.deepEqual(rows.map(({ arm }) => arm), ["plain", "skip", "rewind", "clip", "epsilon", "epsilon=1e-6"]);
    for (const { arm, final } of rows) assert.ok(final > 0 && final < Math.log(512), `${arm} ${final}`);
    const report = await Deno.readTextFile(join(runs, result.run, "report.html"));
    for (const words of ["Outcomes of training", "Loss of every arm"]) assert.ok(report.includes(words), words);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});
