// The output folder of a merge: checked before the work, and complete or unchanged afterwards.
import { basename, dirname, resolve } from "node:path";
import { UserError } from "../../errors.ts";

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
 * @throws UserError `merge.out`
 */
export async function checkTarget(out: string): Promise<void> {
  if (out === "") throw new UserError("merge.out", "The name of the output folder is empty", "Name one with --out");
  const real = await realPath(out);
  if (real !== undefined) return await checkEmpty(out, real);
  const link = await Deno.lstat(out).then(({ isSymlink }) => isSymlink, () => false);
  if (link) throw wrong(out, `it is a link to "${await Deno.readLink(out)}", which does not exist`);
  const length = new TextEncoder().encode(basename(normalized(out))).length;
  if (length > 255) throw wrong(out, `its name has ${length} bytes, and file systems take at most 255`);
}

async function checkEmpty(out: string, real: string): Promise<void> {
  try {
    if (!(await Deno.stat(real)).isDirectory) throw wrong(out, "it is a file");
    for await (const _ of Deno.readDir(real)) throw wrong(out, "it is not empty");
  } catch (error) {
    throw asOutError(out, error);
  }
}

/**
 * Prepares an output folder that {@linkcode checkTarget} has accepted. An existing folder is filled rather than replaced,
 * so that links to it and shells inside it stay valid.
 *
 * @throws UserError `merge.out`
 */
export async function openTarget(out: string): Promise<Target> {
  try {
    const real = await realPath(out);
    return real === undefined ? await newFolder(normalized(out)) : await existingFolder(out, real);
  } catch (error) {
    throw asOutError(out, error);
  }
}

/** Normalizes a path. `..` is kept, because its meaning depends on links. */
const normalized = (path: string) => path.split("/").includes("..") ? path.replace(/(?<!\/)\/+$/, "") : resolve(path);

const partialName = () => `.partial-${crypto.randomUUID().slice(0, 8)}`;

async function newFolder(out: string): Promise<Target> {
  const missing = await missingParents(dirname(out));
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
async function missingParents(folder: string): Promise<string[]> {
  if (await realPath(folder) !== undefined) return [];
  return [folder, ...dirname(folder) === folder ? [] : await missingParents(dirname(folder))];
}

async function existingFolder(out: string, folder: string): Promise<Target> {
  const workshop = `${folder}/${partialName()}`;
  await Deno.mkdir(workshop);
  const moved: string[] = [];
  return {
    workshop,
    finish: async () => {
      for await (const { name } of Deno.readDir(folder)) {
        if (name !== basename(workshop)) throw wrong(out, "it is no longer empty");
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
async function realPath(path: string): Promise<string | undefined> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw asOutError(path, error);
  }
}

/** Turns errors of the operating system and missing permissions into user errors; returns other errors unchanged. */
export function asOutError(out: string, error: unknown): unknown {
  if (error instanceof Deno.errors.NotCapable) return wrong(out, "writing there is not permitted");
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  return wrong(out, (error as Error).message.replace(/ \(os error \d+\).*$/s, ""));
}

function wrong(out: string, what: string): UserError {
  const message = `Cannot write the merged model to "${out}": ${what}`;
  return new UserError("merge.out", message, "Name another folder with --out");
}
