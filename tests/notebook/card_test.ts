// The live card: small, true, inert, and cheap over ten minutes of updates.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { bundleBytes, pacer } from "../../lib/notebook/pacer.ts";
import { applyEvent, foldEvents, type RunView } from "../../lib/run/mod.ts";
import { sampleEvents, sampleView } from "../report/sample.ts";
import { card } from "../../lib/notebook/card.ts";

const options = { url: "http://127.0.0.1:8420/runs/x", now: "2025-05-06T09:01:00.000Z" };

Deno.test("`card()` shows the running cell's step, loss, speed and bar, and the cells to come", () => {
  const events = sampleEvents();
  const at = events.findLastIndex((event) =>
    event.kind === "metrics" && event.cell === "expert:math" && event.step === 100
  );
  const { "text/html": html, "text/plain": text } = card(foldEvents(events.slice(0, at + 1))!, options);
  assert.match(
    html!,
    /▸ Branch and train: math .*step 100 of 200 · loss \d\.\d{3} · 5\.\d+k tokens\/s · \d+\.\d s left/,
  );
  assert.match(html!, /width:50\.0%/);
  assert.match(html!, /○ Train the stitches/);
  assert.match(html!, /href="http:\/\/127\.0\.0\.1:8420\/runs\/x"/);
  assert.match(text!, /^Branch-Train-Stitch \(quick, seed 1\): running, 1 min 00 s$/m);
});

Deno.test("`card()` says where the jobs of cells are", () => {
  const events = sampleEvents();
  const at = events.findLastIndex((event) => event.kind === "metrics" && event.cell === "expert:math");
  const job = (cell: string, state: string, node: string, reason: string) => ({
    ...{ seq: at + 1, time: events[at]!.time, kind: "cell.job" as const, cell },
    ...{ job: "12_1", state, node, reason },
  });
  const view = foldEvents([
    ...events.slice(0, at + 1),
    job("expert:math", "running", "n2", ""),
    job("stitch", "pending", "", "Dependency"),
  ])!;
  const text = card(view, options)["text/plain"]!;
  assert.match(text, /▸ Branch and train: math .* · job 12_1 runs on n2$/m);
  assert.match(text, /○ Train the stitches {2}job 12_1 waits \(Dependency\)$/m);
});

Deno.test("`card()` stays under 10 KB while the run goes on, and under 48 KB whatever the run says", () => {
  const events = sampleEvents();
  let view: RunView | undefined;
  for (const [at, event] of events.entries()) {
    view = applyEvent(view, event);
    if (at % 20 !== 0) continue;
    const bytes = bundleBytes(card(view!, options));
    assert.ok(bytes < 10_240, `${bytes} bytes at event ${at}`);
  }
  const long = "<".repeat(10_000);
  const huge = { ...sampleView(), title: long, preset: long, device: long, error: long };
  huge.cells = Array.from({ length: 500 }, () => ({ ...huge.cells[2]!, title: long, summary: long }));
  assert.ok(bundleBytes(card(huge, options)) < 49_152, String(bundleBytes(card(huge, options))));
});

Deno.test("`card()` draws the loss of the cell that runs, and of all cells after the end", () => {
  const events = sampleEvents();
  const at = events.findLastIndex((event) => event.kind === "metrics" && event.cell === "expert:math");
  const panels = (html: string) =>
    [...parseHTML(html).document.querySelectorAll("svg")].map((svg) => svg.getAttribute("aria-label"));
  assert.deepEqual(panels(card(foldEvents(events.slice(0, at + 1))!, options)["text/html"]!), [
    "Loss by step: Experts",
  ]);
  // Cells that measure log by step, too, but no loss.
  const view = foldEvents(events)!;
  const measured = { ...view.cells[0]!, metrics: [{ step: 1, time: options.now, values: { documents: 3 } }] };
  view.cells.push(...Array.from({ length: 6 }, () => measured));
  assert.deepEqual(panels(card(view, options)["text/html"]!), [
    "Loss by step: Seed",
    "Loss by step: Experts",
    "Loss by step: Stitches",
  ]);
  assert.deepEqual(panels(card(foldEvents(events.slice(0, 2))!, options)["text/html"]!), []);
});

Deno.test("`card()` shows the last warnings and errors, and how many came before", () => {
  const view = sampleView();
  const note = (text: string, level: "info" | "warning" | "error") => ({ level, text, time: "2026-11-22T05:12:07Z" });
  for (const cell of view.cells) cell.notes = [];
  view.cells[0]!.notes = [note("fine", "info"), note("one", "warning"), note("two", "warning"), note("three", "error")];
  view.notes = [note("<b>four</b>", "warning")];
  const { "text/html": html, "text/plain": text } = card(view, options);
  assert.match(text!, /^1 more before\nwarning: two\nerror: three\nwarning: <b>four<\/b>$/m);
  assert.match(html!, /warning: two.*error: three.*warning: &lt;b&gt;four/);
  assert.doesNotMatch(html!, /fine|: one/);
});

Deno.test("`card()` shows markup as text", () => {
  const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>`;
  const view = {
    ...sampleView({ title: evil }),
    id: evil,
    preset: evil,
    device: evil,
    error: evil,
    status: "failed" as const,
  };
  view.cells = view.cells.map((cell) => ({ ...cell, title: evil, summary: evil }));
  const { document } = parseHTML(
    `<html><body>${card(view, { ...options, url: `http://x/${evil}` })["text/html"]}</body></html>`,
  );
  assert.equal(document.querySelectorAll("script, img").length, 0);
  assert.ok(document.body.textContent!.includes(evil));
});

Deno.test("`pacer()` keeps ten minutes of updates under 1 MB even if each is kept, and two a second at most", () => {
  for (const bytes of [200, 2_500, 6_000, 50_000]) {
    let time = 0, spent = 0;
    const pause = pacer(() => time);
    while (time < 600_000) {
      spent += bytes;
      const wait = pause(bytes);
      assert.ok(wait >= 500);
      time += wait;
    }
    assert.ok(spent < 1_000_000, `${bytes} bytes an update: ${spent}`);
    assert.ok(spent > 200_000, `${bytes} bytes an update: only ${spent}`);
  }
});
