// What runs inside the server's worker.
import { explainError } from "../errors.ts";
import { serve, type Server } from "./server.ts";
import type { WorkerCommand, WorkerMessage } from "./worker-messages.ts";

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<WorkerCommand>) => void) | null;
  postMessage(message: WorkerMessage): void;
};
let server: Server | undefined;

scope.onmessage = async ({ data }) => {
  if (data.kind === "idle") {
    scope.postMessage({ kind: "idle", ms: server?.idleMs() ?? Infinity });
    return;
  }
  if (data.kind === "close") {
    await server?.close();
    scope.postMessage({ kind: "closed" });
    return;
  }
  try {
    server = serve(data.options);
    scope.postMessage({ kind: "listening", url: server.url, port: server.port });
  } catch (error) {
    scope.postMessage({ kind: "failed", error: explainError(error) });
  }
};
