// Running `deno` in the foreground in place of this process, with the child's output, signals and exit code.
import { attempt } from "../../errors.ts";
import { heedsHangUp } from "./stop.ts";

/**
 * Runs `deno` with arguments until it ends. SIGTERM and SIGHUP are passed on, and so is SIGINT where no terminal sends
 * Ctrl-C to both processes.
 *
 * @returns its exit code
 */
export async function runInForeground(args: readonly string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args: [...args] }).spawn();
  const fromTerminal = Deno.stdin.isTerminal();
  const signals: Deno.Signal[] = heedsHangUp() ? ["SIGINT", "SIGTERM", "SIGHUP"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) {
    const pass = () => {
      if (signal !== "SIGINT" || !fromTerminal) attempt(() => child.kill(signal)); // unless it has ended
    };
    attempt(() => Deno.addSignalListener(signal, pass)); // Windows has SIGINT only
  }
  return (await child.status).code;
}
