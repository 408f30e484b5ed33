// The files that run the cells of a run as managed jobs of SkyPilot: a task for each cell, one for the run, and what
// launches them. Reference: docs.skypilot.co, "SkyPilot YAML" and "Managed Jobs".
import { stringify } from "yaml";
import { UserError } from "../../errors.ts";
import { shellLine } from "../../run/mod.ts";
import { cellsRun, type EngineFile, jobPrefix, type RunToWrite } from "../files.ts";
import { processBytes, stagesOf } from "../groups.ts";
import { PREEMPTED_CODE } from "../place.ts";
import { type JobSettings, requestFor } from "../settings.ts";
import type { SkypilotRequest } from "./settings.ts";

/** What the tasks of a run on SkyPilot share. */
export interface SkypilotRun extends RunToWrite {
  /** The script and its arguments, with paths below `workdir`, for the cells and for the run itself. */
  readonly commands: { readonly cells: readonly string[]; readonly run: readonly string[] };
  /** The folder with the code, which SkyPilot copies to the machines. */
  readonly workdir: string;
  /** Version of deno. */
  readonly deno: string;
  readonly settings: JobSettings<SkypilotRequest>;
}

/** Where the runs are on the machines. */
export const SKYPILOT_MOUNT = "/stitchbook";
export const SKYPILOT_RUNS = `${SKYPILOT_MOUNT}/runs`;
/** Times that a cell is tried again after a failure, if no setting says it. */
const RETRIES = 2;

/**
 * The files, in the order in which they are launched.
 *
 * @throws UserError `skypilot.storage` when not exactly one of volume and bucket is named
 */
export function skypilotFiles(run: SkypilotRun): EngineFile[] {
  const stages = stagesOf(run.cells).map((stage) =>
    stage.flatMap(({ cells }) => cells.map((one) => ({ cell: one.cell, bytes: processBytes([one]) })))
  );
  const last = { cell: undefined, bytes: processBytes([]) };
  const all = [...stages, [last]];
  const count = String(all.flat().length).length;
  const files: EngineFile[] = [];
  const launched = all.map((stage) => stage.map(({ cell, bytes }) => add(cell, bytes)));
  return [...files, { name: "launch.sh", text: launchScript(run, launched), executable: true }];

  function add(cell: string | undefined, bytes: number): { readonly file: string; readonly job: string } {
    const short = (cell ?? "run").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    const number = String(files.length + 1).padStart(count, "0");
    const [job, file] = [`sb-${jobPrefix(run.run)}-${number}-${short}`, `${number}-${short}.yaml`];
    files.push({ name: file, text: stringify(task(run, job, cell, bytes), { lineWidth: 0 }) });
    return { file, job };
  }
}

function task(run: SkypilotRun, name: string, cell: string | undefined, bytes: number): object {
  const { settings, threads, workdir, deno, commands, run: id } = run;
  const request = cell === undefined ? settings.all : requestFor(settings, cell);
  const { volume, bucket, infra, accelerators, spot = false, image, retries = RETRIES } = request;
  const cpus = request.cpus ?? (threads === undefined ? undefined : `${threads}+`);
  const memory = request.mem ?? `${Math.ceil(bytes / 1e9)}+`;
  const words = cell === undefined ? commands.run : [...commands.cells, "--cell", cell];
  const folder = `${SKYPILOT_RUNS}/${cell === undefined ? "" : cellsRun(id)}`;
  return {
    name,
    workdir,
    ...storage(volume, bucket),
    resources: {
      ...(infra === undefined ? {} : { infra }),
      ...(cpus === undefined ? {} : { cpus }),
      memory,
      ...(accelerators === undefined ? {} : { accelerators }),
      ...(image === undefined ? {} : { image_id: image }),
      use_spot: spot,
      job_recovery: { max_restarts_on_errors: retries, recover_on_exit_codes: [PREEMPTED_CODE] },
    },
    envs: { NO_COLOR: "1", STITCHBOOK_SHARED: "1", STITCHBOOK_PATIENCE: "60" },
    setup: [
      "set -e",
      `[ -x ~/.deno/bin/deno ] || curl -fsSL https://deno.land/install.sh | sh -s -- -y v${deno}`,
      "~/.deno/bin/deno install --frozen",
      "",
    ].join("\n"),
    run: [
      "set -e",
      'export STITCHBOOK_JOB="$SKYPILOT_TASK_ID"',
      `mkdir -p ${shellLine([folder])}`,
      `exec ~/.deno/bin/deno ${shellLine(["run", "-A", ...words])}`,
      "",
    ].join("\n"),
  };
}

function storage(volume: string | undefined, bucket: string | undefined): object {
  if ((volume === undefined) === (bucket === undefined)) {
    throw new UserError(
      "skypilot.storage",
      volume === undefined
        ? "Cannot write tasks for SkyPilot: it is not said where the runs are"
        : `Cannot write tasks for SkyPilot with both the volume ${volume} and the bucket ${bucket}`,
      "name one place with --skypilot.volume or --skypilot.bucket; sky volumes ls lists the volumes",
    );
  }
  return bucket === undefined
    ? { volumes: { [SKYPILOT_MOUNT]: volume } }
    : { file_mounts: { [SKYPILOT_MOUNT]: { source: bucket, mode: "MOUNT_CACHED" } } };
}

function launchScript(
  { run }: SkypilotRun,
  stages: readonly (readonly { readonly file: string; readonly job: string }[])[],
): string {
  return `#!/bin/bash
# Launches the managed jobs of the run ${run}, stage by stage: each needs what the stages before it made.
# Written by Stitchbook, which has not run it. Cells that are in the cache end at once, so it may be run again.
set -eu
cd "$(dirname "$0")"

launch() { sky jobs launch --yes --name "$1" "$2"; }

finish() {
  for process in "$@"; do wait "$process" || { echo "A job failed: sky jobs queue" >&2; exit 1; }; done
}
${
    stages.map((stage) => {
      const started = stage.map(({ file, job }, i) => `launch ${job} ${file} & p${i}=$!`).join("\n");
      return `\n${started}\nfinish ${stage.map((_job, i) => `$p${i}`).join(" ")}\n`;
    }).join("")
  }
echo "The run is in ${SKYPILOT_RUNS}/${run}"
`;
}
