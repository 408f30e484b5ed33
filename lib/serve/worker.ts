// The server in its own worker, so that pages stay responsive while training keeps the main thread busy.
import { CLOSE_MS } from "./server.ts";
import type { WorkerMessage, WorkerOptions } from "./worker-messages.ts";

/** A server in a worker. */
export interface ServerWorker {
  readonly url: string;
  readonly port: number;
  /** As a server's. */
  readonly token: string | undefined;
  /** Milliseconds since the last request; infinite when there was none, or the server has failed. */
  idleMs(): Promise<number>;
  /** Like a server's: readers get what is in the log by now. */
  close(): Promise<void>;
}

/** If closing takes longer than this, the worker is terminated. */
const PATIENCE_MS = CLOSE_MS + 1_000;

/**
 * Starts the server in a worker.
 *
 * The worker has the process's permissions: narrower ones need `--unstable-worker-options`, and revoking them in the
 * worker would take them from the training thread too, because both share one set. The code that runs there is only
 * that of lib/serve, which reads files and listens; `deno task serve` is its own process and has only those permissions.
 *
 * @throws Error when the server cannot listen
 */
export function startServerWorker(options: WorkerOptions): Promise<ServerWorker> {
  const worker = new Worker(new URL("./worker-main.ts", import.meta.url), {
    type: "module",
    name: "stitchbook-server",
  });
  const closed = Promise.withResolvers<void>();
  let idle = Promise.withResolvers<number>();
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => {
      // An error in the page's server must not end the training.
      event.preventDefault();
      closed.resolve();
      idle.resolve(Infinity);
      reject(new Error(`The page server failed: ${event.message}`));
    };
    worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      if (data.kind === "closed") closed.resolve();
      if (data.kind === "idle") idle.resolve(data.ms);
      if (data.kind === "failed") {
        worker.terminate();
        reject(new Error(data.error));
      }
      if (data.kind === "listening") {
        const close = async () => {
          worker.postMessage({ kind: "close" });
          const late = setTimeout(closed.resolve, PATIENCE_MS);
          await closed.promise;
          clearTimeout(late);
          worker.terminate();
        };
        const idleMs = () => {
          idle = Promise.withResolvers();
          worker.postMessage({ kind: "idle" });
          return idle.promise;
        };
        resolve({ url: data.url, port: data.port, token: data.token, idleMs, close });
      }
    };
    worker.postMessage({ kind: "serve", options });
  });
}
