// What the pages of failed and damaged runs say, read without JavaScript.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import type { EventBody } from "../../../lib/run/mod.ts";
import { createApp } from "../../../lib/serve/mod.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { ID } from "./run-page.ts";

/** The page of a run with this log. */
async function pageOf(log: readonly EventBody[] | string): Promise<Document> {
  let html = "";
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    if (typeof log === "string") run.raw(log);
    else run.append(log);
    run.release();
    const request = new Request(`http://localhost/runs/${ID}/plain`, { headers: { host: "localhost" } });
    html = await (await createApp({ runsFolder }).fetch(request)).text();
  });
  return parseHTML(html).document as unknown as Document;
}

const failed = (error: string): EventBody[] => [
  ...demoBodies({ id: ID, steps: 2 }).slice(0, 4),
  { kind: "run.end", status: "failed", seconds: 1, error },
];

Deno.test("of a long trace the first lines are shown, and the others on demand", async () => {
  const lines = Array.from({ length: 40 }, (_, i) => i === 0 ? "Error: The loss became NaN" : `    at step ${i}`);
  const box = (await pageOf(failed(lines.join("\n")))).querySelector(".error")!;
  assert.equal(box.querySelector("summary")!.textContent, "37 more lines");
  assert.equal(box.firstChild!.textContent, lines.slice(0, 3).join("\n"));
  assert.ok(box.querySelector("details")!.textContent!.endsWith(lines.slice(3).join("\n")));
  const short = (await pageOf(failed("The loss became NaN\nat step 17"))).querySelector(".error")!;
  assert.equal(short.textContent, "The loss became NaN\nat step 17");
  assert.equal(short.querySelector("details"), null);
});

Deno.test("of a run whose log's start is damaged the page says why, and names nothing that is not known", async () => {
  const newer = { seq: 0, time: "2026-11-22T10:10:10.000Z", ...demoBodies({ id: ID })[0]!, schemaVersion: 99 };
  const page = await pageOf(`${JSON.stringify(newer)}\n`);
  assert.equal(page.querySelector(".badge")!.textContent, "Damaged");
  assert.match(page.querySelector(".error")!.textContent!, /format version is 99; .* up to \d+: update it/);
  const entries = [...page.querySelectorAll(".facts div")].map((entry) => entry.textContent!.trim());
  assert.ok(entries.length > 2);
  assert.deepEqual(entries.filter((text) => /^(?:Preset|Device)/.test(text)), []);
});
