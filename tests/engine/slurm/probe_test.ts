// Checking nodes before jobs are handed in: what is said of those that cannot build cells.
import assert from "node:assert/strict";
import type { SlurmCommands } from "../../../lib/engine/mod.ts";
import { probeNodes } from "../../../lib/engine/slurm/probe.ts";
import type { SlurmRequest } from "../../../lib/engine/slurm/settings.ts";
import type { MissingCell } from "../../../lib/run/mod.ts";
import { answering, type Left } from "./answering.ts";

const good = { code: "c1", numerics: "avx2" };

interface Probed {
  readonly said: string | undefined;
  readonly error: (Error & { readonly code: string; readonly hint?: string }) | undefined;
  readonly calls: readonly (readonly string[])[];
  readonly scripts: readonly string[];
}

/** Checks the nodes of one place, or of several, on a cluster that is answered for. `nodes` of undefined: none is free. `printed`: by sbatch. */
async function probed(
  nodes: Readonly<Record<string, Left>> | undefined,
  requests: readonly SlurmRequest[] = [{}],
  printed?: string,
): Promise<Probed> {
  const runFolder = await Deno.makeTempDir({ prefix: "stitchbook-probe-" });
  const { slurm: all, clock, calls, scripts } = answering(nodes);
  const slurm: SlurmCommands = async (name, args) => {
    const answer = await all(name, args);
    return name === "sbatch" && printed !== undefined ? { ...answer, stdout: printed } : answer;
  };
  const cell = (request: SlurmRequest, i: number) => ({
    name: `expert-${i}`,
    request,
    script: "",
    cells: [{ cell: `expert:${i}`, numerics: "avx2" } as MissingCell],
  });
  try {
    const said = await probeNodes(requests.map(cell), {
      ...{ run: "the-run", runFolder, cwd: "/code", command: ["/bin/deno", "it's.ts"], env: {}, code: "c1" },
      ...{ slurm, seconds: 60, clock },
    });
    return { said, error: undefined, calls, scripts };
  } catch (error) {
    return { said: undefined, error: error as NonNullable<Probed["error"]>, calls, scripts };
  } finally {
    await Deno.remove(runFolder, { recursive: true });
  }
}

Deno.test("nodes that have everything are named, and the check is over then", async () => {
  const { said, calls, error } = await probed({ n1: good, n2: good });
  assert.equal(error, undefined);
  assert.equal(said, "Checked n1, n2: folder, code and packages are there");
  assert.deepEqual(calls.map(([name]) => name), ["sbatch", "squeue", "scancel", "scontrol"]);
});

Deno.test("nodes that cannot build cells are named with why, and how to leave them out", async () => {
  const { error } = await probed({
    ...{ n1: good, n2: undefined, n3: { ...good, code: "c2" }, n4: { ...good, numerics: "avx512" }, n5: undefined },
    n6: "loading\nerror: Could not find npm package zod\n  at here\n",
  });
  assert.equal(error!.code, "slurm.probe");
  assert.equal(
    error!.message,
    "Cannot hand in the-run: 5 nodes of the 6 that were checked cannot build its cells. n2, n5: it does not see the " +
      "folder of the run; n3: it has another version of the code; n4: it computes with avx512, but the run with avx2; " +
      "n6: it said: error: Could not find npm package zod",
  );
  assert.equal(error!.hint, "leave them out with --slurm.nodes.exclude n2,n3,n4,n5,n6");
});

Deno.test("when no node can build cells, the hint says what nodes must see", async () => {
  const { error } = await probed({ n1: undefined, n2: undefined });
  assert.match(error!.hint!, /^all nodes must see .* and \/code under the same path/);
});

Deno.test("when no node is free in time, that is said, and nothing is left in the queue", async () => {
  const { said, calls } = await probed(undefined);
  assert.equal(said, "No node was free within 60 s to be checked first: each job checks its own");
  assert.deepEqual(calls.at(-1), ["scancel", "101"]);
});

Deno.test("a check that Slurm may have taken without saying so is cancelled by its name", async () => {
  const { error, calls } = await probed({ n1: good }, [{}], "Welcome to the cluster!");
  assert.equal(
    error!.message,
    'sbatch printed "Welcome to the cluster!" for the job probe, where its number was expected',
  );
  assert.deepEqual(calls.at(-1), ["scancel", "--me", "--name=the-run/probe"]);
});

Deno.test("each place is checked once, with what its jobs ask for, by a script that bash can read", async () => {
  const { scripts } = await probed({ n1: good }, [{ cpus: 2 }, { cpus: 4, mem: "8G" }, { partition: "gpu" }]);
  assert.equal(scripts.length, 2);
  assert.match(scripts[1]!, /^#SBATCH --partition=gpu$/m);
  for (const script of scripts) {
    const { code, stderr } = await new Deno.Command("bash", { args: ["-n", "-c", script], stderr: "piped" }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  }
});
