// Random logs for tests of points.
import { random } from "../../../lib/random.ts";
import type { RunEvent } from "../../../lib/run/mod.ts";
import { demoBodies, stamp } from "../demo-log.ts";

/** Events of two cells that train, go back, start again and are resumed. */
export function randomEvents(seed: number, trial: number, count: number): RunEvent[] {
  const from = random(seed, "events", trial);
  const [start] = demoBodies({ id: "20261122-101010-bts-demo-aaaa" });
  const at = { a: 0, b: 0 };
  const bodies = [start!];
  while (bodies.length < count) {
    const cell = from.float() < 0.7 ? "a" : "b";
    const dice = from.float();
    if (dice < 0.002) {
      bodies.push({ kind: "cell.start", cell, title: cell.toUpperCase(), description: "", cellKey: "" });
      at[cell] = 0;
    } else if (dice < 0.006) {
      const step = from.int(at[cell] + 1);
      bodies.push({ kind: "cell.rewind", cell, step });
      at[cell] = step;
    } else if (dice < 0.01) bodies.push({ kind: "note", level: "info", text: "hm" });
    else {
      const step = ++at[cell];
      const loss = from.float() < 0.01 ? null : from.normal();
      const validation = step % 50 === 0 ? { validation: from.normal() } : {};
      bodies.push({ kind: "metrics", cell, step, steps: count, values: { loss, tokens: 64 * step, ...validation } });
    }
  }
  return stamp(bodies, new Date(), 10);
}
