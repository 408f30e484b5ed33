// The script of a job: one cell, or an array of cells, each built by a process that resumes from its checkpoints.
//
// The shell stays between Slurm and deno, and does not `exec` it: it passes USR1 and TERM on, and counts failures even of
// a process that was killed before it could say anything.
import { UserError } from "../../errors.ts";
import { ATTEMPT_OUTPUT, FAILURES_FILE, TIME_UP_FILE } from "../attempts.ts";
import { FENCED_CODE, PREEMPTED_CODE } from "../place.ts";
import type { SlurmRequest } from "./settings.ts";
import { secondsOfTime } from "./time.ts";

/** What the script of a job needs. */
export interface JobScript {
  readonly name: string;
  /** In the order of the array's tasks; a single one is a job without an array. */
  readonly cells: readonly { readonly cell: string; readonly attempts: string }[];
  /** The folder for what Slurm itself prints. */
  readonly jobsFolder: string;
  readonly runFolder: string;
  readonly cwd: string;
  /** Starts `deno` with the script and its arguments; `--cell` follows. */
  readonly command: readonly string[];
  /** Variables that the command needs. */
  readonly env: Readonly<Record<string, string>>;
  readonly request: SlurmRequest;
}

/** Times that a cell is tried again after a failure, if no setting says it. */
const RETRIES = 2;
/** Seconds before the limit that a job is told, if no setting says it: at most, and of a short limit. */
const NOTICE = { most: 90, share: 1 / 4 };
/** Of the notice, how much a process has for its checkpoint before it is killed, so that the job can start itself again. */
const GRACE_SHARE = 2 / 3;
/** Slurm may give notice this many seconds early. */
const EARLY_SECONDS = 120;
/** Seconds that a file of another node may take to be seen. */
export const PATIENCE_SECONDS = 60;

/** The script as text. */
export function jobScript(job: JobScript): string {
  const { name, cells, jobsFolder, runFolder, cwd, command, env, request } = job;
  const { retries = RETRIES, prelude = [] } = request;
  const notice = noticeFor(request);
  const options: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ["job-name", name],
    ["chdir", cwd],
    ["output", `${jobsFolder}/${cells.length > 1 ? "%A_%a" : "%j"}.out`],
    ["open-mode", "append"],
    ["signal", `B:USR1@${notice}`],
    ["array", cells.length > 1 ? `0-${cells.length - 1}` : undefined],
  ];
  return [
    "#!/bin/bash",
    ...sbatchLines(options),
    ...resourceOptions(request),
    "#SBATCH --requeue",
    "#SBATCH --kill-on-invalid-dep=yes",
    `cells=(${cells.map(({ cell }) => quote(cell)).join(" ")})`,
    `folders=(${cells.map(({ attempts }) => quote(attempts)).join(" ")})`,
    `cell=\${cells[\${SLURM_ARRAY_TASK_ID:-0}]}`,
    `folder=\${folders[\${SLURM_ARRAY_TASK_ID:-0}]}`,
    `if [ ! -d ${quote(runFolder)} ]; then`,
    `  echo "$SLURMD_NODENAME does not see the folder of the run, "${quote(runFolder)} >&2`,
    "  exit 2",
    "fi",
    ...Object.entries(env).map(([key, value]) => `export ${key}=${quote(value)}`),
    "export NO_COLOR=1",
    'export STITCHBOOK_ATTEMPT="$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0}" STITCHBOOK_JOB="$SLURM_JOB_ID"',
    `export STITCHBOOK_NODE="$SLURMD_NODENAME" STITCHBOOK_PATIENCE=${PATIENCE_SECONDS} STITCHBOOK_SHARED=1`,
    `export STITCHBOOK_TRIES=${retries + 1}`,
    'attempt="$folder/$STITCHBOOK_ATTEMPT"',
    'mkdir -p "$attempt" || exit 2',
    "notice() {",
    "  noticed=1",
    '  [ -n "$child" ] && kill -USR1 $child',
    "  # The time is up, unless Slurm says that it ends later: then the job is preempted.",
    '  end=$(date -d "$(timeout 20 squeue -h -j "$SLURM_JOB_ID" -o %e)" +%s 2> /dev/null)',
    `  [ "\${end:-0}" -gt $(($(date +%s) + ${notice + EARLY_SECONDS})) ] || echo $SECONDS > "$attempt/${TIME_UP_FILE}"`,
    "  # What does not leave in time is killed: after its time limit, a job cannot be started again.",
    `  [ -n "$child" ] && { sleep ${
      Math.ceil(GRACE_SHARE * notice)
    }; kill -0 $$ && kill -KILL $child; } > /dev/null 2>&1 &`,
    "}",
    "trap notice USR1",
    "trap 'stopped=1; [ -n \"$child\" ] && kill -TERM $child' TERM",
    ...prelude,
    `code=${PREEMPTED_CODE}`,
    'if [ -z "$noticed" ]; then',
    `  ${commandLine(command, request)}${
      request.device === "cpu" ? ' --threads "${SLURM_CPUS_ON_NODE:-1}"' : ""
    } --cell "$cell" >> "$attempt/${ATTEMPT_OUTPUT}" 2>&1 &`,
    "  child=$!",
    "  # A signal ends the first wait early.",
    "  while wait $child; code=$?; [ $code -gt 128 ] && kill -0 $child 2> /dev/null; do :; done",
    "  wait $child; code=$?",
    "fi",
    `if [ $code = ${PREEMPTED_CODE} ] || { [ $code = 137 ] && [ -n "$noticed" ]; }; then`,
    '  scontrol requeue "$SLURM_JOB_ID" && sleep 60',
    `elif [ $code != 0 ] && [ $code != 2 ] && [ $code != ${FENCED_CODE} ] && [ -z "$stopped" ]; then`,
    `  echo "$STITCHBOOK_ATTEMPT $code" >> "$folder/${FAILURES_FILE}"`,
    `  [ "$(wc -l < "$folder/${FAILURES_FILE}")" -le ${retries} ] && scontrol requeue "$SLURM_JOB_ID" && sleep 60`,
    "fi",
    "exit $code",
    "",
  ].join("\n");
}

/**
 * Seconds before the limit that a job is told.
 *
 * @throws UserError `slurm.setting` when the limit is not longer
 */
function noticeFor({ time, notice }: SlurmRequest): number {
  const limit = time === undefined ? undefined : secondsOfTime(time);
  if (notice !== undefined) {
    if (!limit || notice < limit) return notice;
    throw new UserError(
      "slurm.setting",
      `Cannot use --slurm.notice ${notice} with --slurm.time ${time}: each job would be told to stop when it starts`,
      `give a notice of less than the time limit, which is ${limit} s`,
    );
  }
  return limit ? Math.max(1, Math.min(NOTICE.most, Math.floor(NOTICE.share * limit))) : NOTICE.most;
}

/** The command as a job starts it: in its container, for its device. */
export function commandLine(command: readonly string[], { container, device }: SlurmRequest): string {
  const words = [...command, ...(device === undefined ? [] : ["--device", device])].map(quote);
  return [...(container === undefined ? [] : [container]), ...words].join(" ");
}

/** The lines of a script that say what its job asks for. */
export function resourceOptions(request: SlurmRequest): string[] {
  return sbatchLines([
    ["partition", request.partition],
    ["account", request.account],
    ["qos", request.qos],
    ["time", request.time],
    ["gres", request.gres],
    ["constraint", request.constraint],
    ["exclude", request.exclude],
    ["cpus-per-task", request.cpus],
    ["mem", request.mem],
  ]);
}

function sbatchLines(options: readonly (readonly [name: string, value: string | number | undefined])[]): string[] {
  return options.flatMap(([name, value]) => value === undefined ? [] : [`#SBATCH --${name}=${optionValue(value)}`]);
}

/** A word of a shell's line. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A value in a line of options, in which words are separated by spaces. */
function optionValue(value: string | number): string {
  return /[\s#]/.test(String(value)) ? `"${value}"` : String(value);
}
