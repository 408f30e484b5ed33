// The files that run the cells of a run on Kubernetes: a job for each group of cells, one for the run, and what submits them.
import { dirname, resolve } from "node:path";
import { UserError } from "../../errors.ts";
import { type PlannedCell, shellLine } from "../../run/mod.ts";
import { cellsRun, type EngineFile, jobPrefix, type RunToWrite } from "../files.ts";
import { processBytes, stagesOf } from "../groups.ts";
import { type JobSettings, requestFor } from "../settings.ts";
import { indexedJob } from "./job.ts";
import type { KubernetesRequest } from "./settings.ts";

/** What the jobs of a run on Kubernetes share. */
export interface KubernetesRun extends RunToWrite {
  /** Starts deno with the script and its arguments, for the cells and for the run itself. */
  readonly commands: { readonly cells: readonly string[]; readonly run: readonly string[] };
  readonly cwd: string;
  readonly runsFolder: string;
  /** Everything that the pods must see under the path that it has here. */
  readonly paths: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly image: string;
  readonly settings: JobSettings<KubernetesRequest>;
}

/** The job that makes the run's log and report, when all cells are there. */
const LAST = "run";

/**
 * The files, in the order in which they are applied.
 *
 * @throws UserError `kubernetes.claim` when no claim is named, `kubernetes.mount` for a path that pods would not see
 */
export function kubernetesFiles(run: KubernetesRun): EngineFile[] {
  const { settings, commands } = run;
  const stages = stagesOf(run.cells);
  const digits = String(stages.flat().length + 1).length;
  const files: EngineFile[] = [];
  const submitted = [
    ...stages.map((stage) =>
      stage.map(({ name, cells }) => add(name, cells, commands.cells, requestFor(settings, cells[0]!.cell)))
    ),
    [add(LAST, [], commands.run, settings.all)],
  ];
  return [...files, {
    name: "submit.sh",
    text: submitScript(run, submitted, settings.all.namespace),
    executable: true,
  }];

  function add(
    name: string,
    cells: readonly PlannedCell[],
    command: readonly string[],
    request: KubernetesRequest,
  ): { readonly file: string; readonly job: string } {
    const cpus = request.cpus ?? run.threads ?? 1;
    const job = `${jobPrefix(run.run)}-${name}`;
    const file = `${String(files.length + 1).padStart(digits, "0")}-${name}.yaml`;
    const text = indexedJob({
      name: job,
      run: run.run,
      tasks: cells.length === 0 ? [[]] : cells.map(({ cell }) => ["--cell", cell]),
      command: [...command, ...(run.onCpu ? ["--threads", String(cpus)] : [])],
      cwd: run.cwd,
      ...(cells.length === 0 ? {} : { folder: `${run.runsFolder}/${cellsRun(run.run)}` }),
      env: run.env,
      bytes: processBytes(cells),
      image: request.image ?? run.image,
      mount: mountOf(run, request),
      claim: claimOf(request),
      request: { ...request, cpus },
    });
    files.push({ name: file, text });
    return { file, job };
  }
}

function claimOf({ claim }: KubernetesRequest): string {
  if (claim !== undefined) return claim;
  throw new UserError(
    "kubernetes.claim",
    "Cannot write jobs for Kubernetes: no volume is named that has the checkout and the runs",
    "name its PersistentVolumeClaim with --kubernetes.claim; kubectl get pvc lists them",
  );
}

/** The folder to mount: what the settings say, or the deepest one that has all paths. */
function mountOf({ paths }: KubernetesRun, { mount }: KubernetesRequest): string {
  const folder = mount === undefined ? commonFolder(paths) : resolve(mount);
  const outside = paths.find((path) => !isIn(resolve(path), folder === "/" ? topOf(paths[0]!) : folder));
  if (outside === undefined) return folder;
  throw new UserError(
    "kubernetes.mount",
    `Cannot write jobs for Kubernetes: ${
      folder === "/"
        ? `no folder but / has both ${resolve(paths[0]!)} and ${resolve(outside)}, which pods must see`
        : `${resolve(outside)} is not in ${folder}, which pods mount`
    }`,
    "put checkout, runs and texts on one volume, and name the folder where it is with --kubernetes.mount",
  );
}

function commonFolder(paths: readonly string[]): string {
  let folder = resolve(paths[0]!);
  while (!paths.every((path) => isIn(resolve(path), folder))) folder = dirname(folder);
  return folder;
}

const topOf = (path: string) => resolve(path).split("/").slice(0, 2).join("/");

const isIn = (path: string, folder: string) => path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);

function submitScript(
  { run, runsFolder }: KubernetesRun,
  stages: readonly (readonly { readonly file: string; readonly job: string }[])[],
  namespace: string | undefined,
): string {
  const kubectl = shellLine(["kubectl", ...(namespace === undefined ? [] : ["--namespace", namespace])]);
  return `#!/bin/bash
# Hands in the jobs of the run ${run}, stage by stage: each needs what the stages before it made.
# Written by Stitchbook, which has not run it. Cells that are in the cache end at once, so it may be run again:
# first remove the jobs that failed, with: ${kubectl} delete -f .
# What the attempts at cells printed is in ${runsFolder}/${cellsRun(run)}/attempts, and in the logs of the pods.
set -eu
cd "$(dirname "$0")"

finish() {
  for job in "$@"; do
    while :; do
      case "$(${kubectl} get job "$job" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}')" in
        *Complete*) break ;;
        *Failed*) echo "The job $job failed: ${kubectl} describe job $job" >&2; exit 1 ;;
      esac
      sleep "\${STITCHBOOK_POLL:-10}"
    done
  done
}
${
    stages.map((stage) => `
${kubectl} apply ${stage.map(({ file }) => `-f ${file}`).join(" ")}
finish ${stage.map(({ job }) => job).join(" ")}
`).join("")
  }
echo "The run is in ${runsFolder}/${run}"
`;
}
