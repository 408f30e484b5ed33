// What runs in the process of the models: the API on a port of loopback, until the process's input ends.
import { UserError } from "../errors.ts";
import { createApi } from "./app.ts";
import type { InferenceStart, InferenceState } from "./messages.ts";
import type { ModelRegistry } from "./registry.ts";

/**
 * Serves models to the process that started this one. It ends when that process ends, however it does: the input, of which
 * only the first line is read, ends then.
 *
 * @param openModels finds the models that the settings name
 */
export async function runInference<Settings>(
  openModels: (settings: Settings) => Promise<ModelRegistry>,
): Promise<void> {
  // Ctrl-C in a terminal reaches both processes; the other one decides when this one ends.
  Deno.addSignalListener("SIGINT", () => {});
  const lines = linesOf(Deno.stdin.readable);
  const { value: first } = await lines.next();
  if (first === undefined) return;
  const { access, settings }: InferenceStart<Settings> = JSON.parse(first);
  try {
    await using models = await openModels(settings);
    const app = createApi({ models, ...access });
    const stop = new AbortController();
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen: () => {} },
      app.fetch,
    );
    say({ kind: "listening", port: server.addr.port, models: models.models.map(({ name }) => name) });
    while (!(await lines.next()).done);
    stop.abort();
    await server.finished;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, hint } = error;
    say({ kind: "refused", code, message, ...(hint === undefined ? {} : { hint }) });
    Deno.exitCode = 2;
  }
}

function say(state: InferenceState): void {
  console.log(JSON.stringify(state));
}

/** Lines of text as they come. */
export async function* linesOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, void, void> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
