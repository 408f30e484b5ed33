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
    const { url, port, token } = server;
    scope.postMessage({ kind: "listening", url, port, token });
  } catch (error) {
    scope.postMessage({ kind: "failed", error: explainError(error) });
  }
};
