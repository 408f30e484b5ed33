// Commands that run to their end in this process, whose modules are loaded and compiled already. That a command works as a
// process is for one test of each to show.

/** What a command printed. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a test with such a command: what listens for Ctrl-C stays until the process ends. */
export const LISTENS = { sanitizeOps: false, sanitizeResources: false };

/** Runs a command here, and returns what it printed; its error is the test's. */
export async function inProcess(command: () => Promise<unknown>): Promise<Printed> {
  const { log, error } = console;
  const { stderr } = Deno;
  const write = stderr.writeSync;
  const decoder = new TextDecoder();
  const said = { stdout: "", stderr: "" };
  console.log = (...words: unknown[]) => void (said.stdout += `${words.join(" ")}\n`);
  console.error = (...words: unknown[]) => void (said.stderr += `${words.join(" ")}\n`);
  stderr.writeSync = (bytes) => {
    said.stderr += decoder.decode(bytes, { stream: true });
    return bytes.length;
  };
  try {
    await command();
  } finally {
    Object.assign(console, { log, error });
    stderr.writeSync = write;
  }
  return said;
}
