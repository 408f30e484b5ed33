// Listening on a port, and who asks.

/** How many ports are tried after the requested one, before any free one is used. */
const TRIES = 20;

/**
 * Listens on a port; if it is taken, on the next free one. 0: any.
 *
 * @param signal cuts all connections off
 */
export function listen(
  port: number,
  hostname: string,
  signal: AbortSignal,
  handler: (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const ports = port === 0
    ? [0]
    : [...Array.from({ length: TRIES + 1 }, (_, i) => port + i).filter((p) => p < 65_536), 0];
  for (const candidate of ports) {
    try {
      return Deno.serve({ port: candidate, hostname, signal, onListen: () => {} }, handler);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || candidate === 0) throw error;
    }
  }
  throw new Error("unreachable: port 0 is always tried last");
}

/** The root URL of a server: `http://127.0.0.1:8420/`. */
export function urlOf(hostname: string, port: number): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`;
}

/** The peer's address, which `Deno.serve` and `deno serve` pass along with a request; undefined if not passed. */
export function peerOf(info: unknown): string | undefined {
  const { remoteAddr } = (info ?? {}) as Partial<Deno.ServeHandlerInfo>;
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : undefined;
}
