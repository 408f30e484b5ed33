// Copying a run's console output to its folder: the first part and the last, as plain lines.
import { join } from "node:path";
import { attempt } from "../../errors.ts";

/** Name of the file in a run's folder. */
export const OUTPUT_FILE = "output.log";

export interface TeeOptions {
  /** Bytes from the start that are written immediately. @default 1 MiB */
  readonly head?: number;
  /** Bytes from the end of what comes after them, written when the run ends. @default 64 KiB */
  readonly tail?: number;
  /** A text that is left out: whoever may read the run may not know it. */
  readonly secret?: string | undefined;
}

/** Names of the console's methods that print a line. */
const METHODS = ["log", "info", "debug", "warn", "error"] as const;
// deno-lint-ignore no-control-regex
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g;

/**
 * Appends everything that this process prints from now on to `output.log` in `folder` as well. Overwritten progress lines
 * are left out. Output of other threads is not included.
 *
 * @returns a function that ends it
 */
export function teeConsole(folder: string, options: TeeOptions = {}): () => void {
  const sink = outputSink(join(folder, OUTPUT_FILE), options);
  const { secret } = options;
  const line = (text: string) => sink.line(secret === undefined ? text : text.replaceAll(secret, "…"));
  const lines = { stdout: lineReader(line), stderr: lineReader(line) };
  const undo: (() => void)[] = [];
  for (const method of METHODS) {
    const print = console[method];
    console[method] = (...values: unknown[]) => {
      try {
        print.apply(console, values);
      } finally {
        // When the terminal is closed, the file still gets the output.
        lines[method === "log" || method === "info" || method === "debug" ? "stdout" : "stderr"].add(
          values.map((value) => typeof value === "string" ? value : Deno.inspect(value)).join(" ") + "\n",
        );
      }
    };
    undo.push(() => console[method] = print);
  }
  for (const name of ["stdout", "stderr"] as const) {
    const stream = Deno[name] as { writeSync(bytes: Uint8Array): number };
    const write = stream.writeSync;
    const decoder = new TextDecoder();
    stream.writeSync = (bytes) => {
      const written = write.call(stream, bytes);
      lines[name].add(decoder.decode(bytes.subarray(0, written), { stream: true }));
      return written;
    };
    undo.push(() => stream.writeSync = write);
  }
  return () => {
    for (const put of undo.splice(0)) put();
    lines.stdout.end();
    lines.stderr.end();
    sink.end();
  };
}

/** Turns chunks of text into lines as a terminal finally shows them. */
function lineReader(line: (text: string) => void) {
  let open = "";
  const clean = (text: string) =>
    text.slice(text.lastIndexOf("\r", text.length - 2) + 1).replace(ESCAPES, "").trimEnd();
  return {
    add(text: string) {
      const parts = (open + text).split("\n");
      open = parts.pop()!;
      // A line that is overwritten again and again must not grow.
      const over = open.lastIndexOf("\r");
      if (over > 0) open = open.slice(over);
      for (const part of parts) line(clean(part));
    },
    end() {
      if (clean(open) !== "") line(clean(open));
      open = "";
    },
  };
}

/** Appends lines to a file: the first bytes immediately, the last bytes of the rest at the end. */
function outputSink(path: string, { head = 1 << 20, tail = 1 << 16 }: TeeOptions) {
  const encoder = new TextEncoder();
  // If the folder cannot be written, or the disk is full, writing the event log reports it.
  let file = attempt(() => Deno.openSync(path, { append: true, create: true }));
  let written = file?.statSync().size ?? 0;
  let left = 0;
  let last: Uint8Array[] = [];
  let lastBytes = 0;
  const write = (bytes: Uint8Array) => {
    attempt(() => {
      for (let at = 0; at < bytes.length;) at += file!.writeSync(bytes.subarray(at));
    });
  };
  return {
    line(text: string) {
      if (file === undefined) return;
      const bytes = encoder.encode(text + "\n");
      if (left === 0 && written + bytes.length <= head) {
        written += bytes.length;
        return write(bytes);
      }
      last.push(bytes);
      lastBytes += bytes.length;
      for (left += bytes.length; lastBytes > tail && last.length > 1;) lastBytes -= last.shift()!.length;
    },
    end() {
      if (file === undefined) return;
      if (left > lastBytes) write(encoder.encode(`… ${left - lastBytes} bytes left out …\n`));
      for (const bytes of last) write(bytes.subarray(0, tail));
      last = [];
      file.close();
      file = undefined;
    },
  };
}
