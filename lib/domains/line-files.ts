// Files that lines are appended to, and that go back to where they were when a process died.
import { Buffer } from "node:buffer";
import { join } from "node:path";

/** Characters that wait in memory for all files together. */
const MOST_WAITING = 1 << 23;

/** Files of a folder by name. */
export interface LineFiles {
  append(name: string, line: string): void;
  /** Writes what waits, and returns the size of every file in bytes. */
  flush(): Readonly<Record<string, number>>;
}

/**
 * Opens files for appending. A file that is longer than it was is cut, and one that is not listed is emptied.
 *
 * @param sizes of the files that go on
 * @throws Error if a file is shorter than it was
 */
export function lineFiles(
  folder: string,
  names: readonly string[],
  sizes: Readonly<Record<string, number>>,
): LineFiles {
  const waiting = new Map<string, string[]>(names.map((name) => [name, []]));
  const written = new Map<string, number>();
  for (const name of names) {
    const size = sizes[name] ?? 0;
    using file = Deno.openSync(join(folder, name), { read: true, write: true, create: true });
    const found = file.statSync().size;
    if (found < size) throw new Error(`${join(folder, name)} has ${found} bytes instead of ${size}`);
    file.truncateSync(size);
    written.set(name, size);
  }
  let characters = 0;
  const flush = () => {
    for (const [name, lines] of waiting) {
      if (lines.length === 0) continue;
      const bytes = Buffer.from(lines.join(""));
      // Opened for each write: there may be more files than a process can hold open.
      using file = Deno.openSync(join(folder, name), { append: true });
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      written.set(name, written.get(name)! + bytes.length);
      waiting.set(name, []);
    }
    characters = 0;
    return Object.fromEntries(written);
  };
  return {
    append(name, line) {
      waiting.get(name)!.push(line);
      characters += line.length;
      if (characters > MOST_WAITING) flush();
    },
    flush,
  };
}
