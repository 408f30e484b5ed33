// Choosing the run whose texts are compared: few links in a line, many folded.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { createApp } from "../../../lib/serve/mod.ts";
import { withRunsFolder } from "../../run/fake-run.ts";
import { variedId, writeVariedRuns } from "../../run/varied-runs.ts";

Deno.test("the links to the texts of few runs are in a line, and those of many are folded", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 12);
    const app = createApp({ runsFolder });
    const linesOf = async (count: number) => {
      const query = Array.from({ length: count }, (_, i) => `run=${variedId(i)}`).join("&");
      const request = new Request(`http://localhost/compare?${query}`, { headers: { host: "localhost" } });
      const { document } = parseHTML(await (await app.fetch(request)).text());
      return document.querySelector("#lines nav")!;
    };
    const other = (nav: Element) => nav.querySelectorAll('a[href*="other="]').length;
    const few = await linesOf(3);
    assert.deepEqual([few.querySelector("details"), other(few)], [null, 2]);
    const many = await linesOf(12);
    assert.match(many.querySelector("summary")!.textContent!, /^against /);
    assert.deepEqual([many.querySelectorAll("details a").length, other(many)], [11, 11]);
  }));
