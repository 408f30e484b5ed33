// After a run, its page stays available for as long as somebody has it open.
import type { ServerWorker } from "../serve/mod.ts";

/** An open page asks every 3 s; a page that has not asked for this long is closed, or hidden. */
const CLOSED_MS = 10_000;
const POLL_MS = 500;

/** Waits until no page is open, or the signal is aborted. Returns at once if none is. */
export async function keepPageOpen(
  server: Pick<ServerWorker, "idleMs" | "url">,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const isOpen = async () => !signal.aborted && await server.idleMs() < CLOSED_MS;
  if (!await isOpen()) return;
  print("The page is open in a browser. Close it, or press Ctrl-C, to end this command.");
  while (await isOpen()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
