// The state of the code: commit, branch, and what differs from the commit. Without git, or outside a repository: nothing.
import { gitCommit } from "./versions.ts";

/** The code's state. */
export interface GitState {
  readonly commit: string;
  readonly branch: string | null;
  /** Lines of `git status --porcelain`. */
  readonly changes: readonly string[];
  /** The difference of tracked files from the commit. */
  readonly diff: Uint8Array;
}

/** Files that may hold secrets never enter a diff. */
const SECRET_FILES = [
  ".env*",
  "*.pem",
  "*.key",
  "*.p12",
  "*.pfx",
  "id_*",
  ".npmrc",
  ".netrc",
  "*credential*",
  "*secret*",
];
/** git is given up on after this long. */
const PATIENCE_MS = 10_000;

/** The state of the repository at `root`, or undefined when there is none or git cannot be run. */
export async function gitState(root: string): Promise<GitState | undefined> {
  const commit = await gitCommit(root);
  if (commit === undefined) return undefined;
  const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes ?? new Uint8Array()).trimEnd();
  const exclude = SECRET_FILES.flatMap((pattern) => [`:(exclude,icase)${pattern}`, `:(exclude,icase)**/${pattern}`]);
  const [branch, status, diff] = await Promise.all([
    git(root, "symbolic-ref", "--quiet", "--short", "HEAD"),
    git(root, "status", "--porcelain", "--untracked-files=normal"),
    git(root, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv", "--", ".", ...exclude),
  ]);
  if (status === undefined) return undefined;
  return {
    commit,
    branch: text(branch) || null,
    changes: text(status).split("\n").filter((line) => line !== ""),
    diff: diff ?? new Uint8Array(),
  };
}

/** What git writes, or undefined when it fails or is not there. It takes no locks: a commit may be under way. */
async function git(root: string, ...args: string[]): Promise<Uint8Array | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["--no-optional-locks", "-C", root, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      env: { GIT_TERMINAL_PROMPT: "0" },
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).output();
    return success ? stdout : undefined;
  } catch {
    return undefined;
  }
}
