// An output folder: checked before the work, and complete or unchanged afterwards.
import { basename, dirname, resolve } from "node:path";
import { UserError } from "../errors.ts";

/** Where to write, and how errors speak of it. */
export interface Output {
  /** The folder. */
  readonly out: string;
  /** The code of errors: `merge.out`. */
  readonly code: string;
  /** What is written: `the merged model`. */
  readonly what: string;
}

/** An output folder that is being filled. */
export interface Target {
  /** Where to write the files. */
  readonly workshop: string;
  /** Moves the files into place. */
  readonly finish: () => Promise<void>;
  /** Removes everything that was created. */
  readonly discard: () => Promise<void>;
}

/**
 * Checks that `out` is an empty folder or a name for a new one. Follows links and changes nothing.
 *
 * @throws UserError with the output's code
 */
export async function checkTarget(output: Output): Promise<void> {
  const { out, code } = output;
  if (out === "") throw new UserError(code, "The name of the output folder is empty", "Name one with --out");
  const real = await realPath(output, out);
  if (real !== undefined) return await checkEmpty(output, real);
  const link = await Deno.lstat(out).then(({ isSymlink }) => isSymlink, () => false);
  if (link) throw wrong(output, `it is a link to "${await Deno.readLink(out)}", which does not exist`);
  const length = new TextEncoder().encode(basename(normalized(out))).length;
  if (length > 255) throw wrong(output, `its name has ${length} bytes, and file systems take at most 255`);
}

async function checkEmpty(output: Output, real: string): Promise<void> {
  try {
    if (!(await Deno.stat(real)).isDirectory) throw wrong(output, "it is a file");
    for await (const _ of Deno.readDir(real)) throw wrong(output, "it is not empty");
  } catch (error) {
    throw asOutError(output, error);
  }
}

/**
 * Prepares an output folder that {@linkcode checkTarget} has accepted. An existing folder is filled rather than replaced,
 * so that links to it and shells inside it stay valid.
 *
 * @throws UserError with the output's code
 */
export async function openTarget(output: Output): Promise<Target> {
  try {
    const real = await realPath(output, output.out);
    return real === undefined ? await newFolder(output) : await existingFolder(output, real);
  } catch (error) {
    throw asOutError(output, error);
  }
}

/** Normalizes a path. `..` is kept, because its meaning depends on links. */
const normalized = (path: string) => path.split("/").includes("..") ? path.replace(/(?<!\/)\/+$/, "") : resolve(path);

const partialName = () => `.partial-${crypto.randomUUID().slice(0, 8)}`;

async function newFolder(output: Output): Promise<Target> {
  const out = normalized(output.out);
  const missing = await missingParents(output, dirname(out));
  const removeParents = async () => {
    // Fails, as it should, if something else is in there by now.
    for (const parent of missing) await Deno.remove(parent).catch(() => {});
  };
  const workshop = `${dirname(out)}/${partialName()}`;
  try {
    await Deno.mkdir(workshop, { recursive: true });
    // Tries the name before the work.
    await Deno.mkdir(out);
    await Deno.remove(out);
  } catch (error) {
    await Deno.remove(workshop, { recursive: true }).catch(() => {});
    await removeParents();
    throw error;
  }
  return {
    workshop,
    finish: async () => await Deno.rename(workshop, out),
    discard: async () => {
      await Deno.remove(workshop, { recursive: true }).catch(() => {});
      await removeParents();
    },
  };
}

/** The folder and the parents that do not exist yet, innermost first. */
async function missingParents(output: Output, folder: string): Promise<string[]> {
  if (await realPath(output, folder) !== undefined) return [];
  return [folder, ...dirname(folder) === folder ? [] : await missingParents(output, dirname(folder))];
}

async function existingFolder(output: Output, folder: string): Promise<Target> {
  const workshop = `${folder}/${partialName()}`;
  await Deno.mkdir(workshop);
  const moved: string[] = [];
  return {
    workshop,
    finish: async () => {
      for await (const { name } of Deno.readDir(folder)) {
        if (name !== basename(workshop)) throw wrong(output, "it is no longer empty");
      }
      const names = await Array.fromAsync(Deno.readDir(workshop), ({ name }) => name);
      // config.json comes last: a folder that has it is complete.
      for (const name of names.sort((a, b) => Number(a === "config.json") - Number(b === "config.json"))) {
        await Deno.rename(`${workshop}/${name}`, `${folder}/${name}`);
        moved.push(name);
      }
      await Deno.remove(workshop);
    },
    discard: async () => {
      for (const name of moved) await Deno.remove(`${folder}/${name}`).catch(() => {});
      await Deno.remove(workshop, { recursive: true }).catch(() => {});
    },
  };
}

/** The resolved path; undefined if nothing is there. */
async function realPath(output: Output, path: string): Promise<string | undefined> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw asOutError({ ...output, out: path }, error);
  }
}

/** Turns errors of the operating system and missing permissions into user errors; returns other errors unchanged. */
export function asOutError(output: Output, error: unknown): unknown {
  if (error instanceof Deno.errors.NotCapable) return wrong(output, "writing there is not permitted");
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  return wrong(output, (error as Error).message.replace(/ \(os error \d+\).*$/s, ""));
}

function wrong({ out, code, what }: Output, why: string): UserError {
  return new UserError(code, `Cannot write ${what} to "${out}": ${why}`, "Name another folder with --out");
}
