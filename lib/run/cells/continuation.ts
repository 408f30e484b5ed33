// Resuming a run: which run a command means, and whether its settings allow it.
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { canonicalJson } from "../files/canonical.ts";
import { configDifferences, type Difference } from "../config/differences.ts";
import { decodeLine } from "../log/log-line.ts";
import { writerLives } from "../process/lock.ts";
import { currentExperiment, scriptOf } from "../process/script.ts";
import { LOG_FILE } from "../log/log.ts";
import { runIds } from "../log/read.ts";
import { readStart } from "../log/start.ts";

/** How a setting may change while a run is under way. */
export type MayChange = Readonly<Record<string, "freely" | "upwards">>;

/** What a command asks for. */
export interface Wanted {
  readonly experiment: string;
  readonly backend: string;
  readonly seed: number;
  readonly title: string;
  readonly config: unknown;
  /** The script, relative to the repository: an edited copy of an experiment is not the experiment. */
  readonly script?: string | undefined;
  /** Brings the settings of an earlier run, perhaps of an older version, into their present form. Default: as they are. */
  readonly readConfig?: (config: unknown) => unknown;
}

/**
 * The run that a command resumes: the newest of its script, experiment, device, seed and title that has the same settings,
 * if it did not finish. With `named` the settings may differ: the title identifies it.
 *
 * @returns its id; undefined when the command means a new run
 */
export async function unfinishedRun(
  runsFolder: string,
  wanted: Wanted,
  named: boolean,
): Promise<string | undefined> {
  const { readConfig = (config) => config } = wanted;
  const config = canonicalJson(wanted.config);
  for (const id of await runIds(runsFolder)) {
    // Experiment and seed never change: of most runs, the first line is enough.
    const start = await readStart(join(runsFolder, id)).catch(() => undefined);
    if (currentExperiment(String(start?.["experiment"])) !== wanted.experiment || start?.["seed"] !== wanted.seed) {
      continue;
    }
    const asked = await lastRequest(join(runsFolder, id));
    if (asked === undefined || asked.backend !== wanted.backend || asked.title !== wanted.title) continue;
    if (wanted.script !== undefined && asked.script !== undefined && asked.script !== wanted.script) continue;
    if (!named && canonicalJson(readConfig(asked.config)) !== config) continue;
    return asked.done && !writerLives(join(runsFolder, id)) ? undefined : id;
  }
}

/**
 * Refuses to resume a run under settings that would make it a different run.
 *
 * @throws UserError `run.changed` naming every setting that may not change so, `run.over` when nothing is left to do
 */
export function checkContinuation(
  run: string,
  before: { readonly experiment: string; readonly seed: number; readonly config: unknown; readonly done: boolean },
  wanted: { readonly experiment: string; readonly seed: number; readonly config: unknown },
  mayChange: MayChange,
): void {
  const { experiment, seed } = wanted;
  const made = configDifferences(
    { experiment: currentExperiment(before.experiment), seed: before.seed },
    { experiment, seed },
  );
  const changes = configDifferences(before.config, wanted.config);
  const refused = [...made, ...changes.filter((change) => !isAllowed(change, mayChange))];
  if (refused.length > 0) {
    const free = Object.entries(mayChange).map(([path, how]) => how === "upwards" ? `${path} (upwards)` : path);
    throw new UserError(
      "run.changed",
      `Cannot resume ${run} with other settings: ${refused.map(differenceText).join("; ")}`,
      `${free.length === 0 ? "nothing" : free.join(", ")} may change in a run; --fresh starts a new one`,
    );
  }
  if (before.done && changes.length === 0) {
    throw new UserError(
      "run.over",
      `Cannot resume ${run}: it is done`,
      "raise a number of steps to train further, or start a new run",
    );
  }
}

function isAllowed({ key, a, b }: Difference, mayChange: MayChange): boolean {
  const how = Object.entries(mayChange).find(([path]) => matches(key, path))?.[1];
  return how === "freely" || (how === "upwards" && typeof a === "number" && typeof b === "number" && b > a);
}

/** Whether a key path fits a pattern, in which `*` stands for one part. */
function matches(key: string, pattern: string): boolean {
  const [parts, wanted] = [key.split("."), pattern.split(".")];
  return parts.length === wanted.length && wanted.every((part, i) => part === "*" || part === parts[i]);
}

function differenceText({ key, a, b }: Difference): string {
  const show = (value: unknown) => value === undefined ? "absent" : JSON.stringify(value);
  return `${key} was ${show(a)} and is ${show(b)}`;
}

/** The first version of the log's format with what resuming needs. */
const FIRST_RESUMABLE = 2;

/** What the process that last wrote a run was asked for; undefined if that cannot be told, or in an older format. */
async function lastRequest(folder: string) {
  const text = await Deno.readTextFile(join(folder, LOG_FILE)).catch(() => "");
  const start = valueOf(text.slice(0, text.indexOf("\n") + 1).trimEnd());
  // No need to read every line: a quotation of this text in another event has its quotes escaped.
  const at = text.lastIndexOf('"kind":"run.resume"');
  const last = at < 0 ? start : valueOf(text.slice(text.lastIndexOf("\n", at) + 1).split("\n", 1)[0]!);
  if (start === undefined || last === undefined || Number(last["schemaVersion"]) < FIRST_RESUMABLE) return undefined;
  const { title, backend, config, command } = last;
  const end = text.lastIndexOf('"kind":"run.end"');
  const done = end > at && text.indexOf('"status":"done"', end) > 0;
  const script = Array.isArray(command) ? scriptOf(command.map(String)) : undefined;
  return { title, backend, config, script, done };
}

function valueOf(line: string): Record<string, unknown> | undefined {
  const opened = decodeLine(new TextEncoder().encode(line));
  return opened.kind === "value" ? opened.value as Record<string, unknown> : undefined;
}
