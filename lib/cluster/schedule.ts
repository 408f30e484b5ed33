// The schedule of the jobs on a cluster's devices, with time, memory and cost.
import type { Gpu } from "./gpus.ts";
import type { Job, JobPhases } from "./jobs.ts";
import { type DeviceMemory, deviceMemory, leastSharding, type Sharding } from "./memory.ts";

/** The devices of a cluster, and assumptions about them. */
export interface Cluster {
  readonly gpu: Gpu;
  readonly count: number;
  /** Model FLOPs utilization: the share of peak speed that training reaches. */
  readonly mfu: number;
  /** Undefined: the least sharding that fits. */
  readonly sharding: Sharding | undefined;
  /** Price per device-hour. */
  readonly price: number | undefined;
}

/** A job with its devices and its time. */
export interface ScheduledJob {
  readonly job: Job;
  /** Index of its first device. */
  readonly first: number;
  /** Number of devices that it uses. */
  readonly devices: number;
  /** Number of devices that it could use. */
  readonly available: number;
  /** Seconds from the start of the first job. */
  readonly start: number;
  readonly seconds: number;
  readonly tokens: number;
  readonly flops: number;
  readonly deviceHours: number;
  readonly memory: DeviceMemory;
  readonly fits: boolean;
}

/** The schedule of all jobs, with totals. */
export interface Schedule {
  readonly jobs: readonly ScheduledJob[];
  /** From the start of the first job to the end of the last. */
  readonly seconds: number;
  /** Device-hours that jobs use. */
  readonly deviceHours: number;
  /** Device-hours of all devices from start to end, idle or not. */
  readonly reservedHours: number;
  /** Cost of the used and of the reserved hours. */
  readonly cost: { readonly used: number; readonly reserved: number } | undefined;
}

/**
 * Schedules the jobs: the seed on all devices, unless it is already trained; then the experts in parallel, each on its
 * share of the devices, or one after another if there are fewer devices than experts; then the stitches on all devices.
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
 * Places a job on at most `available` devices. A step takes as many rounds of one sequence per device as its batch
 * needs; devices that would not reduce the number of rounds are not used.
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

/** Splits `count` devices into `groups` of nearly equal size. */
function shares(count: number, groups: number): { readonly first: number; readonly devices: number }[] {
  const at = (group: number) => Math.floor(count * group / groups);
  return Array.from({ length: groups }, (_, i) => ({ first: at(i), devices: at(i + 1) - at(i) }));
}

function endOf(jobs: readonly ScheduledJob[]): number {
  return Math.max(0, ...jobs.map(({ start, seconds }) => start + seconds));
}
