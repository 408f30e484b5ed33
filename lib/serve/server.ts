// Listening: in this thread, or in a worker that answers while this thread computes.
import { createApp } from "./app.ts";

export interface ServeOptions {
  readonly runsFolder: string;
  /** The port wanted; when it is taken the next free one is used. 0 asks for any. */
  readonly port: number;
  /** @default "127.0.0.1" */
  readonly hostname?: string;
  /** Further names by which the server may be asked. */
  readonly hosts?: readonly string[];
  /** Stops the server, its streams included. */
  readonly signal?: AbortSignal;
}

/** A server that listens. */
export interface Server {
  /** `http://127.0.0.1:8420/` */
  readonly url: string;
  readonly port: number;
  /** Resolves when it has stopped. */
  readonly finished: Promise<void>;
  /** Stops it at once, open streams included. */
  close(): Promise<void>;
}

/** How many ports are tried after the one wanted, before any free one is taken. */
const TRIES = 20;
const GRACE_MS = 100;

/** Serves the runs in a folder until it is closed or the signal is aborted. */
export function serve({ runsFolder, port, hostname = "127.0.0.1", hosts = [], signal }: ServeOptions): Server {
  const streams = new AbortController();
  const stop = new AbortController();
  const app = createApp({ runsFolder, hosts, signal: streams.signal });
  const server = listen(port, hostname, stop.signal, app.fetch);
  const finished = server.finished.catch(() => {});
  const close = async () => {
    if (!streams.signal.aborted) {
      // Streams have no end of their own. Let them and short answers finish, then cut whoever does not read.
      streams.abort();
      setTimeout(() => stop.abort(), GRACE_MS);
    }
    await finished;
  };
  signal?.addEventListener("abort", () => close(), { once: true });
  if (signal?.aborted) close();
  const { port: bound } = server.addr;
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${bound}/`,
    port: bound,
    finished,
    close,
  };
}

function listen(
  port: number,
  hostname: string,
  signal: AbortSignal,
  handler: (request: Request) => Response | Promise<Response>,
) {
  const ports = port === 0
    ? [0]
    : [...Array.from({ length: TRIES + 1 }, (_, i) => port + i).filter((p) => p < 65_536), 0];
  for (const candidate of ports) {
    try {
      return Deno.serve({ port: candidate, hostname, signal, onListen: () => {} }, (request) => handler(request));
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || candidate === 0) throw error;
    }
  }
  throw new Error("unreachable: port 0 is always tried last");
}
