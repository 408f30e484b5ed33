// The state of the code: commit, branch and uncommitted changes. Without git, or outside a repository, there is none.
import { gitCommit } from "../files/versions.ts";

/** The state of a repository. */
export interface GitState {
  readonly commit: string;
  readonly branch: string | null;
  /** Lines of `git status --porcelain`. */
  readonly changes: readonly string[];
  /** Uncommitted changes of tracked files, as a diff. */
  readonly diff: Uint8Array;
  /** Files below the root that git neither tracks nor ignores. */
  readonly untracked: readonly string[];
  /** Those of the untracked files that may hold secrets. */
  readonly secret: ReadonlySet<string>;
}

/** Files that may hold secrets are never copied. */
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
/** Timeout of git. */
const PATIENCE_MS = 10_000;

/** The state of the repository at `root`, or undefined when there is none or git cannot be run. */
export async function gitState(root: string): Promise<GitState | undefined> {
  const commit = await gitCommit(root);
  if (commit === undefined) return undefined;
  const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes ?? new Uint8Array()).trimEnd();
  const exclude = SECRET_FILES.flatMap((pattern) => [`:(exclude,icase)${pattern}`, `:(exclude,icase)**/${pattern}`]);
  const others = ["ls-files", "--others", "--exclude-standard", "-z", "--", "."];
  const names = (bytes: Uint8Array | undefined) => text(bytes).split("\0").filter((name) => name !== "");
  const [branch, status, diff, untracked, harmless] = await Promise.all([
    git(root, "symbolic-ref", "--quiet", "--short", "HEAD"),
    git(root, "status", "--porcelain", "--untracked-files=normal"),
    git(root, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv", "--", ".", ...exclude),
    git(root, ...others),
    git(root, ...others, ...exclude),
  ]);
  if (status === undefined) return undefined;
  return {
    commit,
    branch: text(branch) || null,
    changes: text(status).split("\n").filter((line) => line !== ""),
    diff: diff ?? new Uint8Array(),
    untracked: names(untracked),
    secret: new Set(names(untracked)).difference(new Set(names(harmless))),
  };
}

/** Output of git; undefined when it fails or is not installed. It takes no locks, as a commit may be in progress. */
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
