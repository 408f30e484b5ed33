// JSON lines that a long evaluation keeps as it finds them, so that a stopped one resumes: its conditions, then a line each.
import { dirname } from "node:path";
import { absent, attempt, systemReason, UserError } from "../../errors.ts";
import { writeTextAtomically } from "./files.ts";

/** An open file of lines. */
export interface KeptLines<T> extends Disposable {
  /** The line of this key. */
  get(key: string): T | undefined;
  /** Adds a line at the end. */
  add(line: T): void;
  /** Puts these lines in order before all others, of which it leaves out those that `replaces` tells. */
  order(lines: readonly T[], replaces: (line: T) => boolean): Promise<void>;
}

/** What is in a file of lines. */
export interface KeptFormat<T> {
  /** What lines depend on, such as the model and how it is asked. */
  readonly conditions: Readonly<Record<string, unknown>>;
  /** A line from JSON. @throws for what is none */
  readonly read: (json: unknown) => T;
  /** What distinguishes a line from others. */
  readonly keyOf: (line: T) => string;
}

/**
 * Opens the file at `path` with the lines that it has. One that was cut off is left out.
 *
 * @throws UserError `evaluation.conditions` when its lines were made under other conditions, `evaluation.out` when it cannot
 *   be written
 */
export async function openKeptLines<T>(path: string, format: KeptFormat<T>): Promise<KeptLines<T>> {
  const { conditions, read, keyOf } = format;
  const textOf = (lines: Iterable<T>) => [{ conditions }, ...lines].map((one) => `${JSON.stringify(one)}\n`).join("");
  try {
    const [first = "", ...lines] = (await Deno.readTextFile(path).catch(absent) ?? "").split("\n");
    if (first !== "") checkConditions(path, attempt(() => JSON.parse(first)), conditions);
    const kept = new Map<string, T>();
    for (const text of lines) {
      const line = attempt(() => read(JSON.parse(text)));
      if (line !== undefined) kept.set(keyOf(line), line);
    }
    await Deno.mkdir(dirname(path), { recursive: true });
    await writeTextAtomically(path, textOf(kept.values()));
    const file = Deno.openSync(path, { append: true });
    return {
      get: (key) => kept.get(key),
      add(line) {
        const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
        for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
        kept.set(keyOf(line), line);
      },
      async order(ordered, replaces) {
        const others = [...kept.values()].filter((line) => !replaces(line));
        await writeTextAtomically(path, textOf([...ordered, ...others]));
      },
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError("evaluation.out", `Cannot write ${path}: ${reason}`, "name another folder with --out");
  }
}

function checkConditions(path: string, head: unknown, conditions: Readonly<Record<string, unknown>>): void {
  const before = (head as { conditions?: Record<string, unknown> } | null | undefined)?.conditions;
  if (typeof before !== "object" || before === null) {
    throw new UserError("evaluation.conditions", `${path} is not a file of answers`, "name another folder with --out");
  }
  const text = (value: unknown) => JSON.stringify(value) ?? "nothing";
  const changed = Object.keys({ ...before, ...conditions }).filter((key) =>
    text(before[key]) !== text(conditions[key])
  );
  if (changed.length === 0) return;
  const what = changed.map((key) => `${key} ${text(before[key])}, now ${text(conditions[key])}`).join("; ");
  throw new UserError(
    "evaluation.conditions",
    `The answers in ${path} were made differently: ${what}`,
    "name another folder with --out, or remove the file",
  );
}
