// What a run's process takes of the machine, sampled while it runs: `usage.jsonl` in the run's folder.
import { join } from "node:path";
import process from "node:process";
import { z } from "zod";
import { absent, attempt } from "../../errors.ts";
import type { UsageSampleSchema } from "../inferred-types.ts";

/** Name of the file in a run's folder. */
const USAGE_FILE = "usage.jsonl";
/** Time between two samples at first; it doubles whenever the file is full. */
const SAMPLE_MS = 5_000;
/** Most samples in the file: then every second one is left out. */
const MOST_SAMPLES = 720;

export const usageSampleSchema: UsageSampleSchema = z.strictObject({
  time: z.iso.datetime(),
  /** Seconds that the sample is about: those since the one before. */
  seconds: z.number().positive(),
  /** Cores that the process kept busy in that time, on average; all its threads count. */
  cores: z.number().nonnegative(),
  /** Resident memory of the process, in bytes. */
  memory: z.number().nonnegative(),
});

/** What the process took at a time. */
export type UsageSample = z.infer<typeof usageSampleSchema>;

/**
 * Samples this process from now on, and keeps the samples in `folder`, after those that are there.
 *
 * @param sampleMs time between two samples at first
 * @param most samples in the file
 * @returns a function that ends it, after a last sample; called again, it does nothing
 */
export async function watchUsage(folder: string, sampleMs = SAMPLE_MS, most = MOST_SAMPLES): Promise<() => void> {
  const path = join(folder, USAGE_FILE);
  let samples = await readUsage(folder);
  let before = clocks();
  let timer: ReturnType<typeof setTimeout>;
  const take = () => {
    const now = clocks();
    const seconds = now.wall - before.wall;
    if (seconds <= 0) return;
    const cores = (now.cpu - before.cpu) / seconds;
    before = now;
    samples.push({ time: new Date().toISOString(), seconds, cores, memory: Deno.memoryUsage().rss });
    // If the folder cannot be written, or the disk is full, writing the event log reports it.
    attempt(() => {
      if (samples.length <= most) return Deno.writeTextFileSync(path, lineOf(samples.at(-1)!), { append: true });
      samples = halved(samples);
      Deno.writeTextFileSync(`${path}.tmp`, samples.map(lineOf).join(""));
      Deno.renameSync(`${path}.tmp`, path);
      sampleMs *= 2;
    });
  };
  const wait = () => {
    timer = setTimeout(() => {
      take();
      wait();
    }, sampleMs);
    Deno.unrefTimer(timer);
  };
  wait();
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    take();
  };
}

/** The samples of a run, oldest first; none if it kept none. Lines that cannot be read are left out. */
export async function readUsage(folder: string): Promise<UsageSample[]> {
  const path = join(folder, USAGE_FILE);
  // A symbolic link could lead out of the folder.
  const info = await Deno.lstat(path).catch(absent);
  const text = info?.isFile ? await Deno.readTextFile(path).catch(absent) : undefined;
  return (text ?? "").split("\n").flatMap((line) => attempt(() => [usageSampleSchema.parse(JSON.parse(line))]) ?? []);
}

/** What a run took of its machine, in two numbers. */
export interface UsageFigures {
  /** Cores that it kept busy, on average. */
  readonly cores: number;
  /** The most memory that it had, in bytes. */
  readonly memory: number;
}

/** The figures of some samples; null if there are none. */
export function usageFigures(samples: readonly UsageSample[]): UsageFigures | null {
  if (samples.length === 0) return null;
  const seconds = samples.reduce((sum, sample) => sum + sample.seconds, 0);
  const cores = samples.reduce((sum, sample) => sum + sample.cores * sample.seconds, 0) / seconds;
  return { cores: round(cores), memory: Math.max(...samples.map(({ memory }) => memory)) };
}

/** Seconds on the clock, and seconds that all threads of this process have computed. */
function clocks() {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now() / 1000, cpu: (user + system) / 1e6 };
}

/** Pairs of samples as one: the mean of the cores, the greater memory. */
function halved(samples: readonly UsageSample[]): UsageSample[] {
  const pairs: UsageSample[] = [];
  for (let i = 0; i < samples.length; i += 2) {
    const [a, b] = [samples[i]!, samples[i + 1]];
    if (b === undefined) pairs.push(a);
    else {
      const seconds = a.seconds + b.seconds;
      const cores = (a.cores * a.seconds + b.cores * b.seconds) / seconds;
      pairs.push({ time: b.time, seconds, cores, memory: Math.max(a.memory, b.memory) });
    }
  }
  return pairs;
}

const lineOf = (sample: UsageSample) =>
  JSON.stringify({ ...sample, seconds: round(sample.seconds), cores: round(sample.cores) }) + "\n";

/** To three decimals, but not to 0. */
const round = (value: number) => Number(value.toFixed(3)) || value;
