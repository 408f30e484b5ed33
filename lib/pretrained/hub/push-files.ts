// Which files of a folder are a model, to be uploaded; all others stay where they are.
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../errors.ts";
import { openGguf } from "../../gguf/mod.ts";
import { openWeightFiles, readShardIndex, remoteCode } from "../../huggingface/mod.ts";
import { isPickle } from "../pickle.ts";
import { USEFUL } from "./files.ts";

const WEIGHTS = "model.safetensors";
const INDEX = `${WEIGHTS}.index.json`;

/** A file to upload. */
export interface FileToPush {
  /** In the folder and in the repository. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/** The files of a folder. */
export interface FilesToPush {
  readonly files: readonly FileToPush[];
  /** Names that are no part of the model and are not uploaded. */
  readonly left: readonly string[];
}

/** Files beside a model that say what it is and what may be done with it. */
const ABOUT = /^(README\.md|LICEN[CS]E(\.txt|\.md)?|NOTICE(\.txt|\.md)?|merge\.json|mergekit_config\.yml)$/;

/**
 * The files of a model folder, or of a folder with GGUF files. The headers of weights are read, so that a damaged model is
 * not uploaded.
 *
 * @throws UserError `push.folder` when it is no such folder, `push.pickle`, `push.code`, and the errors of reading the files
 */
export async function filesToPush(folder: string): Promise<FilesToPush> {
  const names = await namesIn(folder);
  const weights = await weightsIn(folder, names);
  const ggufs = names.filter((name) => name.toLowerCase().endsWith(".gguf"));
  if (weights.length + ggufs.length === 0) throw noModel(folder, names);
  for (const name of ggufs) (await openGguf(`${folder}/${name}`))[Symbol.dispose]();
  const wanted = new Set([...weights, ...ggufs, ...await codeOf(folder)]);
  const isWanted = (name: string) => wanted.has(name) || USEFUL.has(name) || ABOUT.test(name);
  const files: FileToPush[] = [];
  for (const path of names.filter(isWanted)) files.push({ path, size: await sizeOf(folder, path) });
  return { files, left: names.filter((name) => !isWanted(name)) };
}

/**
 * The size of a file, in bytes. A link may lead to a file in the folder, or in a cache of the hub, whose snapshots consist of
 * links; another one could publish what nobody meant to.
 */
async function sizeOf(folder: string, path: string): Promise<number> {
  const file = join(folder, path);
  const { isFile, size } = await Deno.stat(file);
  const refuse = (why: string) => new UserError("push.folder", `Cannot push "${folder}": "${path}" ${why}`);
  if (!isFile) throw refuse("is not a file");
  if ((await Deno.lstat(file)).isSymlink) {
    const [target, own] = await Promise.all([Deno.realPath(file), Deno.realPath(folder)]);
    if (![own, resolve(own, "../../blobs")].includes(dirname(target))) {
      throw refuse(`is a link to ${target}, outside of the folder; copy the file into it if it is to be uploaded`);
    }
  }
  return size;
}

/** Names of what is in a folder, sorted. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "there is no such folder"
      : error instanceof Deno.errors.NotADirectory
      ? "it is not a folder"
      : (error as Error).message;
    throw new UserError("push.folder", `Cannot push "${folder}": ${why}`, "Name a model folder");
  }
}

/** Names of the safetensors and their index; empty if the folder is not transformers' kind of model folder. */
async function weightsIn(folder: string, names: readonly string[]): Promise<string[]> {
  const sharded = !names.includes(WEIGHTS) && names.includes(INDEX);
  if ((!names.includes(WEIGHTS) && !sharded) || !names.includes("config.json")) return [];
  (await openWeightFiles(folder)).close();
  return sharded ? [INDEX, ...new Set((await readShardIndex(`${folder}/${INDEX}`)).values())] : [WEIGHTS];
}

/** The Python files that the model runs with. @throws UserError `push.code` if one is missing */
async function codeOf(folder: string): Promise<readonly string[]> {
  const { files, missing } = await remoteCode(folder);
  const [lost] = missing;
  if (lost === undefined) return files;
  throw new UserError(
    "push.code",
    `Cannot push "${folder}": ${lost.neededBy} needs the code in ${lost.file}, which the folder does not have`,
    "copy the file from where the model is from or, if transformers knows the model_type, take auto_map out of the JSON file",
  );
}

function noModel(folder: string, names: readonly string[]): UserError {
  const pickle = names.find(isPickle);
  if (pickle !== undefined) {
    return new UserError(
      "push.pickle",
      `Cannot push "${folder}": its weights are a pickle ("${pickle}"), which could run any program when it is read`,
      "convert it to safetensors: load it in Python's transformers and save it with save_pretrained()",
    );
  }
  const lacks = names.includes(WEIGHTS) || names.includes(INDEX) ? "config.json" : `${WEIGHTS} and no GGUF file`;
  return new UserError(
    "push.folder",
    `Cannot push "${folder}": it is not a model folder: "${basename(folder)}" has no ${lacks}`,
    "deno task export model writes one",
  );
}
