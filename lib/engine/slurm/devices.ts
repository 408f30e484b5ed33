// Which device builds which kind of cell of a run on Slurm, and how it computes: a node is asked before anything else,
// because the keys of cells have it.
import { UserError } from "../../errors.ts";
import type { PlannedCell } from "../../run/mod.ts";
import { systemClock } from "../clock.ts";
import type { KindDevices } from "../devices.ts";
import { kindOf } from "../engine.ts";
import { slurmCommands } from "./commands.ts";
import {
  askNodes,
  checkNodes,
  placeKey,
  PROBE_SECONDS,
  type ProbedPlace,
  type ProbeOptions,
  reportOf,
} from "./probe.ts";
import { type JobsOfRun, planJobs, type PlannedJob } from "./submit.ts";

/** What finding out the devices of a run needs. */
export interface DevicesFor extends Pick<ProbeOptions, "code">, Partial<Pick<ProbeOptions, "slurm" | "clock">> {
  readonly jobs: JobsOfRun;
  readonly plan: readonly PlannedCell[];
  /** Arithmetic of the device that the command computes on. */
  readonly numerics: string;
  /** Those that were found out before, if the run is continued. */
  readonly known: KindDevices | undefined;
}

/**
 * The devices of the kinds of cells that compute on another one than the command. A node of each place that such a kind
 * goes to is asked, unless that is known.
 *
 * @returns undefined: all cells compute on the command's
 * @throws UserError `slurm.device` when no node is free to be asked, and as `askNodes()` and `checkNodes()` do
 */
export async function slurmDevices(options: DevicesFor): Promise<KindDevices | undefined> {
  const { jobs, plan, numerics, known, code, slurm = slurmCommands, clock = systemClock } = options;
  const others = planJobs(plan, jobs).filter(({ request }) => request.device !== jobs.device.name);
  if (others.length === 0) return undefined;
  const found = new Map(Object.values(known?.kinds ?? {}).map(({ place, numerics }) => [place, numerics]));
  const groups = Map.groupBy(others.filter(({ request }) => !found.has(placeKey(request))), keyOf);
  const places = [...groups].map(([key, [job]], i) => ({
    key,
    place: { name: `device-${i + 1}`, request: job!.request, numerics: new Set<string>() } satisfies ProbedPlace,
  }));
  if (places.length > 0) {
    const probe = { ...jobs, code, slurm, clock, seconds: jobs.settings.all.probe || PROBE_SECONDS };
    const asked = await askNodes(places.map(({ place }) => place), 1, probe);
    await checkNodes(asked, probe);
    for (const [i, { place, nodes: [node] }] of asked.entries()) {
      const { key } = places[i]!;
      if (node === undefined) throw nobodyAsked(groups.get(key)!, probe.seconds);
      found.set(key, (await reportOf(node, place, probe))!.numerics);
    }
  }
  const kinds = others.map((job) => {
    const place = keyOf(job);
    return [kindOf(job.cells[0]!.cell), { device: job.request.device!, numerics: found.get(place)!, place }] as const;
  });
  return { numerics, kinds: Object.fromEntries(kinds) };
}

const keyOf = ({ request }: PlannedJob) => placeKey(request);

function nobodyAsked(jobs: readonly PlannedJob[], seconds: number): UserError {
  const kinds = [...new Set(jobs.map(({ cells }) => kindOf(cells[0]!.cell)))].join(", ");
  const { partition, device } = jobs[0]!.request;
  return new UserError(
    "slurm.device",
    `Cannot hand in jobs: no node${
      partition === undefined ? "" : ` of ${partition}`
    } was free within ${seconds} s to ` +
      `say how ${device} computes there, which the results of ${kinds} depend on`,
    "wait longer with --slurm.probe <seconds>, or let all cells compute on the same device",
  );
}
