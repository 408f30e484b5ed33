// The fold of a log as a file.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { z } from "zod";
import { random } from "../../../lib/random.ts";
import type { RunEvent } from "../../../lib/run/events/events.ts";
import { runViewSchema } from "../../../lib/run/events/views.ts";
import { emptyFold, recentPointsOf, takePiece } from "../../../lib/run/fold/fold.ts";
import { decodeFold, encodeFold, FOLD_VERSION } from "../../../lib/run/fold/fold-file.ts";
import { foldEvents } from "../../../lib/run/view/view.ts";
import { withRecentPoints } from "../../../lib/run/view/recent-points.ts";
import { randomEvents } from "../series/random-events.ts";

const SEED = Date.now() % 100_000;
console.log(`random logs with seed ${SEED}`);

/** Takes events in, some at a time. */
function takeAll(fold: ReturnType<typeof emptyFold>, events: readonly RunEvent[], trial: number): void {
  const from = random(SEED, "pieces", trial);
  for (let done = 0; done < events.length;) {
    const piece = events.slice(done, done + from.between(1, 400));
    done += piece.length;
    const { offset, line } = fold.position;
    const position = { offset: offset + 100 * piece.length, line: line + piece.length, seq: piece.at(-1)!.seq };
    takePiece(fold, { events: piece, damage: [], position });
  }
}

Deno.test("a fold that was kept goes on as if it had never been", () => {
  for (let trial = 0; trial < 10; trial++) {
    const events = randomEvents(SEED, trial, 1500);
    const cut = random(SEED, "cut", trial).int(events.length);
    const whole = emptyFold();
    takeAll(whole, events, trial);
    const first = emptyFold();
    takeAll(first, events.slice(0, cut), trial);
    const stamp = { file: 1, size: 2, time: 3 };
    const bytes = encodeFold({ fold: first, stamp, tail: 4 });
    // At a place that columns cannot lie at.
    const moved = new Uint8Array(bytes.length + 1).subarray(1);
    moved.set(bytes);
    const kept = decodeFold(random(SEED, "moved", trial).float() < 0.5 ? moved : bytes)!;
    assert.deepEqual([kept.stamp, kept.tail], [stamp, 4]);
    takeAll(kept.fold, events.slice(cut), trial);
    const ended = (fold: ReturnType<typeof emptyFold>) => encodeFold({ fold: { ...fold, marks: [] }, stamp, tail: 4 });
    assert.deepEqual(ended(kept.fold), ended(whole), `trial ${trial}, cut at ${cut}`);
    const view = withRecentPoints(foldEvents(events)!);
    const shown = {
      ...whole.view!,
      cells: whole.view!.cells.map((cell) => ({
        ...cell,
        metrics: whole.points.cells.has(cell.name) ? recentPointsOf(whole.points.cells.get(cell.name)!) : [],
      })),
    };
    assert.deepEqual(shown, view);
  }
});

Deno.test("the version of the file is raised with every change of the view's form", () => {
  const form = createHash("sha256").update(JSON.stringify(z.toJSONSchema(runViewSchema))).digest("hex").slice(0, 16);
  assert.deepEqual([FOLD_VERSION, form], [2, "30ac373541411583"]);
});
