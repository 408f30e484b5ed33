// The process of the models: started, started again if it dies, and ended.
import { UserError } from "../errors.ts";
import { withTimeout } from "../timeout.ts";
import { linesOf } from "./inference-child.ts";
import { type InferenceStart, type InferenceState, inferenceStateSchema } from "./messages.ts";

export interface InferenceOptions<Settings> extends InferenceStart<Settings> {
  /** Arguments of `deno` that start the process, which calls `runInference()`. */
  readonly command: readonly string[];
  /** Says what happens to the process. */
  readonly log: (text: string) => void;
}

/** The process, over its restarts. */
export interface InferenceProcess {
  /** Names of the models. */
  readonly models: readonly string[];
  /** The port of loopback on which it answers; undefined while there is no process that does. */
  readonly port: number | undefined;
  /** Ends it. */
  close(): Promise<void>;
}

/** Waiting time before the first restart. It doubles while the process dies soon after its start. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A process that lived as long as this did not die of its start. */
const HEALTHY_MS = 60_000;
/** Time to end by itself. */
const PATIENCE_MS = 3_000;

/**
 * Starts the process of the models, and waits until it answers.
 *
 * @throws UserError for models that it refuses; Error if it does not start
 */
export async function startInference<Settings>(options: InferenceOptions<Settings>): Promise<InferenceProcess> {
  const { log } = options;
  let { child, state } = await start(options);
  const { models } = state;
  let port: number | undefined = state.port;
  const closing = new AbortController();

  const keepAlive = async () => {
    let wait = FIRST_WAIT_MS;
    while (true) {
      const started = performance.now();
      const { code, signal } = await child.status;
      port = undefined;
      if (closing.signal.aborted) return;
      if (performance.now() - started > HEALTHY_MS) wait = FIRST_WAIT_MS;
      let reason = signal === null ? `with exit code ${code}` : `by ${signal}`;
      while (true) {
        log(`The process of the models ended ${reason}; starting it again in ${wait / 1000} s`);
        await sleep(wait, closing.signal);
        if (closing.signal.aborted) return;
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
        try {
          ({ child, state } = await start(options));
          break;
        } catch (error) {
          reason = `at its start: ${error instanceof Error ? error.message : error}`;
        }
      }
      port = state.port;
      log("The models answer again");
      // It was closed while it started.
      if (closing.signal.aborted) return await end(child);
    }
  };
  const kept = keepAlive();
  return {
    models,
    get port() {
      return port;
    },
    async close() {
      if (!closing.signal.aborted) {
        closing.abort();
        await end(child);
      }
      await kept;
    },
  };
}

type Listening = Extract<InferenceState, { kind: "listening" }>;

/** A process that answers. */
async function start<Settings>(
  { command, access, settings }: InferenceOptions<Settings>,
): Promise<{ readonly child: Child; readonly state: Listening }> {
  const child: Child = new Deno.Command(Deno.execPath(), {
    args: [...command],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  // By its input: arguments and environment can be read by other processes.
  const first: InferenceStart<Settings> = { access, settings };
  const lines = linesOf(child.stdout);
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(`${JSON.stringify(first)}\n`)).catch(() => {});
  input.releaseLock();
  const { value: line } = await lines.next();
  if (line === undefined) {
    const { code, signal } = await child.status;
    throw new Error(`The process of the models ended with ${signal ?? `exit code ${code}`} before it answered`);
  }
  const state = inferenceStateSchema.parse(JSON.parse(line));
  void pass(lines);
  if (state.kind === "listening") return { child, state };
  await end(child);
  throw new UserError(state.code, state.message, state.hint);
}

type Child = Deno.ChildProcess & {
  readonly stdin: WritableStream<Uint8Array<ArrayBuffer>>;
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
};

/** What else the process prints. */
async function pass(lines: AsyncIterable<string>): Promise<void> {
  for await (const line of lines) console.log(line);
}

/** Its input ends, and so does it; or else it is killed. */
async function end(child: Child): Promise<void> {
  await child.stdin.close().catch(() => {});
  if (await withTimeout(child.status, PATIENCE_MS) !== undefined) return;
  child.kill("SIGKILL");
  await child.status;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
