// A run's messages as a server-sent event stream: pulled by the reader, kept alive while nothing happens.
import type { Follower } from "./follower.ts";
import { withTimeout } from "../timeout.ts";

/** Time between keep-alive comments: proxies and browsers drop streams that are silent for a minute. */
const KEEP_ALIVE_MS = 15_000;

/**
 * The bytes of a `text/event-stream`, ended with the follower.
 *
 * Messages are taken only when the reader asks for them, so a slow reader delays only itself and memory does not grow.
 * When the reader leaves, the follower is closed.
 *
 * @param keepAliveMs time between comments while nothing happens
 */
export function eventStream(follower: Follower, keepAliveMs = KEEP_ALIVE_MS): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let pending: Promise<Uint8Array> | undefined;
  let opened = false;
  let left = false;
  return new ReadableStream({
    async pull(controller) {
      if (!opened) {
        opened = true;
        controller.enqueue(encoder.encode("retry: 1000\n: following\n\n"));
        return;
      }
      pending ??= follower.next().then((message) => message ?? END);
      const message = await withTimeout(pending, keepAliveMs);
      if (left) return;
      if (message === undefined) {
        controller.enqueue(encoder.encode(": still here\n\n"));
        return;
      }
      pending = undefined;
      if (message !== END) {
        controller.enqueue(message);
        return;
      }
      follower.close();
      controller.close();
    },
    cancel() {
      left = true;
      follower.close();
    },
  }, { highWaterMark: 0 });
}

/** No message is empty. */
const END = new Uint8Array(0);
