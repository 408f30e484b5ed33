// The part of zeromq that is used here. Its own types pull in those of Node, which differ from Deno's.

interface Socket extends AsyncIterable<readonly Uint8Array[]> {
  connect(address: string): void;
  close(): void;
}

interface SocketOptions {
  /** How long messages that were not sent are kept after the socket is closed, in ms. */
  readonly linger?: number;
}

export interface Dealer extends Socket {
  send(parts: string[]): Promise<void>;
}
export const Dealer: new (options: SocketOptions & { readonly routingId?: string }) => Dealer;

export interface Subscriber extends Socket {
  /** All messages, without topics. */
  subscribe(): void;
}
export const Subscriber: new (
  options: SocketOptions & {
    /** Messages that wait to be read, 0 for any number; the sender drops what comes then. */
    readonly receiveHighWaterMark?: number;
  },
) => Subscriber;
