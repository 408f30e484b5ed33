// The page that compares runs, as it is without any script.
import assert from "node:assert/strict";
import { createApp } from "../../lib/serve/mod.ts";
import { withRunsFolder } from "../run/fake-run.ts";
import { variedId, writeVariedRuns } from "../run/varied-runs.ts";

Deno.test("`/compare` shows what differs, and says which runs it does not find", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 3);
    const app = createApp({ runsFolder });
    const page = async (query: string) => {
      const response = await app.fetch(
        new Request(`http://localhost/compare${query}`, { headers: { host: "localhost" } }),
      );
      assert.equal(response.status, 200, query);
      return await response.text();
    };
    const two = await page(`?run=${variedId(0)}&run=${variedId(1)}&run=${variedId(1)}&run=../x`);
    assert.match(two, /Compare 2 runs/);
    assert.match(two, /<th scope="row">model\.width<\/th><td class="text">64<\/td><td class="text">128<\/td>/);
    assert.doesNotMatch(two, /model\.layers/);
    assert.match(two, /<th scope="row">bts\/bpb\/mean<\/th><td class="number best">/);
    assert.match(two, /There is no run &quot;\.\.\/x&quot;/);
    for (const query of ["", `?run=${variedId(0)}`, "?run=x"]) {
      assert.match(await page(query), /Select at least two runs/, query);
    }
    const many = Array.from({ length: 60 }, (_, i) => `run=${variedId(i)}`).join("&");
    assert.match(await page(`?${many}`), /The first 50 of 60 runs are compared/);
  }));
