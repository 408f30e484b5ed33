// The watch of a run reports stalls and a full disk; the tests provide the clock and the disk.
import assert from "node:assert/strict";
import type { RunEvent } from "../../../lib/run/mod.ts";
import type { AlertDetails } from "../../../lib/run/events/events.ts";
import { watchRun } from "../../../lib/run/alerts/watch.ts";
import { withFolder } from "../fixtures.ts";

const GB = 1e9;

/** A watch whose clock and disk are set by hand. */
function watched(free = 100 * GB) {
  const state = { seconds: 0, free };
  const alerts: (AlertDetails & { text: string })[] = [];
  const watch = watchRun({
    folder: "runs",
    onAlert: (text, alert) => alerts.push({ ...alert, text }),
    firstCheck: 1e9,
    interval: 1e9,
    now: () => state.seconds * 1000,
    freeBytes: () => Promise.resolve(state.free),
  });
  const event = (more: Partial<RunEvent> = {}) =>
    watch.onEvent({ kind: "note", seq: 1, time: "", level: "info", text: "", ...more } as RunEvent, false);
  const at = async (seconds: number) => {
    state.seconds = seconds;
    await watch.check();
  };
  return { state, alerts, watch, event, at };
}

Deno.test("`watchRun()` reports a stall once, and the next stall again", async () => {
  const { state, alerts, watch, event, at } = watched();
  await at(299);
  assert.equal(alerts.length, 0);
  await at(301);
  await at(400);
  assert.deepEqual(alerts.map(({ detector, action }) => [detector, action]), [["stall", "alert"]]);
  assert.match(alerts[0]!.text, /^Nothing has been logged for 5 min 01 s/);
  event({ alert: { detector: "stall", action: "alert", values: {} } } as Partial<RunEvent>); // its own word
  await at(500);
  assert.equal(alerts.length, 1);
  state.seconds = 501;
  event();
  state.seconds = 502;
  for (let i = 0; i < 40; i++) event(); // so that the long silence is forgotten
  await at(502 + 301);
  assert.equal(alerts.length, 2);
  watch.close();
});

Deno.test("`watchRun()` waits longer for a run with rare events", async () => {
  const { state, alerts, watch, event, at } = watched();
  for (const seconds of [100, 200, 300]) {
    state.seconds = seconds;
    event();
  }
  await at(300 + 999);
  assert.equal(alerts.length, 0);
  await at(300 + 1001);
  assert.equal(alerts.length, 1);
  watch.close();
});

Deno.test("`watchRun()` reports a disk that is nearly full, and again when half of the remaining space is used", async () => {
  const { state, alerts, watch, at } = watched(1.1 * GB);
  for (const free of [1.1, 0.9, 0.8, 0.46, 0.44, 0.3, 0.2, 5, 0.15]) {
    state.free = free * GB;
    await at(1);
  }
  assert.deepEqual(alerts.map(({ detector, values }) => [detector, values["free"]! / GB]), [
    ["disk", 0.9],
    ["disk", 0.44],
    ["disk", 0.2],
  ]);
  assert.match(alerts[0]!.text, /0\.90 GB free/);
  watch.close();
});

Deno.test("`watchRun()` checks the real disk, and does not report a missing folder", () =>
  withFolder(async (folder) => {
    const found: number[] = [];
    const onAlert = (_: string, { values }: AlertDetails) => found.push(values["free"]!);
    const watch = watchRun({ folder, onAlert, leastFree: Number.MAX_SAFE_INTEGER });
    await watch.check();
    assert.ok(found.length === 1 && found[0]! > 0, String(found));
    watch.close();
    const gone = watchRun({ folder: `${folder}/no`, onAlert, leastFree: Number.MAX_SAFE_INTEGER });
    await gone.check();
    assert.equal(found.length, 1);
    gone.close();
  }));

Deno.test("`watchRun()` checks the disk soon after the start", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const watch = watchRun({
    folder: "runs",
    onAlert: (text) => resolve(text),
    firstCheck: 1,
    interval: 1e9,
    freeBytes: () => Promise.resolve(0.5 * GB),
  });
  const keepAlive = setTimeout(() => resolve("nothing was said"), 5_000);
  assert.match(await promise, /nearly full: 0.50 GB/);
  clearTimeout(keepAlive);
  watch.close();
});
