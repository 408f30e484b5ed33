// Experiments as scripts: finding one by a path from a person or an old command, and running it with `deno`.
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { nearest, UserError } from "../../errors.ts";
import { repositoryRoot } from "../files/repository.ts";

const STUDIES = "experiments/studies";
/** Current paths of moved scripts, relative to the repository; old runs and sweeps keep the old paths. */
const MOVED: Readonly<Record<string, string>> = {
  "experiments/crosslingual.ts": `${STUDIES}/crosslingual.ts`,
  "experiments/experts.ts": `${STUDIES}/experts.ts`,
  "experiments/gates.ts": `${STUDIES}/gates.ts`,
  "experiments/hub.ts": `${STUDIES}/hub.ts`,
  "experiments/initialisation.ts": `${STUDIES}/initialization.ts`,
  "experiments/modularity.ts": `${STUDIES}/modularity.ts`,
  "experiments/stitch-count.ts": `${STUDIES}/stitch-count.ts`,
  "experiments/stitch-kinds.ts": `${STUDIES}/stitch-kinds.ts`,
};

/**
 * The absolute path of a script: the file itself, the new path of a moved script, or, for a bare name such as `bts`, the
 * experiment or study with that name.
 *
 * @param script as given, relative to `base`
 * @throws UserError with `code` and the most similar script
 */
export async function findScript(script: string, base: string = Deno.cwd(), code = "run.script"): Promise<string> {
  const bare = /^[\w-]+$/.test(script) ? ["experiments", STUDIES].map((folder) => `${folder}/${script}.ts`) : [];
  const given = resolve(base, script);
  // Old commands name a script relative to the repository, whatever the working directory is.
  const inside = [pathInRepository(given), script.replaceAll("\\", "/"), ...bare];
  const moved = inside.map((path) => Object.hasOwn(MOVED, path) ? MOVED[path]! : path);
  const candidates = [given, ...moved.map((path) => join(repositoryRoot, path))];
  for (const path of candidates) if (await isScript(path)) return path;
  const scripts = (await Promise.all(["experiments", STUDIES].map(scriptsIn))).flat();
  const near = nearest(basename(script), scripts.map((path) => basename(path)));
  const isFolder = await Deno.stat(given).then(({ isDirectory }) => isDirectory, () => false);
  throw new UserError(
    code,
    isFolder ? `${script} is a folder, not a script` : `There is no script ${script}`,
    near === undefined
      ? "give the path of a script, such as experiments/bts.ts"
      : `did you mean ${scripts.find((path) => basename(path) === near)}?`,
  );
}

/** The current name of an experiment. A study has the name of its script, which may have been renamed. */
export function currentExperiment(name: string): string {
  const moved = MOVED[`experiments/${name}.ts`];
  return moved === undefined ? name : basename(moved, ".ts");
}

/**
 * The script that a run's command starts, relative to the repository; where it is now, if it was moved. Undefined for a
 * command that does not say.
 */
export function scriptOf([deno, task, name, script]: readonly string[]): string | undefined {
  if (deno !== "deno" || task !== "task" || name === undefined) return undefined;
  const given = name === "run" ? script : `experiments/${name}.ts`;
  return given === undefined ? undefined : MOVED[given] ?? given;
}

/** A path relative to the repository, with slashes, when it is inside; otherwise the path unchanged. */
export function pathInRepository(path: string): string {
  const inside = relative(repositoryRoot, path);
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside.replaceAll("\\", "/");
}

/** Arguments for `deno` to run a script with the repository's packages and all permissions. */
export function scriptArguments(path: string, args: readonly string[] = []): string[] {
  return ["run", "-A", "--config", join(repositoryRoot, "deno.json"), path, ...args];
}

async function isScript(path: string): Promise<boolean> {
  // Anything but a folder; `/dev/stdin` and a named pipe are scripts, too.
  return await Deno.stat(path).then(({ isDirectory }) => !isDirectory, () => false);
}

async function scriptsIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(repositoryRoot, folder))).catch(() => []);
  return entries.filter(({ isFile, name }) => isFile && name.endsWith(".ts")).map(({ name }) => `${folder}/${name}`)
    .sort();
}
