// Deno's kernel in a process of its own, and the file that says where it listens.
import { randomUUID } from "node:crypto";
import { join } from "node:path";

/** Where a kernel listens, as its connection file says. */
export interface Connection {
  readonly ip: string;
  readonly transport: "tcp";
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
  readonly key: string;
  readonly signature_scheme: "hmac-sha256";
  readonly kernel_name: string;
}

/** A process of a kernel. */
export interface KernelProcess {
  readonly connection: Connection;
  /** How it ended: never rejects. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** The last lines that it wrote to stderr, such as why it did not start. */
  said(): string;
  kill(): void;
}

/** Longer output on stderr keeps its end. */
const KEPT = 4_000;

/** Starts Deno's kernel in a folder, whose `deno.json` its imports then use. */
export async function startKernelProcess(folder: string): Promise<KernelProcess> {
  const place = await Deno.makeTempDir({ prefix: "stitchbook-kernel-" });
  const clean = () => Deno.remove(place, { recursive: true }).catch(() => {});
  const connection = newConnection();
  let child: Deno.ChildProcess;
  try {
    const file = join(place, "connection.json");
    await Deno.writeTextFile(file, JSON.stringify(connection), { mode: 0o600 });
    child = new Deno.Command(Deno.execPath(), {
      args: ["jupyter", "--kernel", "--conn", file],
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    await clean();
    throw error;
  }
  let text = "";
  const drained = (async () => {
    for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) text = (text + piece).slice(-KEPT);
  })().catch(() => {});
  const ended = child.status.finally(async () => {
    await drained;
    await clean();
  });
  return {
    connection,
    ended,
    said: () => text.trim(),
    kill() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
    },
  };
}

/** A connection with ports that are free now, all different. */
function newConnection(): Connection {
  const listeners = Array.from({ length: 5 }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const [shell, iopub, stdin, control, heartbeat] = listeners.map(({ addr }) => addr.port) as [
    number,
    number,
    number,
    number,
    number,
  ];
  for (const listener of listeners) listener.close();
  return {
    ip: "127.0.0.1",
    transport: "tcp",
    shell_port: shell,
    iopub_port: iopub,
    stdin_port: stdin,
    control_port: control,
    hb_port: heartbeat,
    key: randomUUID(),
    signature_scheme: "hmac-sha256",
    kernel_name: "deno",
  };
}
