// The process of the readers, as the benchmark talks to it.
import { repositoryRoot } from "../../lib/run/mod.ts";
import { TextLineStream } from "../lines.ts";

/** Readers in a process of their own. */
export interface Readers extends AsyncDisposable {
  /** Connects readers to a stream. @param slow how many of them wait a second after each part */
  read(address: string, count: number, slow: number): Promise<void>;
  /** Ends them. @returns messages that a reader got, the fewest and the median */
  leave(): Promise<{ readonly least: number; readonly median: number }>;
}

/** Starts the process, with the lowest priority. */
export async function startReaders(): Promise<Readers> {
  const child = new Deno.Command("nice", {
    args: ["-n", "19", Deno.execPath(), "run", "-A", "bench/viewer-clients/clients.ts"],
    cwd: repositoryRoot,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  const writer = child.stdin.getWriter();
  const tell = async (text: string): Promise<string> => {
    await writer.write(new TextEncoder().encode(`${text}\n`));
    const { value } = await lines.read();
    if (value === undefined) throw new Error("The process of the readers has ended");
    return value;
  };
  await tell("ready?");
  return {
    async read(address, count, slow) {
      await tell(`read ${address} ${count} ${slow}`);
    },
    leave: async () => JSON.parse(await tell("leave")),
    async [Symbol.asyncDispose]() {
      // Not by closing its input: whatever a reader waits for, the benchmark ends.
      child.kill("SIGKILL");
      await child.status;
      await lines.cancel();
      await writer.close().catch(() => {});
    },
  };
}
