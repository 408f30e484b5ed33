// Files that git neither knows nor ignores, as a patch that makes them: an experiment that is not committed yet.
import { join } from "node:path";

/** A larger file is left out. */
export const MOST_FILE_BYTES = 128 << 10;
/** Of the whole patch. */
export const MOST_PATCH_BYTES = 1 << 20;

/** A file that is not in the patch, and why. */
export interface LeftOut {
  readonly path: string;
  readonly why: "may hold a secret" | "too large" | "no text" | "no plain file" | "odd name" | "too much in all";
}

/** What `git apply` makes the files of, in the order of their names. */
export interface UntrackedPatch {
  readonly patch: Uint8Array<ArrayBuffer>;
  /** Paths below the root. */
  readonly files: readonly string[];
  readonly left: readonly LeftOut[];
}

/**
 * A patch that makes small text files of what is there now.
 *
 * @param paths below `root`, with `/`
 * @param secret those whose content is never read
 */
export async function untrackedPatch(
  root: string,
  paths: readonly string[],
  secret: ReadonlySet<string>,
): Promise<UntrackedPatch> {
  const parts: Uint8Array[] = [];
  const files: string[] = [];
  const left: LeftOut[] = [];
  let room = MOST_PATCH_BYTES;
  for (const path of [...paths].sort()) {
    const part = secret.has(path) ? "may hold a secret" : await newFile(root, path);
    if (typeof part === "string") left.push({ path, why: part });
    else if (part.length > room) left.push({ path, why: "too much in all" });
    else {
      parts.push(part);
      files.push(path);
      room -= part.length;
    }
  }
  return { patch: new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()), files, left };
}

/** One file as git's patches write it, or why it cannot be. */
async function newFile(root: string, path: string): Promise<Uint8Array | LeftOut["why"]> {
  const file = join(root, path);
  const info = await Deno.lstat(file).catch(() => undefined);
  if (!info?.isFile) return "no plain file";
  // A patch would have to quote it.
  // deno-lint-ignore no-control-regex
  if (/["\\\u0000-\u001f\u007f]/.test(path)) return "odd name";
  if (info.size > MOST_FILE_BYTES) return "too large";
  const text = await Deno.readFile(file).then(textOf, () => undefined);
  if (text === undefined) return "no text";
  const head = `diff --git a/${path} b/${path}\nnew file mode ${(info.mode ?? 0) & 0o100 ? "100755" : "100644"}\n`;
  // Git's name of the empty file.
  if (text === "") return new TextEncoder().encode(`${head}index 0000000..e69de29\n`);
  const whole = text.endsWith("\n");
  const lines = (whole ? text.slice(0, -1) : text).split("\n");
  // With a tab at its end, a name may have spaces.
  return new TextEncoder().encode(
    `${head}--- /dev/null\n+++ b/${path}${path.includes(" ") ? "\t" : ""}\n@@ -0,0 +1,${lines.length} @@\n` +
      lines.map((line) => `+${line}\n`).join("") + (whole ? "" : "\\ No newline at end of file\n"),
  );
}

/** The text of a file's bytes, or undefined when they are none: not UTF-8, or with a zero. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
