// A plan as text: jobs, memory and schedule.
import { byteSize, compact } from "../report/mod.ts";
import { longTime, scaled } from "../experiment/mod.ts";
import { formatTable, type Table, textColumn } from "../run/mod.ts";
import type { Cluster, Schedule, ScheduledJob } from "./schedule.ts";

/** Characters per row of the chart. */
const GANTT_WIDTH = 48;

/** A plan as text. */
export function planText(plan: Schedule, cluster: Cluster): string {
  const parts = [
    summary(plan, cluster),
    formatTable(jobsTable(plan, cluster)),
    formatTable(memoryTable(plan, cluster)),
  ];
  return [...parts, gantt(plan), ...remarks(plan, cluster)].join("\n\n");
}

function summary({ seconds, deviceHours, reservedHours, cost }: Schedule, { gpu, count, mfu, price }: Cluster): string {
  const money = cost === undefined
    ? ""
    : `; at ${price} per device-hour, ${amount(cost.used)} used and ${amount(cost.reserved)} reserved`;
  return `${count} × ${gpu.title} at ${scaled(gpu.flops)}FLOP/s and ${100 * mfu} % utilization: ${
    longTime(seconds)
  }, ` +
    `${amount(deviceHours)} device-hours used of ${amount(reservedHours)} reserved${money}`;
}

function jobsTable({ jobs }: Schedule, { price }: Cluster): Table {
  return {
    name: "jobs",
    title: "Jobs",
    columns: [
      textColumn("job", "job"),
      textColumn("tokens", "tokens"),
      textColumn("flops", "FLOPs"),
      textColumn("devices", "devices"),
      textColumn("time", "time"),
      textColumn("hours", "device-hours"),
      ...(price === undefined ? [] : [textColumn("cost", "cost")]),
    ],
    rows: jobs.map(({ job, tokens, flops, devices, seconds, deviceHours }) => ({
      job: job.name,
      tokens: compact(tokens),
      flops: `${scaled(flops)}FLOP`,
      devices: String(devices),
      time: longTime(seconds),
      hours: amount(deviceHours),
      cost: price === undefined ? null : amount(price * deviceHours),
    })),
  };
}

function memoryTable({ jobs }: Schedule, { gpu }: Cluster): Table {
  return {
    name: "memory",
    title: `Memory per device, of ${byteSize(gpu.bytes)}`,
    columns: [
      textColumn("job", "job"),
      textColumn("sharding", "sharded"),
      textColumn("weights", "weights"),
      textColumn("gradients", "gradients"),
      textColumn("optimizer", "optimizer"),
      textColumn("activations", "activations"),
      textColumn("total", "total"),
    ],
    rows: jobs.map(({ job, devices, memory, fits }) => ({
      job: job.name,
      sharding: devices === 1 ? "nothing" : { none: "nothing", optimizer: "optimizer", full: "all" }[memory.sharding],
      weights: byteSize(memory.weights),
      gradients: byteSize(memory.gradients),
      optimizer: byteSize(memory.optimizer),
      activations: byteSize(memory.activations),
      total: byteSize(memory.total) + (fits ? "" : ", too much"),
    })),
  };
}

/** One line per job: its devices, and a bar from its start to its end. A seed that takes most of the time has no bar. */
function gantt({ jobs, seconds }: Schedule): string {
  const seed = jobs.find(({ job }) => job.name === "seed");
  const from = seed !== undefined && seed.seconds > seconds / 2 ? seed.seconds : 0;
  const place = (time: number) => Math.round(GANTT_WIDTH * (time - from) / (seconds - from));
  const lines = jobs.map((job) => {
    const end = job.start + job.seconds;
    const left = Math.min(GANTT_WIDTH - 1, place(job.start));
    const right = Math.max(left + 1, place(end));
    const bar = job.start < from
      ? "before the others".padEnd(GANTT_WIDTH)
      : "·".repeat(left) + "█".repeat(right - left) + "·".repeat(GANTT_WIDTH - right);
    return {
      name: job.job.name,
      devices: deviceRange(job),
      bar,
      time: `from ${longTime(job.start)} for ${longTime(job.seconds)}`,
    };
  });
  const width = (key: "name" | "devices") => Math.max(...lines.map((line) => line[key].length));
  const [names, devices] = [width("name"), width("devices")];
  const rows = lines.map(({ name, devices: range, bar, time }) =>
    `${name.padEnd(names)}  ${range.padEnd(devices)}  ${bar}  ${time}`
  );
  return ["Schedule (the experts train independently)", ...rows].join("\n");
}

function deviceRange({ first, devices }: ScheduledJob): string {
  return devices === 1 ? `device ${first}` : `devices ${first} to ${first + devices - 1}`;
}

function remarks({ jobs }: Schedule, { gpu }: Cluster): string[] {
  const large = jobs.filter(({ fits }) => !fits);
  const idle = jobs.filter(({ devices, available }) => devices < available).map(({ job, devices, available }) => {
    const rounds = Math.ceil(job.batch / devices);
    const times = rounds === 1 ? "one round" : `${rounds} rounds`;
    return `${job.name}: the ${job.batch} sequences of a step take ${times} on ${devices} devices, as on ${available}`;
  });
  return [
    ...(large.length === 0 ? [] : [
      `Too large for ${gpu.title}: ${large.map(({ job }) => job.name).join(", ")}. To use less memory per device: ` +
      `${helpFor(large).join("; ")}.`,
    ]),
    ...(idle.length === 0 ? [] : [`More devices would not help:\n${idle.join("\n")}`]),
  ];
}

/** Measures that reduce the memory of jobs that are too large, except those already in use. */
function helpFor(large: readonly ScheduledJob[]): string[] {
  const unshared = large.some(({ devices, memory }) => devices > 1 && memory.sharding !== "full");
  const phases = [...new Set(large.filter(({ job }) => !job.recompute).map(({ job }) => job.name.split(":")[0]!))];
  return [
    "more devices",
    ...(unshared ? ["--sharding full"] : []),
    ...phases.map((phase) => `--set train.${phase}.activations=recompute`),
  ];
}

/** A number with thousands separators and about three significant digits. */
function amount(value: number): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
