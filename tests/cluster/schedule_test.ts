// The schedule of jobs on a cluster, against sums by hand.
import assert from "node:assert/strict";
import { gpuNamed } from "../../lib/cluster/gpus.ts";
import { type Cluster, schedule } from "../../lib/cluster/schedule.ts";
import { job, paperJobs } from "./paper.ts";

const cluster = (changes: Partial<Cluster> = {}): Cluster => ({
  gpu: gpuNamed("h100"),
  count: 256,
  mfu: 0.4,
  sharding: undefined,
  price: undefined,
  ...changes,
});

Deno.test("`schedule()`: time is FLOPs over the speed reached, and experts run in parallel", () => {
  // Every batch is divisible by the number of devices, so that no device is idle.
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
  assert.ok(Math.abs(deviceHours / reservedHours - 1) < 1e-12, "no device is idle");
});

Deno.test("`schedule()`: no two jobs use a device at the same time, for any counts", () => {
  for (const count of [1, 2, 3, 4, 7, 100, 5000]) {
    for (const experts of [1, 2, 3, 5, 8]) {
      const phases = {
        ...paperJobs,
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

Deno.test("`schedule()` does not use devices that make no step shorter", () => {
  const alone = (batch: number, count: number) => {
    const phases = { seed: undefined, experts: [job({ batch })], stitch: paperJobs.stitch };
    return schedule(phases, cluster({ count })).jobs[0]!;
  };
  assert.deepEqual([256, 85].map((count) => alone(256, count).devices), [256, 64]);
  assert.equal(alone(256, 85).seconds, alone(256, 64).seconds);
  assert.ok(alone(256, 63).seconds > alone(256, 64).seconds);
  assert.equal(alone(8, 100).devices, 8, "no more devices than sequences");
});

Deno.test("`schedule()` computes the cost of used and of reserved device-hours", () => {
  const plan = schedule(paperJobs, cluster({ price: 2.5 }));
  assert.deepEqual(plan.cost, { used: 2.5 * plan.deviceHours, reserved: 2.5 * plan.reservedHours });
  assert.equal(schedule(paperJobs, cluster()).cost, undefined);
});
