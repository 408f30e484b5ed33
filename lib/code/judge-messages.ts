// What the main thread and the judging thread tell each other.
import type { SandboxLimits } from "../sandbox/mod.ts";
import type { Verdict } from "./judge.ts";
import type { Problem } from "./problem.ts";

/** A program to judge. */
export interface JudgeWork {
  readonly id: number;
  readonly problem: Problem;
  readonly program: string;
  readonly limits: Partial<SandboxLimits>;
  readonly parallel: number;
}

/** Its verdict, or why there is none. */
export type JudgeReply =
  | { readonly id: number; readonly verdict: Verdict }
  | {
    readonly id: number;
    readonly error: { readonly code?: string; readonly message: string; readonly hint?: string | undefined };
  };
