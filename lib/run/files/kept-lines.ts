// JSON lines that a long evaluation keeps as it finds them, so that a stopped one resumes: its conditions, then a line each.
import { dirname, join } from "node:path";
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
  readonly conditions: Conditions;
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
    checkConditions(path, first, conditions);
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
    throw notWritable(path, error);
  }
}

/** A file of lines, and what its lines depend on. */
export interface KeptFile {
  readonly name: string;
  readonly conditions: Conditions;
}

type Conditions = Readonly<Record<string, unknown>>;

/**
 * Throws if a file in this folder has lines that were made under other conditions. Several are checked before the first is
 * opened, so that nothing is written if one does not fit.
 *
 * @throws UserError `evaluation.conditions`
 */
export async function checkKeptFiles(folder: string, files: readonly KeptFile[]): Promise<void> {
  for (const { name, conditions } of files) {
    const path = join(folder, name);
    checkConditions(path, await headOf(path), conditions);
  }
}

/**
 * The first of `base`, `base-2`, `base-3`, … in which all of the files fit what they have already.
 *
 * @returns the folder, and what was different in `base`, if that is not it
 */
export async function folderThatFits(
  base: string,
  files: readonly KeptFile[],
): Promise<{ readonly folder: string; readonly different?: string }> {
  let different: string | undefined;
  for (let n = 1;; n++) {
    const folder = n === 1 ? base : `${base}-${n}`;
    try {
      await checkKeptFiles(folder, files);
      return { folder, ...(different === undefined ? {} : { different }) };
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== "evaluation.conditions") throw error;
      different ??= error.message;
    }
  }
}

/** The first line; empty if there is no file. @throws UserError `evaluation.out` */
async function headOf(path: string): Promise<string> {
  try {
    return (await Deno.readTextFile(path).catch(absent) ?? "").split("\n", 1)[0]!;
  } catch (error) {
    throw notWritable(path, error);
  }
}

function notWritable(path: string, error: unknown): unknown {
  const reason = systemReason(error);
  if (reason === undefined) return error;
  return new UserError("evaluation.out", `Cannot write ${path}: ${reason}`, "name another folder with --out");
}

function checkConditions(path: string, first: string, conditions: Conditions): void {
  if (first === "") return;
  const before = (attempt(() => JSON.parse(first)) as { conditions?: Record<string, unknown> } | null | undefined)
    ?.conditions;
  if (typeof before !== "object" || before === null) {
    throw new UserError("evaluation.conditions", `${path} is not a file of answers`, "name another folder with --out");
  }
  const changed = changesOf(before, conditions);
  if (changed.length === 0) return;
  throw new UserError(
    "evaluation.conditions",
    `The answers in ${path} were made differently: ${changed.join("; ")}`,
    "name another folder with --out, or remove the file",
  );
}

/** `bos "tokenizer", now "always"`; of objects in both, what differs in them. */
function changesOf(before: Conditions, now: Conditions, within = ""): string[] {
  const text = (value: unknown) => JSON.stringify(value) ?? "nothing";
  return Object.keys({ ...before, ...now }).flatMap((key) => {
    const [a, b] = [before[key], now[key]];
    if (text(a) === text(b)) return [];
    if (isPlain(a) && isPlain(b)) return changesOf(a, b, `${within}${key}.`);
    return [`${within}${key} ${text(a)}, now ${text(b)}`];
  });
}

const isPlain = (value: unknown): value is Conditions =>
  typeof value === "object" && value !== null && !Array.isArray(value);
