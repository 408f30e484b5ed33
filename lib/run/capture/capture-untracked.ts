// Files that git neither tracks nor ignores, such as an uncommitted experiment, as a patch that recreates them.
import { join } from "node:path";
import { attempt } from "../../errors.ts";

/** Larger files are left out. */
const MOST_FILE_BYTES = 128 << 10;
/** Limit of the whole patch. */
const MOST_PATCH_BYTES = 1 << 20;

/** A file that is not in the patch, and the reason. */
export interface LeftOut {
  readonly path: string;
  readonly why:
    | "may hold a secret"
    | "too large"
    | "not text"
    | "not a regular file"
    | "unusual name"
    | "patch too large";
}

/** A patch for `git apply`, in the order of the file names. */
export interface UntrackedPatch {
  readonly patch: Uint8Array<ArrayBuffer>;
  /** Paths relative to the root. */
  readonly files: readonly string[];
  readonly left: readonly LeftOut[];
}

/**
 * A patch that recreates small text files as they are now.
 *
 * @param paths relative to `root`, with `/`
 * @param secret paths whose content is never read
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
    else if (part.length > room) left.push({ path, why: "patch too large" });
    else {
      parts.push(part);
      files.push(path);
      room -= part.length;
    }
  }
  return { patch: new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()), files, left };
}

/** One file as a git patch, or why it is left out. */
async function newFile(root: string, path: string): Promise<Uint8Array | LeftOut["why"]> {
  const file = join(root, path);
  const info = await Deno.lstat(file).catch(() => undefined);
  if (!info?.isFile) return "not a regular file";
  // A patch would have to quote such a name.
  // deno-lint-ignore no-control-regex
  if (/["\\\u0000-\u001f\u007f]/.test(path)) return "unusual name";
  if (info.size > MOST_FILE_BYTES) return "too large";
  const text = await Deno.readFile(file).then(textOf, () => undefined);
  if (text === undefined) return "not text";
  const head = `diff --git a/${path} b/${path}\nnew file mode ${(info.mode ?? 0) & 0o100 ? "100755" : "100644"}\n`;
  // git's hash of an empty file.
  if (text === "") return new TextEncoder().encode(`${head}index 0000000..e69de29\n`);
  const whole = text.endsWith("\n");
  const lines = (whole ? text.slice(0, -1) : text).split("\n");
  // A name with spaces needs a tab at its end.
  return new TextEncoder().encode(
    `${head}--- /dev/null\n+++ b/${path}${path.includes(" ") ? "\t" : ""}\n@@ -0,0 +1,${lines.length} @@\n` +
      lines.map((line) => `+${line}\n`).join("") + (whole ? "" : "\\ No newline at end of file\n"),
  );
}

/** The text in a file's bytes; undefined when it is not UTF-8 or contains a zero byte. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  return attempt(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
}
