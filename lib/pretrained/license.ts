// The license that a checkpoint says it has.
import { parse } from "yaml";
import { absent, attempt } from "../errors.ts";
import { openGguf } from "../gguf/mod.ts";

/** A license, in the words of the hub's model cards. */
export interface License {
  /** The hub's identifier: `apache-2.0`, or `other` for a license that it has none for. */
  readonly id: string;
  /** Of a license that is `other`: a name such as `my-license-1.0`. */
  readonly name?: string | undefined;
  /** Of a license that is `other`: an address, or the name of a file beside the model. */
  readonly link?: string | undefined;
}

/**
 * The license that the README.md of a model folder, or the metadata of a GGUF file, names; undefined if there is none, or
 * the checkpoint is not on this machine.
 */
export async function licenseOf(source: string): Promise<License | undefined> {
  const found = await Deno.stat(source).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isFile) {
    using file = await openGguf(source);
    const at = (key: string) => file.metadata.get(key);
    return named(at("general.license"), at("general.license.name"), at("general.license.link"));
  }
  const card = await Deno.readTextFile(`${source}/README.md`).catch(absent);
  const header = /^---\r?\n(.*?)\r?\n---\r?$/ms.exec(card ?? "")?.[1];
  if (header === undefined) return undefined;
  const said = attempt(() => parse(header)) as Readonly<Record<string, unknown>> | null | undefined;
  return named(said?.["license"], said?.["license_name"], said?.["license_link"]);
}

function named(...values: readonly unknown[]): License | undefined {
  const [id, name, link] = values.map((value) =>
    typeof value === "string" && value.trim() !== "" ? value.trim() : undefined
  );
  return id === undefined
    ? undefined
    : { id, ...(name === undefined ? {} : { name }), ...(link === undefined ? {} : { link }) };
}
