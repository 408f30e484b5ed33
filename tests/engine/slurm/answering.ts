// A cluster whose nodes answer a check at once, each as it is told to.
import { join } from "node:path";
import type { SlurmCommands } from "../../../lib/engine/mod.ts";
import type { Clock } from "../../../lib/engine/clock.ts";

/** What a node leaves in the folder of the check; undefined: nothing, as one that does not see it. */
export type Left = { readonly code: string; readonly numerics: string } | string | undefined;

export interface Answering {
  readonly slurm: SlurmCommands;
  /** Which does not take the time that it says. */
  readonly clock: Clock;
  readonly calls: readonly (readonly string[])[];
  /** Those that were handed in. */
  readonly scripts: readonly string[];
}

/** @param nodes undefined: none is free */
export function answering(nodes: Readonly<Record<string, Left>> | undefined): Answering {
  const calls: string[][] = [];
  const scripts: string[] = [];
  let time = 0;
  const slurm: SlurmCommands = async (name, args) => {
    calls.push([name, ...args]);
    const answer = (stdout: string) => ({ code: 0, stdout, stderr: "" });
    if (name === "sbatch") {
      const path = args.at(-1)!;
      scripts.push(await Deno.readTextFile(path));
      for (const [node, left] of Object.entries(nodes ?? {})) {
        const file = join(path.replace(/\.sh$/, ""), node);
        if (left !== undefined) await Deno.writeTextFile(`${file}.log`, typeof left === "string" ? left : "");
        if (typeof left === "object") await Deno.writeTextFile(`${file}.json`, JSON.stringify(left));
      }
      return answer(String(100 + scripts.length));
    }
    const list = Object.keys(nodes ?? {}).join(",");
    const state = nodes === undefined ? "PENDING||Resources" : `COMPLETED|${list}|None`;
    if (name === "squeue") return answer(scripts.map((_, i) => `${101 + i}|${101 + i}|${state}`).join("\n"));
    return answer(name === "scontrol" ? list.replaceAll(",", "\n") : "");
  };
  const clock = { now: () => time, sleep: (ms: number) => Promise.resolve(void (time += ms)) };
  return { slurm, clock, calls, scripts };
}
