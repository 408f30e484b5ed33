// The live card: small, true, inert, and cheap over ten minutes of updates.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { bundleBytes, pause } from "../../lib/notebook/pacer.ts";
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

Deno.test("`card()` stays under 3 KB at every moment, and under 24 KB whatever the run says", () => {
  const events = sampleEvents();
  let view: RunView | undefined;
  for (const [at, event] of events.entries()) {
    view = applyEvent(view, event);
    if (at % 20 === 0) assert.ok(bundleBytes(card(view!, options)) < 3_072, String(bundleBytes(card(view!, options))));
  }
  const long = "<".repeat(10_000);
  const huge = { ...sampleView(), title: long, preset: long, device: long, error: long };
  huge.cells = Array.from({ length: 500 }, () => ({ ...huge.cells[2]!, title: long, summary: long }));
  assert.ok(bundleBytes(card(huge, options)) < 24_576, String(bundleBytes(card(huge, options))));
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

Deno.test("`pause()` keeps ten minutes of updates under 1 MB even if each were kept, and updates a second apart", () => {
  for (const bytes of [200, 2_500, 6_000, 50_000]) {
    let spent = 0;
    for (let time = 0; time < 600_000; time += pause(bytes)) spent += bytes;
    assert.ok(spent < 1_000_000, `${bytes} bytes an update: ${spent}`);
    assert.ok(pause(bytes) >= 1_000);
  }
});
