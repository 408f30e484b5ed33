// A process in a session of its own that can be killed with everything that it started, and whose output is bounded.

/** Why a process was killed. */
export type Stop = "time" | "output";

/** A running process. */
export interface GuardedProcess extends AsyncDisposable {
  readonly pid: number;
  /** Writes to its standard input; does nothing once it has ended. */
  write(text: string): Promise<void>;
  /** The next line that it prints, without its end; undefined once there are no more. */
  nextLine(): Promise<string | undefined>;
  /** Kills it after so many seconds from now, in place of any earlier time. */
  killAfter(seconds: number): void;
  /** How it ended, and the end of what it wrote to standard error. Kills it if it is still running. */
  end(): Promise<{ readonly status: Deno.CommandStatus; readonly stopped: Stop | undefined; readonly stderr: string }>;
}

/** Bytes of standard error that are kept. */
const KEPT = 4096;

/**
 * Starts a command.
 *
 * @param outputBytes what it may print on standard output and error together before it is killed
 */
export function startGuarded(command: string, options: Deno.CommandOptions, outputBytes: number): GuardedProcess {
  const child = new Deno.Command(command, {
    ...options,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const input = child.stdin.getWriter();
  input.closed.catch(() => {}); // the process may end at any time
  let stopped: Stop | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let left = outputBytes;
  const kill = (why?: Stop) => {
    stopped ??= why;
    killGroup(child);
  };
  const count = (bytes: number) => (left -= bytes) < 0 ? kill("output") : undefined;
  const ended = child.status.then((status) => {
    clearTimeout(timer);
    killGroup(child); // what it started, if anything
    return status;
  });
  const lines = readLines(child.stdout, count);
  const stderr = readEnd(child.stderr, count);
  const end = async () => {
    kill();
    const status = await ended;
    clearTimeout(timer);
    await input.close().catch(() => {});
    for await (const _ of lines);
    return { status, stopped, stderr: await stderr };
  };
  return {
    pid: child.pid,
    write: (text) => input.write(new TextEncoder().encode(text)).catch(() => {}),
    nextLine: async () => (await lines.next()).value,
    killAfter(seconds) {
      clearTimeout(timer);
      timer = setTimeout(() => kill("time"), seconds * 1000);
    },
    end,
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}

function killGroup(child: Deno.ChildProcess): void {
  try {
    if (Deno.build.os === "windows") child.kill("SIGKILL");
    else Deno.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended, and left nothing.
  }
}

/** The lines of `stream`. What follows the last line's end is left out: a line that is cut was not finished. */
async function* readLines(
  stream: ReadableStream<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const bytes of stream) {
    count(bytes.length);
    const [first, ...rest] = decoder.decode(bytes, { stream: true }).split("\n");
    parts.push(first!);
    for (const next of rest) {
      yield parts.join("");
      parts = [next];
    }
  }
  return undefined;
}

async function readEnd(stream: ReadableStream<Uint8Array>, count: (bytes: number) => void): Promise<string> {
  let kept = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    count(bytes.length);
    kept = (kept + decoder.decode(bytes, { stream: true })).slice(-KEPT);
  }
  return kept;
}
