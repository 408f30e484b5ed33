// A client of Deno's kernel: starts it, executes code, and ends it. Jupyter and Python are not needed.
import { randomUUID } from "node:crypto";
import { UserError } from "../../errors.ts";
import { type KernelMessage, protocol } from "./messages.ts";
import { type KernelProcess, startKernelProcess } from "./process.ts";
import type { Dealer, Subscriber } from "./zeromq.d.ts";

/** A kernel's answer to a request to execute code. */
export interface Reply {
  readonly status: string;
  /** Number of the execution, counted from 1. */
  readonly count: number | null;
  /** The error, where `status` is `error`. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** A running kernel. */
export interface Kernel {
  /** How its process ended: never rejects. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** What the kernel says about its language. */
  readonly language: Readonly<Record<string, unknown>>;
  /**
   * Executes code; resolves when the kernel has answered, is idle again, and has sent nothing more for a moment.
   *
   * @param listen receives everything that the execution publishes, even what comes after its end
   */
  execute(code: string, listen: (message: KernelMessage) => void): Promise<Reply>;
  /** Ends the kernel, even while it executes. */
  stop(): Promise<void>;
}

/** How long a kernel may take to answer first: Deno may have to fetch packages. */
const START_MS = 120_000;
const ASK_MS = 250;
/** Deno's kernel (2.9.6) may send what was printed a moment after it says that it is idle. */
const LATE_MS = 50;
const SHUTDOWN_MS = 1_000;

/**
 * Starts a kernel in a folder.
 *
 * @throws UserError `notebook.zeromq` where the ZeroMQ library does not load, `notebook.kernel-start` with what the kernel
 *   said when it does not start
 */
export async function startKernel(folder: string): Promise<Kernel> {
  const zmq = await loadZeroMq();
  const process = await startKernelProcess(folder);
  const { connection } = process;
  const session = randomUUID();
  const wire = protocol(connection.key, session);
  const address = (port: number) => `tcp://${connection.ip}:${port}`;
  const shell = new zmq.Dealer({ linger: 0, routingId: session });
  const control = new zmq.Dealer({ linger: 0, routingId: session });
  const published = new zmq.Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  published.subscribe();
  shell.connect(address(connection.shell_port));
  control.connect(address(connection.control_port));
  published.connect(address(connection.iopub_port));
  const sockets = [shell, control, published];

  const replies = new Map<string, (message: KernelMessage) => void>();
  const listeners = new Map<string, (message: KernelMessage) => void>();
  const hear = async (socket: Dealer | Subscriber, known: typeof listeners) => {
    for await (const parts of socket) {
      const message = wire.read(parts);
      if (message?.parent !== undefined) known.get(message.parent)?.(message);
    }
  };
  // A closed socket ends or throws.
  for (const [socket, known] of [[shell, replies], [published, listeners]] as const) {
    hear(socket, known).catch(() => {});
  }

  const stop = async () => {
    await control.send([...wire.request("shutdown_request", { restart: false }).parts]).catch(() => {});
    const timer = setTimeout(process.kill, SHUTDOWN_MS);
    await process.ended;
    clearTimeout(timer);
    for (const socket of sockets) socket.close();
  };

  const execute: Kernel["execute"] = async (code, listen) => {
    const options = {
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    };
    const { id, parts } = wire.request("execute_request", { code, ...options });
    let last = performance.now();
    const answered = new Promise<KernelMessage>((resolve) => replies.set(id, resolve));
    const idle = new Promise<void>((resolve) =>
      listeners.set(id, (message) => {
        last = performance.now();
        if (message.type === "status" && message.content["execution_state"] === "idle") resolve();
        else listen(message);
      })
    );
    await shell.send([...parts]);
    const [{ content }] = await Promise.all([answered, idle]);
    replies.delete(id);
    for (let left = LATE_MS; left > 0; left = last + LATE_MS - performance.now()) await sleep(left);
    const count = content["execution_count"];
    return { status: String(content["status"]), count: typeof count === "number" ? count : null, content };
  };

  try {
    const language = await greet(process, async (heard) => {
      const { id, parts } = wire.request("kernel_info_request", {});
      // Its status arrives when the subscription has: from then on, no output is missed.
      const subscribed = new Promise<void>((resolve) => listeners.set(id, () => resolve()));
      replies.set(id, ({ content }) => subscribed.then(() => heard(content)));
      await shell.send([...parts]);
    });
    return { ended: process.ended, language, execute, stop };
  } catch (error) {
    process.kill();
    await stop();
    throw error;
  }
}

/** Asks the kernel what it is, again and again until it answers; resolves with its language. */
async function greet(
  process: KernelProcess,
  ask: (heard: (content: KernelMessage["content"]) => void) => Promise<void>,
): Promise<Kernel["language"]> {
  let answer: KernelMessage["content"] | undefined;
  let ended = false;
  process.ended.then(() => ended = true);
  const deadline = performance.now() + START_MS;
  while (answer === undefined) {
    if (ended || performance.now() > deadline) {
      const how = ended ? "it ended at once" : `it did not answer within ${START_MS / 1000} s`;
      const said = process.said();
      throw new UserError("notebook.kernel-start", `Deno's kernel did not start: ${said === "" ? how : said}`);
    }
    await ask((content) => answer = content);
    await sleep(ASK_MS);
  }
  return answer["language_info"] as Kernel["language"] ?? {};
}

const sleep = (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms));

async function loadZeroMq(): Promise<typeof import("./zeromq.ts")> {
  try {
    return await import("./zeromq.ts");
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new UserError(
      "notebook.zeromq",
      `The ZeroMQ library, through which kernels are reached, does not load on ${Deno.build.os} ${Deno.build.arch}: ${why}`,
      "execute the notebook with papermill or jupyter nbconvert --execute",
    );
  }
}
