// One side of the benchmark of decoding: a process that loads a model, then answers one request a line, on standard input,
// with the seconds that it took.
import { TextLineStream } from "../lines.ts";

/** Texts to continue, all of one length, and how many tokens each gets. */
export interface Request {
  readonly prompts: readonly (readonly number[])[];
  readonly tokens: number;
  /**
   * Ours only: an engine reads the prompts, which may have different lengths, together or one after another, and gives each
   * one token.
   */
  readonly engine?: "together" | "singly";
}

/** Seconds until every text had its first token, and for the others. */
export interface Times {
  readonly prefill: number;
  readonly decode: number;
}

/** What one side took, by the clock and of the processor. */
export interface Answer {
  readonly clock: Times;
  readonly processor: Times;
  /** Tokens of the first text, to see that the sides compute the same. */
  readonly ids: readonly number[];
}

export interface Side extends AsyncDisposable {
  measure(request: Request): Promise<Answer>;
}

/** Starts a side; resolves when its model is loaded. */
export async function startSide(command: string, args: readonly string[], env: Record<string, string>): Promise<Side> {
  const child = new Deno.Command(command, { args: [...args], env, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const errors = new Response(child.stderr).text();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  const writer = child.stdin.getWriter();
  async function next(): Promise<unknown> {
    while (true) {
      const { done, value } = await lines.read();
      if (done) throw new Error(`${command} ${args.join(" ")} ended:\n${(await errors).slice(-2000)}`);
      if (value.startsWith("{")) return JSON.parse(value); // libraries also print
    }
  }
  await next();
  return {
    async measure(request) {
      await writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
      return await next() as Answer;
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      lines.releaseLock();
      await child.status;
    },
  };
}
