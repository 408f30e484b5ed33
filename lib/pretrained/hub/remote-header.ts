// Reads the header of a safetensors file on the hub, without the rest of the file.
import { headerLength, parseHeader, type TensorEntry } from "../../huggingface/mod.ts";
import type { HubFile } from "./blob.ts";
import { type Hub, hubFetch } from "./request.ts";

/** An answer that takes longer is given up. */
const ANSWER_MS = 60_000;

/** The tensors in a file. @throws UserError for a damaged header, and as {@linkcode hubFetch} does */
export async function remoteHeader(
  hub: Hub,
  url: string,
  { path, size }: Pick<HubFile, "path" | "size">,
): Promise<readonly TensorEntry[]> {
  const length = headerLength(path, await range(hub, url, 0, Math.min(8, size)), size);
  return [...parseHeader(path, await range(hub, url, 8, length), size).tensors.values()];
}

/** `length` bytes from `from` on, or fewer if the file ends; a server that does not know ranges sends what is before them. */
async function range(hub: Hub, url: string, from: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const { status, body } = await hubFetch(hub, url, {
    headers: { "Accept-Encoding": "identity", Range: `bytes=${from}-${from + length - 1}` },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const skipped = status === 206 ? 0 : from;
  const bytes = new Uint8Array(skipped + length);
  const reader = body?.getReader();
  let at = 0;
  while (reader !== undefined && at < bytes.length) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes.set(value.subarray(0, bytes.length - at), at);
    at += value.length;
  }
  await reader?.cancel().catch(() => {});
  return bytes.slice(skipped, Math.min(at, bytes.length));
}
