// What this machine would build the cells of an experiment with, for a cluster that checks its nodes.
import type { ProbeReport } from "../engine/mod.ts";
import { codeOf, writeTextAtomically } from "../run/mod.ts";
import type { Place } from "./elsewhere.ts";

/** Hash of all code of this process's script. */
export function codeHere(): string {
  return codeOf([{ url: Deno.mainModule }]).version;
}

/** Writes what this machine has into a file. */
export async function answerProbe(path: string, { numerics }: Pick<Place, "numerics">): Promise<void> {
  const report: ProbeReport = { code: codeHere(), numerics };
  await writeTextAtomically(path, JSON.stringify(report) + "\n");
}
