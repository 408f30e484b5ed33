// After a run, its page keeps working until Ctrl-C, if somebody has opened it.
import type { ServerWorker } from "../serve/mod.ts";

const POLL_MS = 500;

/** Waits until the signal is aborted, or the server has failed. Returns at once if nobody has opened the page. */
export async function keepPageOpen(
  server: Pick<ServerWorker, "idleMs" | "url">,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const isUsed = async () => !signal.aborted && await server.idleMs() < Infinity;
  if (!await isUsed()) return;
  print(`The page stays at ${server.url} until you press Ctrl-C`);
  while (await isUsed()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
