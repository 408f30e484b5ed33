// The thread that judges programs: their limits of time hold while the main thread is busy with a model.
import { parentPort } from "node:worker_threads";
import { UserError } from "../errors.ts";
import type { JudgeReply, JudgeWork } from "./judge-messages.ts";
import { judge } from "./judge.ts";

const waiting: JudgeWork[] = [];
let running = 0;

async function next(parallel: number): Promise<void> {
  if (running >= parallel || waiting.length === 0) return;
  const { id, problem, program, limits } = waiting.shift()!;
  running++;
  const reply = await judge(problem, program, limits).then(
    (verdict): JudgeReply => ({ id, verdict }),
    (error): JudgeReply => ({
      id,
      error: error instanceof UserError
        ? { code: error.code, message: error.message, hint: error.hint }
        : { message: String(error?.stack ?? error) },
    }),
  );
  parentPort!.postMessage(reply);
  running--;
  void next(parallel);
}

parentPort!.on("message", (work: JudgeWork) => {
  waiting.push(work);
  void next(work.parallel);
});
