// What a run's process prints, kept in the run's folder as well: its first part and its last, as plain lines.
import { join } from "node:path";

/** The file in a run's folder. */
export const OUTPUT_FILE = "output.log";

export interface TeeOptions {
  /** Bytes from the start that are kept as they come … @default 1 MiB */
  readonly head?: number;
  /** … and of what comes after them, the last ones, written at the end. @default 64 KiB */
  readonly tail?: number;
}

/** Names of the console's methods that print a line. */
const METHODS = ["log", "info", "debug", "warn", "error"] as const;
// deno-lint-ignore no-control-regex
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g;

/**
 * Keeps what this process prints from now on at the end of `output.log` in `folder`, besides printing it. Progress lines
 * that are written over leave no trace. What other threads print is not seen.
 *
 * @returns ends it
 */
export function teeConsole(folder: string, options: TeeOptions = {}): () => void {
  const sink = outputSink(join(folder, OUTPUT_FILE), options);
  const lines = { stdout: lineReader(sink.line), stderr: lineReader(sink.line) };
  const undo: (() => void)[] = [];
  for (const method of METHODS) {
    const print = console[method];
    console[method] = (...values: unknown[]) => {
      try {
        print.apply(console, values);
      } finally {
        // A closed terminal takes nothing; the file still does.
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

/** Turns pieces of text into lines as a terminal shows them in the end. */
function lineReader(line: (text: string) => void) {
  let open = "";
  const clean = (text: string) =>
    text.slice(text.lastIndexOf("\r", text.length - 2) + 1).replace(ESCAPES, "").trimEnd();
  return {
    add(text: string) {
      const parts = (open + text).split("\n");
      open = parts.pop()!;
      // A line that is written over again and again must not grow.
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

/** Writes lines to the end of a file: the first bytes at once, the last ones of the rest at the end. */
function outputSink(path: string, { head = 1 << 20, tail = 1 << 16 }: TeeOptions) {
  const encoder = new TextEncoder();
  let file: Deno.FsFile | undefined;
  let written = 0;
  let left = 0;
  let last: Uint8Array[] = [];
  let lastBytes = 0;
  try {
    file = Deno.openSync(path, { append: true, create: true });
    written = file.statSync().size;
  } catch {
    // A folder that cannot be written: the event log will say so.
  }
  const write = (bytes: Uint8Array) => {
    try {
      for (let at = 0; at < bytes.length;) at += file!.writeSync(bytes.subarray(at));
    } catch {
      // A full disk is the event log's to tell.
    }
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
      if (left > lastBytes) write(encoder.encode(`… ${left - lastBytes} bytes are left out …\n`));
      for (const bytes of last) write(bytes.subarray(0, tail));
      last = [];
      file.close();
      file = undefined;
    },
  };
}
