// Requests to this machine never go through a proxy, whatever HTTP_PROXY says: no other machine could answer them, and
// the proxy's operator would read them.

/** Whether the host name of a URL is an address of this machine's loopback. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * A client for `fetch` that connects to a loopback URL itself; undefined for any other URL, where the environment's proxy
 * applies, and for `https:`, which such a client would send without encryption. Close it when the response has been read:
 * `using client = directClient(url)`.
 */
export function directClient({ hostname, port, protocol }: URL): Deno.HttpClient | undefined {
  if (protocol !== "http:" || !isLoopback(hostname)) return undefined;
  // Deno's way to say "this socket": without it, a client takes the proxy from the environment.
  return Deno.createHttpClient({ proxy: { transport: "tcp", hostname, port: Number(port || 80) } });
}
