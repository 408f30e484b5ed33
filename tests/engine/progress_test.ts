// Cells that are started again when their time is up: which tries count as progress, and what is said when none is made.
import assert from "node:assert/strict";
import { join } from "node:path";
import { makeAttempt, TIME_UP_FILE } from "../../lib/engine/attempts.ts";
import { checkProgress } from "../../lib/engine/progress.ts";
import { encodeLine } from "../../lib/run/mod.ts";

const CELL = "expert:code";
const START = Date.parse("2026-12-01T00:00:00Z");

const lineOf = (event: object) => new TextDecoder().decode(encodeLine(event));

interface Try {
  /** @default that of the job under test */
  readonly job?: string;
  /** Whether it used its whole time. */
  readonly whole: boolean;
  /** Where it resumed; absent: it logged nothing. */
  readonly from?: number;
  /** Step of its last point, 600 s after it resumed. */
  readonly to?: number;
}

async function refusal(tries: readonly Try[], step: number, most = 3) {
  const runFolder = await Deno.makeTempDir({ prefix: "stitchbook-progress-" });
  try {
    for (const [i, { job = "12", whole, from, to }] of tries.entries()) {
      const { folder } = await makeAttempt(runFolder, CELL, `${job}.${i}`);
      if (whole) await Deno.writeTextFile(join(folder, TIME_UP_FILE), "660\n");
      const events = [
        ...(from === undefined ? [] : [{ kind: "cell.resume", cell: CELL, step: from }]),
        ...(to === undefined ? [] : [{ kind: "metrics", cell: CELL, step: to, steps: 2000, values: { loss: 1 } }]),
      ].map((event, seq) => ({ seq, time: new Date(START + 600_000 * seq).toISOString(), ...event }));
      await Deno.writeTextFile(join(folder, "events.jsonl"), events.map(lineOf).join(""));
    }
    const attempt = `12.${tries.length}`;
    await makeAttempt(runFolder, CELL, attempt);
    await checkProgress({ runFolder, cell: CELL, attempt, step, tries: most });
    return undefined;
  } catch (error) {
    return error as Error & { readonly code: string; readonly hint: string };
  } finally {
    await Deno.remove(runFolder, { recursive: true });
  }
}

const vain: Try = { whole: true, from: 40, to: 100 };

Deno.test("a cell that keeps no newer checkpoint in as many tries as it may have is refused, with its speed", async () => {
  const error = await refusal([vain, vain, vain], 40);
  assert.equal(error?.code, "cell.time");
  assert.equal(
    error.message,
    "It had its whole time limit 3 times, 11 min 00 s each, without a newer checkpoint: the last one did 60 of " +
      "2000 steps, 10 s a step",
  );
  assert.match(error.hint, /--slurm\.time.*--slurm\.expert\.time.*takes about 5 h 26 min/);
});

Deno.test("only whole tries of the same job without progress count", async () => {
  assert.equal(await refusal([vain, vain], 40), undefined, "too few");
  assert.equal(await refusal([vain, vain, vain], 80), undefined, "the last one left a newer checkpoint");
  const { from: _from, ...other } = { ...vain, whole: false };
  assert.equal(await refusal([vain, other, vain], 40), undefined, "a lost node does not count");
  assert.equal((await refusal([vain, other, vain, vain], 40))?.code, "cell.time", "nor does it start the count over");
  assert.equal(await refusal([{ ...vain, from: 20 }, vain, vain], 40), undefined, "there was progress before");
  assert.equal(await refusal([{ ...vain, job: "7" }, vain, vain], 40), undefined, "of another job");
  assert.equal(await refusal([vain, vain, vain], 40, Infinity), undefined, "a person may try as often as they like");
});

Deno.test("a cell that comes to nothing at all in its time is refused, too", async () => {
  const error = await refusal([{ whole: true }, { whole: true }], 0, 2);
  assert.match(error!.message, /2 times, 11 min 00 s each, without a newer checkpoint: it came to no step$/);
});
