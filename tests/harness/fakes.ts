// What the tests of outside evaluation share: a task in a folder of its own.
import { join } from "node:path";
import { readTasks } from "../../lib/harness/task-files.ts";
import { type HarnessTask, openTask } from "../../lib/harness/task.ts";

/** Settings of a multiple-choice task on test.jsonl, in six lines. */
export const CHOICE = `task: mine
dataset_path: json
dataset_kwargs: { data_files: { test: test.jsonl } }
test_split: test
output_type: multiple_choice
doc_to_choice: ["yes", "no"]`;

/** Calls `body` with a task file of {@linkcode CHOICE} and more settings, which replace its own, and its data. */
export async function withTask(
  settings: string,
  data: string,
  body: (path: string) => Promise<void>,
  common = `${CHOICE}\n`,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-task-" });
  try {
    const target = /^doc_to_target/m.test(settings) ? "" : "\ndoc_to_target: right";
    const keys = [...settings.matchAll(/^(\w+):/gm)].map(([, key]) => `${key}:`);
    const others = common.split("\n").map((line) => keys.some((key) => line.startsWith(key)) ? "#" : line).join("\n");
    await Deno.writeTextFile(join(folder, "task.yaml"), `${others}${settings}${target}\n`);
    await Deno.writeTextFile(join(folder, "test.jsonl"), data);
    await body(join(folder, "task.yaml"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The one task of a file. */
export async function taskOf(path: string): Promise<HarnessTask> {
  return await openTask((await readTasks([path])).tasks[0]!);
}
