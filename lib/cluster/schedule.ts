// When each job runs on which devices, how long it takes and what it costs.
import type { Gpu } from "./gpus.ts";
import type { Job, JobPhases } from "./jobs.ts";
import { type DeviceMemory, deviceMemory, leastSharding, type Sharding } from "./memory.ts";

/** The devices, and what is assumed of them. */
export interface Cluster {
  readonly gpu: Gpu;
  readonly count: number;
  /** Share of peak speed that training reaches (model FLOP utilisation). */
  readonly mfu: number;
  /** Undefined: the least that fits. */
  readonly sharding: Sharding | undefined;
  /** Of a device for an hour. */
  readonly price: number | undefined;
}

/** A job with its place. */
export interface ScheduledJob {
  readonly job: Job;
  /** The first device, from 0; how many it uses, and of how many. */
  readonly first: number;
  readonly devices: number;
  readonly available: number;
  /** Seconds from the beginning. */
  readonly start: number;
  readonly seconds: number;
  readonly tokens: number;
  readonly flops: number;
  readonly deviceHours: number;
  readonly memory: DeviceMemory;
  readonly fits: boolean;
}

/** All jobs. */
export interface Schedule {
  readonly jobs: readonly ScheduledJob[];
  /** From the beginning to the end of the last. */
  readonly seconds: number;
  readonly deviceHours: number;
  /** All devices from beginning to end, idle or not. */
  readonly reservedHours: number;
  /** Of the hours that jobs use, and of all that are reserved. */
  readonly cost: { readonly used: number; readonly reserved: number } | undefined;
}

/**
 * The seed on all devices, unless it is there already; the experts side by side, each on its own share of them, or one after the other where there
 * are fewer devices than experts; the stitches on all devices when the last expert is done.
 */
export function schedule({ seed, experts, stitch }: JobPhases, cluster: Cluster): Schedule {
  const { count, price } = cluster;
  const jobs = seed === undefined ? [] : [place(seed, 0, count, 0, cluster)];
  const branched = endOf(jobs);
  const groups = shares(count, Math.min(count, experts.length)).map((share) => ({ ...share, free: branched }));
  for (const job of experts) {
    const group = groups.reduce((a, b) => b.free < a.free ? b : a);
    const placed = place(job, group.first, group.devices, group.free, cluster);
    group.free = endOf([placed]);
    jobs.push(placed);
  }
  jobs.push(place(stitch, 0, count, endOf(jobs), cluster));
  const seconds = endOf(jobs);
  const deviceHours = jobs.reduce((sum, job) => sum + job.deviceHours, 0);
  const reservedHours = count * seconds / 3600;
  const cost = price === undefined ? undefined : { used: price * deviceHours, reserved: price * reservedHours };
  return { jobs, seconds, deviceHours, reservedHours, cost };
}

/**
 * A job on at most so many devices from `start` on. A step takes as many rounds of one sequence a device as its batch
 * needs; devices that would not make the rounds fewer are left out.
 */
function place(job: Job, first: number, available: number, start: number, cluster: Cluster): ScheduledJob {
  const { gpu, mfu, sharding } = cluster;
  const rounds = Math.ceil(job.batch / available);
  const devices = Math.ceil(job.batch / rounds);
  const tokens = job.steps * job.batch * job.sequence;
  const seconds = job.steps * rounds * job.sequence * job.flopsPerToken / (gpu.flops * mfu);
  const memory = sharding === undefined ? leastSharding(job, devices, gpu.bytes) : deviceMemory(job, devices, sharding);
  return {
    job,
    first,
    devices,
    available,
    start,
    seconds,
    tokens,
    flops: tokens * job.flopsPerToken,
    deviceHours: devices * seconds / 3600,
    memory,
    fits: memory.total <= gpu.bytes,
  };
}

/** `count` devices in `groups` of nearly one size. */
function shares(count: number, groups: number): { readonly first: number; readonly devices: number }[] {
  const at = (group: number) => Math.floor(count * group / groups);
  return Array.from({ length: groups }, (_, i) => ({ first: at(i), devices: at(i + 1) - at(i) }));
}

function endOf(jobs: readonly ScheduledJob[]): number {
  return Math.max(0, ...jobs.map(({ start, seconds }) => start + seconds));
}
