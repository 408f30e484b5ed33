// Fetching from an endpoint: whole replies, of a bounded size.
import { directClient } from "../run/mod.ts";

/** Longest reply that is read: that of millions of tokens. */
const MOST_BYTES = 16 << 20;

/** A reply that cannot be used; the message says why. */
export class UnusableReply extends Error {}

/**
 * As `fetch()`, but settles only when the whole reply is here: so a connection that is cut or stalls in the middle fails
 * like one that never came about. Redirections are not followed, because they would turn a question into a page.
 *
 * @param mostBytes of a reply
 * @throws UnusableReply for a longer one
 */
export async function fetchWhole(
  input: string | URL | Request,
  init: RequestInit = {},
  mostBytes: number = MOST_BYTES,
): Promise<Response> {
  using client = directClient(new URL(input instanceof Request ? input.url : input));
  const response = await fetch(input, { ...init, redirect: "manual", ...(client === undefined ? {} : { client }) });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new UnusableReply(`more than ${mostBytes >> 20} MiB`); // ends the connection
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(bytes === 0 ? null : new Blob(chunks), { status, statusText, headers });
}
