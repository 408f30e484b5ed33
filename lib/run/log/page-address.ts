// Where the page of a running run is: a file that everybody may read, and the token of its link, which only the run's
// owner may.
import { join } from "node:path";
import { z } from "zod";
import { attempt } from "../../errors.ts";
import { removeIfThere, writeTextAtomically } from "../files/files.ts";

const ADDRESS_FILE = "server.json";
const TOKEN_FILE = "server.token";
/** Reading and writing for the owner alone. */
const OWNER_ONLY = 0o600;

const addressSchema = z.object({ url: z.string(), pid: z.int() });

/** The address of a run's page. */
export interface PageAddress {
  readonly url: string;
  /** Of the process that serves it. */
  readonly pid: number;
  /** What its link carries; undefined if there is none, or if this user may not know it. */
  readonly token: string | undefined;
}

/** The query parameter of links that sign in. */
export const TOKEN_PARAMETER = "token";

/** The address of a page as the link that signs in; the address itself if there is no token. */
export function linkTo(address: string, token: string | undefined): string {
  if (token === undefined) return address;
  const url = new URL(address);
  url.searchParams.set(TOKEN_PARAMETER, token);
  return url.href;
}

/** Writes the address into the run's folder, in place of an earlier one. */
export async function writePageAddress(folder: string, { url, pid, token }: PageAddress): Promise<void> {
  const path = join(folder, TOKEN_FILE);
  if (token === undefined) await removeIfThere(path);
  else await writeTextAtomically(path, token, OWNER_ONLY);
  await writeTextAtomically(join(folder, ADDRESS_FILE), JSON.stringify({ url, pid }));
}

/** The address that the last process of the run wrote, which may be gone by now; undefined if there is none. */
export async function readPageAddress(folder: string): Promise<PageAddress | undefined> {
  const read = (name: string) => Deno.readTextFile(join(folder, name)).catch(() => undefined);
  const text = await read(ADDRESS_FILE);
  const address = text === undefined ? undefined : attempt(() => addressSchema.parse(JSON.parse(text)));
  return address && { ...address, token: await read(TOKEN_FILE) };
}
