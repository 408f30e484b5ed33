// The page that compares, as it is without any script.
import { parseHTML } from "linkedom";
import assert from "node:assert/strict";
import { trashRuns } from "../../lib/run/mod.ts";
import { createApp } from "../../lib/serve/mod.ts";
import { withRunsFolder } from "../run/fake-run.ts";
import { writeScoredRun } from "../run/scored-runs.ts";
import { variedId, writeVariedRuns } from "../run/varied-runs.ts";

const [A, B] = ["20261122-101010-bts-demo-aaaa", "20261122-101011-bts-demo-bbbb"];

function asker(runsFolder: string) {
  const app = createApp({ runsFolder });
  return async (query: string) => {
    const request = new Request(`http://localhost/compare${query}`, { headers: { host: "localhost" } });
    const response = await app.fetch(request);
    assert.equal(response.status, 200, query);
    return await response.text();
  };
}

Deno.test("`/compare` shows what differs, and says which runs it does not find", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 3);
    const page = asker(runsFolder);
    const two = await page(`?run=${variedId(0)}&run=${variedId(1)}&run=${variedId(1)}&run=../x`);
    assert.match(two, /Compare 2 runs/);
    assert.match(two, /<th scope="row">model\.width<\/th><td class="text">64<\/td><td class="text">128<\/td>/);
    assert.doesNotMatch(two, /model\.layers/);
    assert.match(two, /<tr data-measure="bts\/bpb\/mean"><th scope="row">BTS<\/th><td class="number best">/);
    assert.match(two, /\+0\.0010 unpaired/);
    assert.match(two, /There is no run &quot;\.\.\/x&quot;/);
    for (const query of ["", `?run=${variedId(0)}&run=x`, "?run=x"]) {
      assert.match(await page(query), /Select at least two runs/, query);
    }
    const many = Array.from({ length: 60 }, (_, i) => `run=${variedId(i)}`).join("&");
    assert.match(await page(`?${many}`), /The first 50 of 60 runs are compared/);
    await trashRuns(runsFolder, [variedId(2)]);
    const three = await page(`?run=${variedId(0)}&run=${variedId(1)}&run=${variedId(2)}`);
    assert.match(three, new RegExp(`The run ${variedId(2)} was removed; it can be restored from the trash`));
    assert.match(three, /Compare 2 runs/);
  }));

Deno.test("results on the same documents are paired, with intervals; output is compared line by line", () =>
  withRunsFolder(async (runsFolder) => {
    await writeScoredRun(runsFolder, { id: A, title: "First", output: "start\nloss 3.2\ndone\n" });
    await writeScoredRun(runsFolder, {
      id: B,
      title: "<b>Second</b>",
      seed: 2,
      model: { width: 128 },
      worse: { seed: 0.2, bts: 0.05 },
      output: "start\nloss 3.1\n<script>\n",
    });
    const page = asker(runsFolder);
    const text = await page(`?run=${A}&run=${B}&nothing=1&x=miles&metric=none&cell=none&curve=none&other=none`);
    assert.match(text, /\+0\.0721 \(\+0\.0\d+ to \+0\.0\d+\) paired, worse/);
    assert.match(text, /0\.0000 \(0\.0000 to 0\.0000\) paired</);
    const labels = /data-curves="([^"]*)"/.exec(text)![1]!.replaceAll("&quot;", '"');
    assert.deepEqual(JSON.parse(labels).runs.map(({ label }: { label: string }) => label), [
      "seed 1, width 64",
      "seed 2, width 128",
    ]);
    assert.match(text, /<del>− loss 3\.2\n<\/del>/);
    assert.match(text, /<ins>\+ &lt;script&gt;\n<\/ins>/);
    assert.doesNotMatch(text, /<b>Second|<script>/);
    for (
      const problem of [
        /Cannot read x=miles/,
        /a metric &quot;none&quot;/,
        /a cell &quot;none&quot;/,
        /&quot;none&quot; is not among the runs/,
      ]
    ) assert.match(text, problem);
    const same = await page(`?run=${A}&run=${B}&numbers=same`);
    assert.doesNotMatch(same, /<del>− loss/);
    assert.match(same, /<del>− done/);
    assert.match(await page(`?run=${B}&run=${A}`), /−0\.0721 \([^)]*\) paired, better/);
    assert.match(await page(`?run=${A}&run=${B}&text=script`), /At least one of the two runs kept none/);
  }));

Deno.test("one run is compared with itself, cell by cell", () =>
  withRunsFolder(async (runsFolder) => {
    await writeScoredRun(runsFolder, { id: A, title: "First" });
    const page = asker(runsFolder);
    const all = await page(`?run=${A}`);
    assert.match(all, /Compare 5 cells of First/);
    const two = await page(`?run=${A}&cell=stitch&cell=seed`);
    assert.match(two, /Compare 2 cells of First/);
    assert.match(two, /<tr data-measure="\/bpb\/mean"><th scope="row">mean<\/th>/);
    assert.match(two, /\+0\.2885 \([^)]*\) paired, worse/);
    assert.match(two, /<input type="checkbox" name="cell" value="seed" checked=""\/>/);
    assert.match(await page(`?run=${A}&cell=seed&cell=none`), /Choose at least two cells/);
  }));

Deno.test("runs without a name are called by their ids", () =>
  withRunsFolder(async (runsFolder) => {
    await writeScoredRun(runsFolder, { id: A, title: " " });
    await writeScoredRun(runsFolder, { id: B, title: "", seed: 2 });
    const page = asker(runsFolder);
    const text = await page(`?run=${A}&run=${B}`);
    for (const id of [A, B]) assert.match(text, new RegExp(`<a href="/runs/${id}">${id}</a>`));
    const cells = await page(`?run=${A}`);
    assert.match(cells, new RegExp(`<h1>Compare 5 cells of ${A}</h1>`));
    assert.match(cells, new RegExp(`<a href="/runs/${A}">${A}</a>`));
  }));

Deno.test("what scrolls on the page has a name of its own, and can be reached by keyboard", () =>
  withRunsFolder(async (runsFolder) => {
    await writeScoredRun(runsFolder, { id: A, output: "a\n" });
    await writeScoredRun(runsFolder, { id: B, seed: 2, model: { width: 1 }, output: "b\n" });
    const text = await asker(runsFolder)(`?run=${A}&run=${B}`);
    const regions = [...text.matchAll(/<\w+[^>]* role="region"[^>]*>/g)].map(([tag]) => tag);
    const names = regions.map((tag) => /aria-label="([^"]+)"/.exec(tag)![1]!);
    assert.ok(names.length >= 5);
    assert.equal(new Set(names).size, names.length, names.join(", "));
    assert.ok(regions.every((tag) => tag.includes('tabindex="0"')));
  }));

Deno.test("the curves are a picture without a script: the lines, names and axes of the page's chart", () =>
  withRunsFolder(async (runsFolder) => {
    await writeScoredRun(runsFolder, { id: A, title: "First" });
    await writeScoredRun(runsFolder, { id: B, title: "<b>Second</b>", seed: 2 });
    const app = createApp({ runsFolder });
    const ask = async (address: string) =>
      await app.fetch(new Request(`http://localhost${address}`, { headers: { host: "localhost" } }));
    const drawn = async (query: string) => {
      const response = await ask(`/compare.svg${query}`);
      assert.equal(response.headers.get("content-type"), "image/svg+xml");
      assert.match(response.headers.get("content-security-policy")!, /default-src 'none'.*sandbox/);
      const svg = await response.text();
      assert.doesNotMatch(svg, /NaN|undefined|Infinity|<script|<b>/);
      const { document } = parseHTML(`<!doctype html>${svg}`);
      return {
        svg,
        lines: document.querySelectorAll("g[clip-path] path").length,
        texts: [...document.querySelectorAll("text")].map(({ textContent }) => textContent),
      };
    };
    const page = await (await ask(`/compare?run=${A}&run=${B}&run=none&log=1`)).text();
    const source = /<noscript>.*<img class="curves-picture" src="([^"]+)"/.exec(page)![1]!.replaceAll("&amp;", "&");
    assert.equal(source, `/compare.svg?run=${A}&run=${B}&log=1`);
    const two = await drawn(source.slice("/compare.svg".length));
    const labels = [1, 2].flatMap((seed) => [`seed ${seed} · loss`, `seed ${seed} · validation`]);
    assert.deepEqual(two.texts.slice(-4), labels);
    assert.ok(
      two.texts.includes("step") && two.texts.includes("loss, validation · Train the stitches"),
      two.texts.join(),
    );
    assert.match(two.svg, /prefers-color-scheme: dark/);
    assert.ok(two.lines >= 4, String(two.lines)); // more where raw values are behind smoothed ones
    const cells = await drawn(`?run=${A}&cell=seed&cell=stitch`);
    assert.ok(cells.lines >= 2 && !cells.texts.some((text) => text.includes("seed 1")), cells.texts.join());
    assert.equal((await drawn(`?run=${A}&cell=none`)).lines, 0);
    assert.equal((await ask("/compare.svg?run=none")).status, 404);
  }));
