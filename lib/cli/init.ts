// `deno task init <folder>`: a folder for scripts and notebooks that use Stitchbook as a library.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import project from "../../deno.json" with { type: "json" };
import { systemReason, UserError } from "../errors.ts";
import { parseWithCommander, repositoryRoot, shellLine } from "../run/mod.ts";

/** Packages that scripts share with the library, in the library's versions. */
const SHARED = ["@tensorflow/tfjs", "zod"] as const;

/** What notebooks call the package. */
const SHORT_NAME = "stitchbook";

/** Tasks that concern this repository, not a folder with runs. */
const OWN_TASKS: ReadonlySet<string> = new Set(["init", "results"]);

const repositoryUrl = pathToFileURL(repositoryRoot).href;

const EXAMPLE = `// Continues a prompt with the stitched model of the newest run: deno task example "What is 3 plus 4?"
import { openRun, runMain } from "${project.name}";

await runMain(async () => {
  using run = await openRun("last"); // there is none yet? deno task bts --preset smoke
  using model = await run.model("bts");
  console.log(await model.generate(Deno.args[0] ?? "What is 3 plus 4?"));
});
`;

/** `deno task init <folder>` */
export async function initCommand(
  args: readonly string[],
  print: (text: string) => void = console.log,
): Promise<void> {
  const command = new Command("init")
    .description(
      "Sets up a folder for scripts and notebooks that use Stitchbook as a library: a deno.json that links to this " +
        "copy of Stitchbook, with its commands as tasks, and an example. Nothing is overwritten.",
    )
    .argument("<folder>", "folder to set up; created if it does not exist");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const folder = resolve(parsed.positional[0]!);
  const kept = await writeProject(folder);
  print(
    `${folder} is ready. In it:\n` +
      "  deno task bts --preset smoke   trains models in seconds\n" +
      "  deno task example              uses them" +
      (kept.length === 0 ? "" : `\nKept as they were: ${kept.join(", ")}`),
  );
}

/**
 * Writes the files of a folder, and returns the names of those that were there before and have been kept.
 *
 * @throws UserError `init.folder` when the folder cannot be created or written, `init.exists` when it has a deno.json; then
 *   nothing has been written
 */
async function writeProject(folder: string): Promise<string[]> {
  const files = {
    "deno.json": `${JSON.stringify(projectConfig(), null, 2)}\n`,
    // The packages that this repository was tested with, and those that they import.
    "deno.lock": await Deno.readTextFile(join(repositoryRoot, "deno.lock")),
    "example.ts": EXAMPLE,
  };
  const written: string[] = [];
  const kept: string[] = [];
  try {
    await Deno.mkdir(folder, { recursive: true });
    await refuseOther(folder);
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      if (await exists(path)) kept.push(name);
      else {
        await Deno.writeTextFile(path, text, { createNew: true });
        written.push(path);
      }
    }
    return kept;
  } catch (error) {
    for (const path of written) await Deno.remove(path);
    if (error instanceof UserError) throw error;
    const reason = error instanceof Deno.errors.AlreadyExists ? "it is a file, not a folder" : systemReason(error);
    throw reason === undefined ? error : new UserError("init.folder", `Cannot set up ${folder}: ${reason}`);
  }
}

/** @throws UserError `init.exists` for a folder with a configuration of its own */
async function refuseOther(folder: string): Promise<void> {
  const paths = ["deno.json", "deno.jsonc"].map((name) => join(folder, name));
  for (const path of paths) {
    if (!await exists(path)) continue;
    const linked = (await Deno.readTextFile(path).catch(() => "")).includes(repositoryUrl);
    throw new UserError(
      "init.exists",
      linked ? `${path} already uses this copy of Stitchbook` : `${path} already exists and is not overwritten`,
      linked
        ? undefined
        : 'set up another folder, and copy "links", "imports" and "compilerOptions" from its deno.json',
    );
  }
}

const exists = (path: string) => Deno.lstat(path).then(() => true, () => false);

/**
 * The `deno.json` of a folder: the package linked to this repository, so that its own `deno.json` decides the versions of
 * everything that it imports; the compiler options that its sources need; and its commands, run from here.
 */
function projectConfig(): object {
  const packages: Readonly<Record<string, string>> = project.imports;
  return {
    links: [repositoryUrl],
    imports: {
      [project.name]: `jsr:${project.name}`,
      [SHORT_NAME]: `jsr:${project.name}`,
      ...Object.fromEntries(SHARED.map((name) => [name, packages[name]])),
    },
    tasks: {
      example: "deno run --allow-read --allow-env --allow-sys --allow-ffi example.ts",
      ...Object.fromEntries(
        Object.entries(project.tasks).flatMap(([name, line]) => {
          const [, options, script, rest] = /^deno run (\S+) (main\.ts|experiments\/\S+\.ts)( .*)?$/.exec(line) ?? [];
          if (script === undefined || OWN_TASKS.has(name)) return [];
          const url = pathToFileURL(join(repositoryRoot, script)).href;
          return [[name, `${shellLine(["deno", "run", options!, url])}${rest ?? ""}`]];
        }),
      ),
    },
    allowScripts: project.allowScripts,
    compilerOptions: project.compilerOptions,
  };
}
