// Judging in a thread of its own.
import { Worker } from "node:worker_threads";
import { UserError } from "../errors.ts";
import type { SandboxLimits } from "../sandbox/mod.ts";
import type { JudgeReply, JudgeWork } from "./judge-messages.ts";
import type { Verdict } from "./judge.ts";
import type { Problem } from "./problem.ts";

/** A thread that judges programs; `await using` ends it, and what it is running. */
export interface JudgeThread extends AsyncDisposable {
  /** As {@linkcode judge} does. A program waits for its turn if as many as allowed are running. */
  judge(problem: Problem, program: string, limits?: Partial<SandboxLimits>): Promise<Verdict>;
}

/**
 * Starts the thread.
 *
 * @param parallel programs that run at the same time. @default the number of cores, at most 8
 */
export function startJudge(parallel: number = Math.min(8, navigator.hardwareConcurrency)): JudgeThread {
  const worker = new Worker(new URL("./judge-worker.ts", import.meta.url));
  const waiting = new Map<number, PromiseWithResolvers<Verdict>>();
  let count = 0;
  worker.on("message", (reply: JudgeReply) => {
    const promise = waiting.get(reply.id)!;
    waiting.delete(reply.id);
    if ("verdict" in reply) return promise.resolve(reply.verdict);
    const { code, message, hint } = reply.error;
    promise.reject(code === undefined ? new Error(message) : new UserError(code, message, hint));
  });
  worker.on("error", (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return {
    judge(problem, program, limits = {}) {
      const promise = Promise.withResolvers<Verdict>();
      waiting.set(count, promise);
      worker.postMessage({ id: count++, problem, program, limits, parallel } satisfies JudgeWork);
      return promise.promise;
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
