// Runs one generated program: a process that is given inputs one after another and returns a value for each.
import { UserError } from "../errors.ts";
import type { Encoded } from "./encoded.ts";
import { startGuarded, type Stop } from "./guarded.ts";
import { DEFAULT_LIMITS, denoCommand, limitingShell, type SandboxLimits } from "./limits.ts";
import { machineProtection } from "./protection.ts";

/**
 * Why a program gives no value: it is not TypeScript; it does not define the entry point; it threw; it took too much
 * time or memory; it printed too much; its process ended in any other way, such as `Deno.exit(0)`.
 */
export type FailureKind = "syntax" | "entry-point" | "threw" | "time" | "memory" | "output" | "exited";

/** What a call of a program gives. */
export type CallResult =
  | { readonly kind: "returned"; readonly value: Encoded }
  | { readonly kind: FailureKind; readonly detail: string };

/** A generated program in its process. */
export interface SandboxedProgram extends AsyncDisposable {
  /**
   * Calls the entry point and awaits what it returns. After a failure other than `threw`, the same failure again.
   *
   * @param inputs the arguments
   */
  call(inputs: readonly Encoded[]): Promise<CallResult>;
}

/** Seconds in which Deno must start, on a machine that is busy with other things. */
const START_SECONDS = 60;

type Reply =
  | { readonly kind: "started" | "loaded" | "no-function" }
  | { readonly kind: "load-error" | "threw"; readonly text: string }
  | { readonly kind: "returned"; readonly value: Encoded };

/**
 * Starts `source`, a TypeScript module, in a Deno process without permissions.
 *
 * Nothing that the process says is believed: the caller compares the values that come back with values that the
 * process has never seen.
 *
 * @param entryPoint the name of a function that the module defines at its top level, exported or not
 * @throws UserError `sandbox.start` when Deno does not start within the limits; a fault of this machine, not of the
 * program
 */
export async function startProgram(
  source: string,
  entryPoint: string,
  given: Partial<SandboxLimits> = {},
): Promise<SandboxedProgram> {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const protection = await machineProtection();
  const { args, ...options } = denoCommand(limits.memory, await runner());
  const process = protection.limits
    ? startGuarded("sh", {
      ...options,
      args: [...limitingShell(limits, protection), Deno.execPath(), ...args],
    }, limits.outputBytes)
    : startGuarded(Deno.execPath(), { ...options, args }, limits.outputBytes);
  // Tells replies from what the program prints.
  const nonce = crypto.randomUUID();
  const reply = () => nextReply(process, nonce);
  process.killAfter(START_SECONDS);
  await process.write(JSON.stringify({ nonce, module: moduleUrl(source, entryPoint) }) + "\n");
  if ((await reply())?.kind !== "started") {
    const { stderr } = await process.end();
    throw new UserError(
      "sandbox.start",
      `Cannot start the process that runs generated programs within ${limits.memory} MiB: ${lastLine(stderr)}`,
      "run deno task doctor, or allow more memory",
    );
  }
  process.killAfter(limits.wallSeconds);
  let failure: CallResult | undefined;
  const loaded = await reply();
  if (loaded?.kind !== "loaded") failure = await failureOf(loaded);

  async function failureOf(last: Reply | undefined): Promise<CallResult> {
    if (last?.kind === "load-error") return loadFailure(last.text, entryPoint);
    if (last?.kind === "no-function") return { kind: "entry-point", detail: `${entryPoint} is not a function` };
    return endFailure(await process.end(), limits);
  }

  return {
    async call(inputs) {
      if (failure !== undefined) return failure;
      // Not awaited: a program that does not read blocks a long line, and its time limit ends that.
      void process.write(JSON.stringify(inputs) + "\n");
      const answer = await reply();
      if (answer?.kind === "returned") return { kind: "returned", value: answer.value };
      if (answer?.kind === "threw") return { kind: "threw", detail: answer.text };
      return failure = await failureOf(answer);
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

let runnerUrl: Promise<string> | undefined;

/** The program of the process, as a URL that contains it: the process may read no file. */
function runner(): Promise<string> {
  return runnerUrl ??= (async () => {
    const text = await (await fetch(new URL("./child.ts", import.meta.url))).text();
    return dataUrl(text);
  })();
}

/** `source` with its entry point exported as `entry`. */
function moduleUrl(source: string, entryPoint: string): string {
  return dataUrl(`${source}\nexport { ${entryPoint} as entry };\n`);
}

const dataUrl = (source: string) => `data:application/typescript;base64,${new TextEncoder().encode(source).toBase64()}`;

/** The next reply; undefined when the process has ended, or says what only a program that forges replies does. */
async function nextReply(
  process: { nextLine(): Promise<string | undefined> },
  nonce: string,
): Promise<Reply | undefined> {
  for (let line; (line = await process.nextLine()) !== undefined;) {
    if (!line.startsWith(nonce)) continue;
    try {
      const reply = JSON.parse(line.slice(nonce.length));
      return reply !== null && typeof reply === "object" && typeof reply.kind === "string" ? reply : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Deno's messages name the module by its URL, which holds all of it. */
const withoutUrl = (text: string) => text.replaceAll(/data:application\/typescript;base64,[\w+/=.]*/g, "program");

function loadFailure(text: string, entryPoint: string): CallResult {
  const detail = withoutUrl(text);
  if (/Export '.*' is not defined/.test(text)) return { kind: "entry-point", detail: `${entryPoint} is not defined` };
  return { kind: /^(TypeError: )?SyntaxError: /.test(text) ? "syntax" : "threw", detail };
}

function endFailure(
  { status, stopped, stderr }: { status: Deno.CommandStatus; stopped: Stop | undefined; stderr: string },
  { cpuSeconds, wallSeconds, memory, outputBytes }: SandboxLimits,
): CallResult {
  if (status.signal === "SIGXCPU") {
    return { kind: "time", detail: `it used more than ${cpuSeconds} s of processor time` };
  }
  if (stopped === "time") return { kind: "time", detail: `it ran for more than ${wallSeconds} s` };
  if (stopped === "output") return { kind: "output", detail: `it printed or returned more than ${outputBytes} bytes` };
  if (/out of memory|memory allocation of \d+ bytes failed/.test(stderr)) {
    return { kind: "memory", detail: `it needed more than ${memory} MiB` };
  }
  const how = status.signal === null ? `with exit code ${status.code}` : `by ${status.signal}`;
  const said = lastLine(stderr);
  return { kind: "exited", detail: `its process ended ${how}${said === "" ? "" : `: ${said}`}` };
}

/** What a process said last, or the error that it names. */
function lastLine(text: string): string {
  const lines = withoutUrl(text).trim().split("\n");
  return (lines.find((line) => line.startsWith("error: ")) ?? lines.at(-1)!).slice(0, 500);
}
