// The CPU time of a process, thread by thread, as Linux accounts for it.

/** CPU seconds by thread id; undefined on other systems. */
export type ThreadCpu = ReadonlyMap<string, number>;

/** The CPU time that each thread of a process has taken by now. */
export function threadCpu(pid: number): ThreadCpu | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const seconds = new Map<string, number>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    try {
      // Nanoseconds; `stat` has hundredths of a second only.
      seconds.set(name, Number(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[0]) / 1e9);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // it has ended since
    }
  }
  return seconds;
}

/** Threads that take more than a tenth of the process's time while nobody reads: those that train. */
export function busyThreads(before: ThreadCpu, after: ThreadCpu): ReadonlySet<string> {
  const taken = [...after].map(([id, end]) => [id, end - (before.get(id) ?? 0)] as const);
  const all = taken.reduce((sum, [, seconds]) => sum + seconds, 0);
  return new Set(taken.filter(([, seconds]) => seconds > 0.1 * all).map(([id]) => id));
}

/** CPU time between two accounts of all threads but some, in cores. */
export function coresOf(before: ThreadCpu, after: ThreadCpu, seconds: number, without: ReadonlySet<string>): number {
  let sum = 0;
  for (const [id, end] of after) if (!without.has(id)) sum += end - (before.get(id) ?? 0);
  return sum / seconds;
}
