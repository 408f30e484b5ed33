// The messages of a run's event stream, encoded once for all its readers.
import type { RunEvent } from "../run/mod.ts";

/** A message: an event, or what follows all of them. */
export interface Message {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();

/** An event as a message; JSON has no raw line breaks, so one `data:` line holds it. */
export function eventMessage(event: RunEvent): Message {
  return { seq: event.seq, bytes: encoder.encode(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`) };
}

/** Says that the run's process is gone. */
export const LOST_MESSAGE: Message = {
  seq: Infinity,
  bytes: encoder.encode('event: status\ndata: {"status":"lost"}\n\n'),
};

/** Several messages, one after another. */
export function joined(messages: readonly Message[]): Uint8Array {
  const bytes = new Uint8Array(messages.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const message of messages) {
    bytes.set(message.bytes, at);
    at += message.bytes.length;
  }
  return bytes;
}
