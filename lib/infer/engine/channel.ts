// A queue from the engine's loop to the reader of one text.

/** What was sent, in order, then a result or an error. */
export interface Channel<T, R> {
  send(value: T): void;
  /** Ends it; what comes later is dropped. */
  end(result: R): void;
  fail(error: unknown): void;
  /** Yields what was sent, returns the result, or throws the error. One reader only. */
  read(): AsyncGenerator<T, R, void>;
}

/** An empty channel. */
export function channel<T, R>(): Channel<T, R> {
  const sent: T[] = [];
  let ended: (() => R) | undefined;
  let wake = () => {};
  const close = (outcome: () => R) => {
    ended ??= outcome;
    wake();
  };
  return {
    send(value) {
      if (ended !== undefined) return;
      sent.push(value);
      wake();
    },
    end: (result) => close(() => result),
    fail: (error) =>
      close(() => {
        throw error;
      }),
    async *read() {
      while (true) {
        while (sent.length > 0) yield sent.shift()!;
        if (ended !== undefined) return ended();
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
  };
}
