// How a run was made, over HTTP and on its page: downloads that no path escapes from, and text that stays text.
import assert from "node:assert/strict";
import { join } from "node:path";
import { captureProvenance } from "../../lib/run/mod.ts";
import { createApp, serve } from "../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { provenanceResponseSchema } from "../../lib/serve/schemas.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const MARKUP = "<img src=x onerror=document.title='ran'>";

/** A run outside of any repository that kept its script, whose text is markup, and printed some. */
async function madeRun(runsFolder: string): Promise<void> {
  const run = fakeRun(runsFolder, ID);
  run.append(demoBodies({ id: ID, steps: 5 }));
  run.release();
  await Deno.writeTextFile(join(runsFolder, "my.ts"), MARKUP);
  await captureProvenance(run.folder, {
    sources: { "train.seed.steps": "set" },
    configFile: undefined,
    device: { name: "cpu", description: MARKUP, numerics: "n", threads: 1 },
    root: runsFolder,
    script: join(runsFolder, "my.ts"),
    variables: { STITCHBOOK_X: MARKUP },
  });
  await Deno.writeTextFile(join(run.folder, "output.log"), `first\n${"x".repeat(100_000)}\n${MARKUP}\n`);
}

Deno.test("the API gives what was kept, and files as downloads only", () =>
  withRunsFolder(async (runsFolder) => {
    await madeRun(runsFolder);
    const app = createApp({ runsFolder });
    const ask = async (path: string) =>
      await app.fetch(new Request(`http://localhost/api/runs/${ID}${path}`, { headers: { host: "localhost" } }));
    const { captured } = provenanceResponseSchema.parse(await (await ask("/provenance")).json());
    assert.equal(captured[0]!.scriptFile, "1-my.ts");
    for (const path of ["/output", "/captured/1-my.ts", "/captured/1.json"]) {
      const response = await ask(path);
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get("content-type"), "application/octet-stream");
      assert.match(response.headers.get("content-disposition")!, /^attachment; filename="[\w.-]+"$/);
      assert.match(response.headers.get("content-security-policy")!, /sandbox/);
      await response.body?.cancel();
    }
    await Deno.writeTextFile(join(runsFolder, "1-secret.txt"), "secret");
    await Deno.symlink(join(runsFolder, "1-secret.txt"), join(runsFolder, ID, "captured", "1-link.txt"));
    for (
      const name of [
        "1-link.txt",
        "2-none.txt",
        "..%2fevents.jsonl",
        "..%2f..%2f1-secret.txt",
        "%2e%2e",
        "1-my.ts%00",
        "1-",
      ]
    ) assert.equal((await ask(`/captured/${name}`)).status, 404, name);
  }));

optionalTest(
  "chromium",
  "the page of a run shows how it was made, changed settings first, and keeps markup inert",
  () =>
    withRunsFolder(async (runsFolder) => {
      await madeRun(runsFolder);
      const server = serve({ runsFolder, port: 0 });
      try {
        await withPage(async (page, complaints) => {
          await page.goto(`${server.url}runs/${ID}`);
          await page.getByText("Provenance").click();
          await page.locator(".made-facts", { hasText: MARKUP }).waitFor();
          await page.getByText("Console output").click();
          await page.locator(".console pre", { hasText: MARKUP }).waitFor();
          await page.locator(".settings tbody tr").first().getByText(/--set|default/).first().waitFor();
          assert.notEqual(await page.title(), "ran");
          assert.deepEqual(complaints, []);
        });
      } finally {
        await server.close();
      }
    }),
  LOOSE,
);
