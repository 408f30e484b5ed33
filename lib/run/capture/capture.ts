// Recording a run's provenance in its folder: settings and their sources, code, packages, machine, command.
import { cpus, hostname, release, totalmem, type } from "node:os";
import { basename, dirname, extname, isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { absent, systemReason } from "../../errors.ts";
import { type GitState, gitState } from "./capture-git.ts";
import { type Provenance, provenanceSchema, type SettingSource } from "../events/provenance.ts";
import { repositoryRoot } from "../files/repository.ts";
import { untrackedPatch } from "./capture-untracked.ts";
import { sha256, sha256OfFile, writeTextAtomically } from "../files/files.ts";
import { withoutWebhook } from "../alerts/webhook.ts";

/** Name of the provenance folder in a run's folder. */
export const CAPTURED_FOLDER = "captured";
/** Of a larger diff, lock file or script, only the hash is recorded. */
const MOST_BYTES = 1 << 20;
/** At most this many changed files are listed. */
const MOST_CHANGES = 200;
/** Environment variables that may affect results. No others are recorded, and none whose name suggests a secret. */
const VARIABLES =
  /^(STITCHBOOK_\w+|NO_COLOR|LANG|LC_ALL|TZ|O(MP|PENBLAS)_NUM_THREADS|MKL_NUM_THREADS|OPENBLAS_CORETYPE|CUDA_VISIBLE_DEVICES|WGPU_\w+|VK_ICD_FILENAMES|VK_DRIVER_FILES|DENO_(V8_FLAGS|WEBGPU\w*|NO_UPDATE_CHECK)|SLURM_(JOB_ID|ARRAY_JOB_ID|ARRAY_TASK_ID|JOB_PARTITION|CPUS_PER_TASK|NODELIST))$/;
const SECRET_NAME = /TOKEN|SECRET|PASS|KEY|CREDENTIAL|AUTH|COOKIE|WEBHOOK|URL/i;
const LONGEST_VALUE = 500;

export interface CaptureOptions {
  /** The layer that set each setting, by key path. */
  readonly sources: Readonly<Record<string, SettingSource>>;
  readonly configFile: string | undefined;
  readonly device: Provenance["environment"]["device"];
  /** The repository that holds the code. @default this one */
  readonly root?: string;
  /** The running script as a URL. @default the main module */
  readonly script?: string;
  /** @default the process's */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Writes `captured/<n>.json` in the run's folder, and next to it the files that it names: uncommitted changes, untracked
 * files, and the package lock and script if no commit contains them. `n` counts the processes that worked on the run.
 */
export async function captureProvenance(folder: string, options: CaptureOptions): Promise<Provenance> {
  const { root = repositoryRoot, script = Deno.mainModule, variables = Deno.env.toObject() } = options;
  const place = join(folder, CAPTURED_FOLDER);
  await Deno.mkdir(place, { recursive: true });
  const number = (await capturedNumbers(folder)).length + 1;
  const state = await gitState(root);
  const path = script.startsWith("file:") ? fileURLToPath(script) : script;
  const keep = keeper(place, number);
  const captured: Provenance = provenanceSchema.parse({
    schemaVersion: 1,
    time: new Date().toISOString(),
    sources: options.sources,
    configFile: options.configFile ?? null,
    configCopy: options.configFile === undefined
      ? null
      : await keep(options.configFile, `config${extname(options.configFile).toLowerCase()}`),
    process: { script: path, arguments: withoutWebhook(Deno.args), folder: Deno.cwd() },
    git: state === undefined ? null : await gitPart(state, root, dirname(folder), keep),
    scriptFile: isCommitted(state, root, path) ? null : await keep(path, basename(path)),
    lock: await lockPart(state, root, keep),
    environment: environment(options.device, variables),
  });
  await writeTextAtomically(join(place, `${number}.json`), JSON.stringify(captured, null, 2) + "\n");
  return captured;
}

type Keep = (from: string | Uint8Array, name: string) => Promise<string | null>;

/** Copies a file, or bytes, into the folder with the process's number in the name; null when it cannot. */
function keeper(place: string, number: number): Keep {
  return async (from, name) => {
    try {
      const bytes = typeof from === "string" ? await Deno.readFile(from) : from;
      if (bytes.length === 0 || bytes.length > MOST_BYTES) return null;
      const file = `${number}-${name.replace(/[^\w.-]/g, "_")}`;
      await Deno.writeFile(join(place, file), bytes);
      return file;
    } catch {
      return null;
    }
  };
}

async function gitPart(state: GitState, root: string, runsFolder: string, keep: Keep): Promise<Provenance["git"]> {
  const { commit, branch, changes, diff } = state;
  return {
    commit,
    branch,
    changes: changes.slice(0, MOST_CHANGES),
    changed: changes.length,
    diff: {
      file: await keep(diff, "code.diff"),
      bytes: diff.length,
      sha256: sha256(new TextDecoder().decode(diff)),
    },
    untracked: await untrackedPart(state, root, runsFolder, keep),
  };
}

/** Untracked files, without those of runs. */
async function untrackedPart({ untracked, secret }: GitState, root: string, runsFolder: string, keep: Keep) {
  const runs = await relativePath(root, runsFolder);
  const paths = runs === undefined ? untracked : untracked.filter((path) => !path.startsWith(`${runs}/`));
  const { patch, files, left } = await untrackedPatch(root, paths, secret);
  return {
    file: await keep(patch, "untracked.diff"),
    sha256: sha256(new TextDecoder().decode(patch)),
    files: [...files],
    left: left.slice(0, MOST_CHANGES),
    leftOut: left.length,
  };
}

/** The path of a folder relative to one above it, with `/`; undefined when it is not below that one. */
async function relativePath(root: string, folder: string): Promise<string | undefined> {
  const [from, to] = await Promise.all([root, folder].map((path) => Deno.realPath(path)));
  const inside = relative(from!, to!).replaceAll("\\", "/");
  return inside === "" || inside === ".." || inside.startsWith("../") || isAbsolute(inside) ? undefined : inside;
}

async function lockPart(state: GitState | undefined, root: string, keep: Keep): Promise<Provenance["lock"]> {
  const path = join(root, "deno.lock");
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info?.isFile) return null;
  const file = isCommitted(state, root, path) ? null : await keep(path, "deno.lock");
  return { sha256: await sha256OfFile(path), bytes: info.size, file };
}

/** Whether the commit contains a file as it is now. */
function isCommitted(state: GitState | undefined, root: string, path: string): boolean {
  const inside = relative(root, path).replaceAll("\\", "/");
  if (state === undefined || inside.startsWith("..") || isAbsolute(inside)) return false;
  // An untracked folder is one line of `git status`, with a slash at its end.
  return !state.changes.some((line) => {
    const changed = line.slice(3).replace(/^.* -> /, "").replace(/^"|"$/g, "");
    return changed === inside || (changed.endsWith("/") && inside.startsWith(changed));
  });
}

function environment(
  device: CaptureOptions["device"],
  variables: Readonly<Record<string, string>>,
): Provenance["environment"] {
  const kept = Object.entries(variables)
    .filter(([name]) => VARIABLES.test(name) && !SECRET_NAME.test(name))
    .map(([name, value]) => [name, value.slice(0, LONGEST_VALUE)] as const)
    .sort(([a], [b]) => a < b ? -1 : 1);
  return {
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    typescript: Deno.version.typescript,
    system: `${type()} ${release()} ${Deno.build.arch}`,
    host: hostname(),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memory: totalmem(),
    device,
    variables: Object.fromEntries(kept),
  };
}

/** The numbers of the processes whose provenance was recorded, in order. */
async function capturedNumbers(folder: string): Promise<number[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(folder, CAPTURED_FOLDER))).catch(absent) ?? [];
  return entries.flatMap(({ name, isFile }) => isFile ? /^([1-9]\d{0,5})\.json$/.exec(name)?.[1] ?? [] : [])
    .map(Number).sort((a, b) => a - b);
}

/** The provenance of each process that worked on a run, in order. Files that cannot be read are left out. */
export async function readProvenance(folder: string): Promise<Provenance[]> {
  const read: Provenance[] = [];
  const numbers = await capturedNumbers(folder).catch((error) => {
    if (systemReason(error) === undefined) throw error;
    return [];
  });
  for (const number of numbers) {
    try {
      const text = await Deno.readTextFile(join(folder, CAPTURED_FOLDER, `${number}.json`));
      read.push(provenanceSchema.parse(JSON.parse(text)));
    } catch {
      // It is damaged, or has a later version.
    }
  }
  return read;
}
