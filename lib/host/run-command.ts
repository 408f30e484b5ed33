// Runs a program and returns what it printed.

/**
 * Runs a command and returns its output, with standard error when it failed; undefined when it could not be started.
 *
 * @param signal ends the command when it is aborted
 */
export type RunCommand = (
  command: string,
  args: readonly string[],
  signal?: AbortSignal,
) => Promise<{ readonly code: number; readonly output: string } | undefined>;

export const runCommand: RunCommand = async (command, args, signal) => {
  try {
    const options: Deno.CommandOptions = {
      args: [...args],
      stdin: "null",
      ...(signal === undefined ? {} : { signal }),
    };
    const { code, stdout, stderr } = await new Deno.Command(command, options).output();
    const decoder = new TextDecoder();
    return { code, output: decoder.decode(stdout) + (code === 0 ? "" : decoder.decode(stderr)) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
};
