// What a process and the server in its worker say to each other.
import type { ServeOptions } from "./server.ts";

/** The first message to the worker. */
export type WorkerOptions = Omit<ServeOptions, "signal" | "beside">;

/** Messages from the worker. */
export type WorkerMessage =
  | { readonly kind: "listening"; readonly url: string; readonly port: number; readonly token: string | undefined }
  | { readonly kind: "idle"; readonly ms: number }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly error: string };

/** Messages to the worker. */
export type WorkerCommand =
  | { readonly kind: "serve"; readonly options: WorkerOptions }
  | { readonly kind: "idle" }
  | { readonly kind: "close" };
