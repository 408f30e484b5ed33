// `deno task plan`: time, memory and cost on a cluster, against sums by hand.
import assert from "node:assert/strict";
import { btsConfigSchema, btsDefinition } from "../../lib/bts/config.ts";
import { baselinesDefinition } from "../../experiments/baselines/config.ts";
import { planCommand } from "../../lib/cli/plan.ts";
import { gpuNamed, GPUS } from "../../lib/cluster/gpus.ts";
import { type Job, jobsOf } from "../../lib/cluster/jobs.ts";
import { deviceMemory, leastSharding, SHARDINGS } from "../../lib/cluster/memory.ts";
import { type Cluster, schedule } from "../../lib/cluster/schedule.ts";
import { UserError } from "../../lib/errors.ts";
import { parameterCount } from "../../lib/model/mod.ts";
import { buildConfig } from "../../lib/run/mod.ts";
import { pretrainFlops, stitchTrainFlops } from "../../lib/train/mod.ts";

function configOf(name: string, ...sets: string[]) {
  const preset = { name, value: btsDefinition.presets[name]!.config as Record<string, unknown> };
  return buildConfig(btsConfigSchema, { preset, sets });
}

const config = configOf("paper");
const model = { ...config.model, vocabSize: config.tokenizer.vocabSize };
const paper = jobsOf(config);
const cluster = (changes: Partial<Cluster> = {}): Cluster => ({
  gpu: gpuNamed("h100"),
  count: 256,
  mfu: 0.4,
  sharding: undefined,
  price: undefined,
  ...changes,
});
const job = (changes: Partial<Job>): Job => ({ ...paper.experts[0]!, ...changes });

Deno.test("`jobsOf()` has the paper's tokens, operations and parameters", () => {
  const tokens = ({ steps, batch, sequence }: Job) => steps * batch * sequence;
  assert.ok(Math.abs(tokens(paper.seed!) / 15e12 - 1) < 0.01);
  for (const expert of paper.experts) assert.ok(Math.abs(tokens(expert) / 200e9 - 1) < 0.01);
  assert.ok(Math.abs(tokens(paper.stitch) / 15e9 - 1) < 0.03);
  assert.equal(paper.seed!.trained, parameterCount(model));
  assert.equal(paper.seed!.flopsPerToken, pretrainFlops(model));
  assert.equal(paper.stitch.flopsPerToken, stitchTrainFlops(model, config.stitch, 3));
  assert.equal(paper.stitch.trained, 264_241_152);
  assert.equal(paper.stitch.frozen, 4 * parameterCount(model));
});

Deno.test("`jobsOf()` makes recomputed activations dearer by a forward pass, and smaller", () => {
  const { experts } = jobsOf(configOf("paper", "train.expert.activations=recompute"));
  assert.ok(Math.abs(experts[0]!.flopsPerToken / paper.experts[0]!.flopsPerToken - 4 / 3) < 1e-9);
  assert.ok(experts[0]!.activations < paper.experts[0]!.activations / 5);
});

Deno.test("`schedule()`: time is operations over used speed, and experts run side by side", () => {
  // Divisible all through: nothing idles within a job.
  const even = {
    seed: job({ batch: 512 }),
    experts: [0, 1, 2, 3].map(() => job({ batch: 256 })),
    stitch: job({ batch: 256 }),
  };
  const { jobs, seconds, deviceHours, reservedHours } = schedule(even, cluster());
  const speed = gpuNamed("h100").flops * 0.4;
  for (const { seconds, flops, devices, tokens, job } of jobs) {
    assert.equal(tokens, job.steps * job.batch * job.sequence);
    assert.equal(flops, tokens * job.flopsPerToken);
    assert.ok(Math.abs(seconds / (flops / (devices * speed)) - 1) < 1e-12);
  }
  const [seed, a, b, , d, stitch] = jobs;
  assert.deepEqual([seed!.devices, a!.devices, stitch!.devices], [256, 64, 256]);
  assert.deepEqual([a!.first, b!.first, d!.first], [0, 64, 192]);
  assert.equal(a!.start, seed!.seconds);
  assert.equal(d!.start, a!.start);
  assert.equal(stitch!.start, a!.start + a!.seconds);
  assert.equal(seconds, stitch!.start + stitch!.seconds);
  assert.ok(Math.abs(deviceHours / reservedHours - 1) < 1e-12, "nothing idles");
});

Deno.test("`schedule()`: jobs never share a device at one time, whatever the counts", () => {
  for (const count of [1, 2, 3, 4, 7, 100, 5000]) {
    for (const experts of [1, 2, 3, 5, 8]) {
      const phases = {
        ...paper,
        experts: Array.from({ length: experts }, (_, i) => job({ name: `${i}`, batch: 64 + i })),
      };
      const { jobs, seconds, deviceHours, reservedHours } = schedule(phases, cluster({ count }));
      assert.equal(jobs.length, experts + 2);
      for (const [i, a] of jobs.entries()) {
        assert.ok(a.first >= 0 && a.first + a.devices <= count && a.devices >= 1);
        for (const b of jobs.slice(i + 1)) {
          const together = a.start < b.start + b.seconds * (1 - 1e-9) && b.start < a.start + a.seconds * (1 - 1e-9);
          const shared = a.first < b.first + b.devices && b.first < a.first + a.devices;
          assert.ok(!(together && shared), `${count} devices, ${experts} experts: ${a.job.name} and ${b.job.name}`);
        }
      }
      assert.ok(deviceHours <= reservedHours * (1 + 1e-12) && seconds > 0);
    }
  }
});

Deno.test("`schedule()` leaves out devices that make no step shorter", () => {
  const alone = (batch: number, count: number) => {
    const phases = { seed: undefined, experts: [job({ batch })], stitch: paper.stitch };
    return schedule(phases, cluster({ count })).jobs[0]!;
  };
  assert.deepEqual([256, 85].map((count) => alone(256, count).devices), [256, 64]);
  assert.equal(alone(256, 85).seconds, alone(256, 64).seconds);
  assert.ok(alone(256, 63).seconds > alone(256, 64).seconds);
  assert.equal(alone(8, 100).devices, 8, "no more devices than sequences");
});

Deno.test("`schedule()` reckons money from device-hours, those used and those reserved", () => {
  const plan = schedule(paper, cluster({ price: 2.5 }));
  assert.deepEqual(plan.cost, { used: 2.5 * plan.deviceHours, reserved: 2.5 * plan.reservedHours });
  assert.equal(schedule(paper, cluster()).cost, undefined);
});

Deno.test("`deviceMemory()` is 16 bytes a trained parameter, 2 a frozen one, shared out as it says", () => {
  const small = job({ trained: 1000, frozen: 500, piece: 100, activations: 0, logits: 0 });
  assert.equal(deviceMemory(small, 10, "none").total, 16 * 1000 + 2 * 500);
  assert.equal(deviceMemory(small, 10, "optimizer").total, 4 * 1000 + 2 * 500 + 12 * 100);
  assert.equal(deviceMemory(small, 10, "full").total, 16 * 100 + 2 * 50 + 2 * 100);
  // One device has all of it, and nothing to gather.
  for (const sharding of SHARDINGS) assert.equal(deviceMemory(small, 1, sharding).total, 16 * 1000 + 2 * 500);
  const { activations } = deviceMemory(job({ activations: 7, logits: 5 }), 4, "none");
  assert.equal(activations, 2 * 7 + 2 * 4 * 5);
});

Deno.test("`leastSharding()` shares out no more than it must", () => {
  const large = job({ trained: 1e9, frozen: 0, piece: 1e7, activations: 0, logits: 0 });
  assert.equal(leastSharding(large, 8, 17e9).sharding, "none");
  assert.equal(leastSharding(large, 8, 6e9).sharding, "optimizer");
  assert.equal(leastSharding(large, 8, 3e9).sharding, "full");
  assert.equal(leastSharding(large, 8, 1e9).sharding, "full", "too much all the same");
});

Deno.test("the table of GPUs has distinct names, and speeds and sizes of their kind", () => {
  assert.equal(new Set(GPUS.map(({ name }) => name)).size, GPUS.length);
  for (const { flops, bytes, name } of GPUS) {
    assert.ok(flops >= 50e12 && flops <= 3e15 && bytes >= 16e9 && bytes <= 300e9, name);
  }
  assert.equal(gpuNamed("H100").bytes, 80e9);
});

Deno.test("`deno task plan` prints jobs, memory, schedule and methods, and the same as JSON", () => {
  const run = (...args: string[]) => {
    const lines: string[] = [];
    planCommand(args, (line) => lines.push(line));
    return lines.join("\n");
  };
  const text = run("--preset", "paper", "--gpu", "h100", "--count", "256", "--price", "2.5");
  for (const says of ["256 × NVIDIA H100 SXM", "expert:multilingual", "optimizer", "█", "264M", "10.8B", "Left idle"]) {
    assert.ok(text.includes(says), says);
  }
  const json = JSON.parse(run("--count", "256", "--price", "2.5", "--json"));
  assert.deepEqual(json.jobs.map(({ job }: { job: string }) => job), [
    "seed",
    "expert:code",
    "expert:math",
    "expert:multilingual",
    "stitch",
  ]);
  assert.equal(json.gpu.name, "h100");
  assert.ok(json.methods.some(({ method }: { method: string }) => method === "ties"));
  assert.equal(json.total.cost.used, 2.5 * json.total.deviceHours);
  assert.ok(!run("--no-seed", "--count", "256").includes("\nseed "));
  assert.ok(run("--gpu", "4090", "--count", "4", "--sharding", "none").includes("too much"));
  for (const preset of Object.keys(btsDefinition.presets)) assert.ok(run("--preset", preset).includes(preset));
  assert.ok(run("--help").includes("--mfu"));
});

Deno.test("`deno task plan` on one device shares nothing, and advises only what is not done yet", () => {
  const run = (...args: string[]) => {
    const lines: string[] = [];
    planCommand(["--gpu", "4090", ...args], (line) => lines.push(line));
    return lines.join("\n");
  };
  for (const sharding of ["auto", "full"]) {
    const one = run("--count", "1", "--sharding", sharding);
    assert.match(one, /^seed +nothing /m);
    assert.match(one, /Too large .* more devices; --set train\.seed\.activations=recompute/);
    assert.ok(!one.includes("--sharding full"));
  }
  assert.ok(!run("--count", "4").includes("--sharding full"), "auto shares all out before it is too much");
  assert.match(run("--count", "4", "--sharding", "none"), /more devices; --sharding full; --set train\.seed/);
  assert.doesNotMatch(
    run("--count", "1", "--set", "train.seed.activations=recompute"),
    /--set train\.seed\.activations=recompute/,
  );
});

Deno.test("`deno task plan` counts CALM's connections as the comparison of all methods has them", () => {
  const calmOf = (...args: string[]) => {
    const lines: string[] = [];
    planCommand(["--json", ...args], (line) => lines.push(line));
    const { methods } = JSON.parse(lines.join("\n")) as {
      methods: { method: string; parameters: { trained: number } }[];
    };
    return methods.find(({ method }) => method === "calm")!.parameters.trained;
  };
  const connections = baselinesDefinition.schema.parse({}).baselines.calm.connections;
  const one = calmOf("--preset", "quick", "--set", "model.layers=1", "--set", "stitch.count=1");
  assert.equal(calmOf("--preset", "quick"), connections * one);
  assert.equal(calmOf("--preset", "quick", "--set", "stitch.count=4"), connections * one);
});

Deno.test("`deno task plan` refuses what it cannot read, by name", () => {
  const cases: [args: string[], code: string, ...says: string[]][] = [
    [["--gpu", "h10"], "plan.gpu", "h10", "h100"],
    [["--count", "0"], "command.malformed", "--count 0"],
    [["--count", "many"], "command.malformed", "--count many"],
    [["--mfu", "1.2"], "command.malformed", "--mfu 1.2"],
    [["--mfu", "0"], "command.malformed", "--mfu 0"],
    [["--price", "-1"], "command.malformed", "--price -1"],
    [["--price", "free"], "command.malformed", "--price free"],
    [["--preset", "papr"], "command.unknown-preset", "papr"],
    [["--sharding", "zero"], "command.invalid-argument", "zero"],
    [["--set", "model.heads=7"], "model.shape", "7"],
    [["--set", "stitch.count=21"], "stitch.placement", "21"],
    [["--set", "model.nonsense=1"], "config.unknown-key", "model.nonsense"],
    [["paper"], "command.excess-arguments", "paper"],
  ];
  for (const [args, code, ...says] of cases) {
    assert.throws(() => planCommand(args, () => {}), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.code, code, error.message);
      for (const word of says) assert.ok(error.message.includes(word), `${error.message} lacks ${word}`);
      return true;
    });
  }
});
