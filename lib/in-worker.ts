// A long computation in a thread of its own, so that a server answers other requests meanwhile.

/** The last computation: the next one waits for it, so that a few readers do not take all cores from training. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Sends a message to a worker and takes its first answer. Computations of a process take turns.
 *
 * @param worker makes the worker, which {@linkcode answerOne} serves
 * @throws Error when the worker fails
 */
export function inWorker<Reply>(worker: () => Worker, request: unknown): Promise<Reply> {
  const turn = last.then(() => ask<Reply>(worker(), request));
  last = turn.catch(() => {});
  return turn;
}

type Answer<Reply> = { readonly reply: Reply } | { readonly error: string };

async function ask<Reply>(worker: Worker, request: unknown): Promise<Reply> {
  try {
    return await new Promise<Reply>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Answer<Reply>>) =>
        "error" in data ? reject(new Error(data.error)) : resolve(data.reply);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      worker.postMessage(request);
    });
  } finally {
    worker.terminate();
  }
}

/** Makes this thread a worker that answers with what `work` returns, or with its error. */
export function answerOne<Request>(work: (request: Request) => unknown): void {
  const scope = globalThis as unknown as { onmessage: unknown; postMessage(answer: Answer<unknown>): void };
  scope.onmessage = async ({ data }: MessageEvent<Request>) => {
    try {
      scope.postMessage({ reply: await work(data) });
    } catch (error) {
      scope.postMessage({ error: error instanceof Error ? error.stack ?? error.message : String(error) });
    }
  };
}
