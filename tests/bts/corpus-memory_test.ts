// From text to trained batches, memory does not grow with the text; a process that is killed is resumed to the same bytes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { measured, measuresMemory } from "../../bench/corpus/measured.ts";
import { writeText } from "../../bench/corpus/text.ts";
import { withFolder } from "../run/fixtures.ts";

/** The most by which ten times the text may raise the peak. */
const MOST = 1.2;

/** A small young generation, so that what a process keeps counts, and not how much garbage it may let lie. */
const ARGS = ["run", "-A", "--no-check", "--v8-flags=--max-semi-space-size=4", "bench/corpus/job.ts"];

Deno.test({
  name: "30 MB of text take at most 1.2 times the memory of 3 MB from text to trained batches, also killed and resumed",
  ignore: !measuresMemory,
  fn: () =>
    withFolder(async (folder) => {
      /** Blocks between checkpoints. */
      const every = 32;
      const job = async (file: string, runs: string, kill = false) => {
        const { killed, stdout, peakBytes } = await measured(
          [...ARGS, file, join(folder, runs), "1", String(every)],
          () => kill && checkpoints(join(folder, runs)) >= 3,
        );
        assert.equal(killed, kill, stdout);
        return { peakBytes, ...(killed ? {} : JSON.parse(stdout.trim().split("\n").at(-1)!)) };
      };
      const little = await job(await writeText(folder, 3_000_000), "little");
      const file = await writeText(folder, 30_000_000);
      const much = await job(file, "much");
      assert.ok(much.bytes > 9 * little.bytes && little.bytes > 2_500_000, `${much.bytes} ${little.bytes}`);
      const killed = await job(file, "killed", true);
      const found = checkpoints(join(folder, "killed"));
      const resumed = await job(file, "killed");
      assert.ok(found >= 3 && found < much.bytes / (every << 16), `${found} checkpoints`);
      assert.deepEqual([resumed.content, resumed.loss], [much.content, much.loss]);
      for (const { peakBytes } of [much, killed, resumed]) {
        const ratio = peakBytes / little.peakBytes;
        assert.ok(little.peakBytes > 0 && ratio <= MOST, `${ratio} times ${little.peakBytes} bytes`);
      }
    }),
});

/** Number of checkpoints in a runs folder that has those of one cell. */
function checkpoints(runs: string): number {
  try {
    const store = join(runs, ".checkpoints");
    return Array.from(Deno.readDirSync(store))
      .flatMap(({ name }) => Array.from(Deno.readDirSync(join(store, name))))
      .filter(({ name }) => name.startsWith("step-")).length;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
