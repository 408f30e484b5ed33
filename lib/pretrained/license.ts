// The license that a checkpoint says it has.
import { parse } from "yaml";
import { absent, attempt } from "../errors.ts";
import { openGguf } from "../gguf/mod.ts";

/**
 * The license that the README.md of a model folder, or the metadata of a GGUF file, names; undefined if there is none, or
 * the checkpoint is not on this machine.
 */
export async function licenseOf(source: string): Promise<string | undefined> {
  const found = await Deno.stat(source).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isFile) {
    using file = await openGguf(source);
    return named(file.metadata.get("general.license"));
  }
  const card = await Deno.readTextFile(`${source}/README.md`).catch(absent);
  const header = /^---\r?\n(.*?)\r?\n---\r?$/ms.exec(card ?? "")?.[1];
  return header === undefined
    ? undefined
    : named((attempt(() => parse(header)) as { license?: unknown } | null)?.license);
}

const named = (value: unknown) => typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
