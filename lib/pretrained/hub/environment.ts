// What the environment says of the Hugging Face hub, in the variables that Python's huggingface_hub reads.
import { homedir } from "node:os";
import { join } from "node:path";
import { absent, UserError } from "../../errors.ts";

/** Whether `HF_HUB_OFFLINE` asks for the cache only. */
export function isOffline(): boolean {
  return /^(1|true|yes|on)$/i.test(Deno.env.get("HF_HUB_OFFLINE")?.trim() ?? "");
}

/**
 * The access token: `HF_TOKEN`, or else the file that `hf auth login` writes. It is never part of a message.
 *
 * @throws UserError `hub.token` for a token that no HTTP header can hold
 */
export async function accessToken(): Promise<string | undefined> {
  const fromVariable = Deno.env.get("HF_TOKEN")?.trim();
  const file = Deno.env.get("HF_TOKEN_PATH") ?? join(home(), "token");
  const token = fromVariable || (await Deno.readTextFile(file).catch(absent))?.trim() || undefined;
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new UserError(
    "hub.token",
    `The Hugging Face token in ${fromVariable ? "HF_TOKEN" : `"${file}"`} has spaces or characters that no token has`,
    "copy the token again from your settings on the hub",
  );
}

function home(): string {
  return Deno.env.get("HF_HOME") ?? join(Deno.env.get("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "huggingface");
}
