// The table of runs over HTTP: rows, tags of answers, compression, the page without JavaScript, changes of many runs.
import assert from "node:assert/strict";
import { join } from "node:path";
import { addLabel, readLabels } from "../../lib/run/mod.ts";
import { createAccess, createApp } from "../../lib/serve/mod.ts";
import {
  changedRunsSchema,
  removalsSchema,
  sentWindowSchema,
  sessionResponseSchema,
  tableNamesSchema,
} from "../../lib/serve/schemas.ts";
import { withRunsFolder } from "../run/fake-run.ts";
import { variedId, writeVariedRuns } from "../run/varied-runs.ts";

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

async function withTable(
  count: number,
  body: (ask: Ask, runsFolder: string) => Promise<void>,
  edit = false,
): Promise<void> {
  await withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, count);
    const access = createAccess();
    const app = createApp({ runsFolder, access, abilities: { edit, stop: false } });
    await body(async (path, init = {}) => {
      const headers = {
        host: "localhost:8420",
        authorization: `Bearer ${access.token}`,
        ...init.headers as Record<string, string>,
      };
      return await app.fetch(new Request(`http://localhost:8420${path}`, { ...init, headers }));
    }, runsFolder);
  });
}

Deno.test("rows come in windows; an unchanged one costs its headers, and a large one is compressed", () =>
  withTable(120, async (ask, runsFolder) => {
    const answer = await ask("/api/table?sort=bpb&limit=20");
    const shown = sentWindowSchema.parse(await answer.json());
    assert.deepEqual([shown.total, shown.rowCount, shown.rows.length], [120, 120, 20]);
    const tag = answer.headers.get("etag")!;
    const again = await ask("/api/table?sort=bpb&limit=20", { headers: { "if-none-match": tag } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), "");
    const { version } = sentWindowSchema.parse(await (await ask("/api/table?sort=bpb&limit=20")).json());
    assert.equal(tag.replace(/^W\//, ""), `"${version}"`);
    addLabel(join(runsFolder, (shown.rows[3] as { readonly id: string }).id), { kind: "name", name: "Renamed" });
    const news = sentWindowSchema.parse(
      await (await ask(`/api/table?sort=bpb&limit=20&since=${version}`, { headers: { "if-none-match": tag } })).json(),
    );
    assert.deepEqual(news.rows.map((row) => typeof row === "number" ? row : row.kind === "run" && row.title), [
      ...[0, 1, 2, "Renamed"],
      ...Array.from({ length: 16 }, (_, i) => i + 4),
    ]);
    const small = await ask("/api/table?limit=500", { headers: { "accept-encoding": "gzip" } });
    assert.equal(small.headers.get("content-encoding"), "gzip");
    const bytes = (await small.arrayBuffer()).byteLength;
    const plain = (await (await ask("/api/table?limit=500")).arrayBuffer()).byteLength;
    assert.ok(bytes * 4 < plain, `${bytes} of ${plain} bytes`);
    const { names } = tableNamesSchema.parse(await (await ask("/api/table/names")).json());
    assert.ok(names.some(({ name, values }) => name === "preset" && values.includes("demo")));
  }));

Deno.test("the page is a readable table without its script, with sorting, filters and further rows", () =>
  withTable(120, async (ask) => {
    const page = await (await ask("/?filter=seed:2+nosuch:1&sort=bpb")).text();
    assert.equal([...page.matchAll(/<a href="\/runs\//g)].length, 24);
    assert.match(page, /24 of 120 runs/);
    assert.match(page, /No run has &quot;nosuch&quot;/);
    assert.match(page, /<input[^>]* name="filter" value="seed:2 nosuch:1"/);
    assert.match(page, /aria-sort="ascending"[^>]*><a href="\?filter=seed:2\+nosuch:1&amp;sort=-bpb"/);
    assert.doesNotMatch(page, / style=|<script(?! type="module" src=)/);
    const first = await (await ask("/")).text();
    const [, next] = /<a href="([^"]+)">Further rows/.exec(first)!;
    assert.match(await (await ask(`/${next}`)).text(), /Rows 101 to 120 of 120/);
    const empty = await (await ask("/?filter=nothing-like-this")).text();
    assert.match(empty, /No run matches/);
  }));

Deno.test("many runs are tagged and removed at once, and each removal is restored", () =>
  withTable(6, async (ask, runsFolder) => {
    const { token } = sessionResponseSchema.parse(await (await ask("/api/session")).json());
    const post = (path: string, body: unknown) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-stitchbook-token": token!, origin: "http://localhost:8420" },
        body: JSON.stringify(body),
      });
    const [a, b, c] = [0, 1, 2].map(variedId);
    const tagged = await post("/api/tags", { runs: [a, b], add: ["good"], remove: [] });
    assert.deepEqual(changedRunsSchema.parse(await tagged.json()), { runs: [a, b] });
    assert.deepEqual((await readLabels(join(runsFolder, b!))).tags, ["good"]);
    const good = sentWindowSchema.parse(await (await ask("/api/table?filter=tag:good")).json());
    assert.equal(good.matching, 2);
    // One unknown run: nothing is changed.
    assert.equal((await post("/api/tags", { runs: [c, variedId(99)], add: ["bad"], remove: [] })).status, 404);
    assert.deepEqual((await readLabels(join(runsFolder, c!))).tags, []);
    assert.equal((await post("/api/tags", { runs: [c], add: ["b@d"], remove: [] })).status, 400);
    for (const body of [{ runs: [] }, { runs: "x" }, {}, { runs: [c], more: 1 }]) {
      assert.equal((await post("/api/remove", body)).status, 400, JSON.stringify(body));
    }
    assert.equal((await post("/api/remove", { runs: ["../x"] })).status, 404);

    assert.equal((await post("/api/remove", { runs: [a, b] })).status, 200);
    assert.equal((await post("/api/remove", { runs: [c] })).status, 200);
    assert.equal(sentWindowSchema.parse(await (await ask("/api/table")).json()).total, 3);
    const { removals } = removalsSchema.parse(await (await ask("/api/removals")).json());
    assert.deepEqual(removals.map(({ runs }) => runs), [[c], [a, b]]);
    assert.match(await (await ask("/trash")).text(), new RegExp(`<code>${a}</code>`));
    const restored = await post("/api/restore", { removal: removals[1]!.removal });
    assert.deepEqual(await restored.json(), { restored: [a, b] });
    assert.equal((await post("/api/restore", { removal: removals[1]!.removal })).status, 409);
    assert.equal((await post("/api/restore", { removal: "../.." })).status, 409);
  }, true));

Deno.test("what runs took of their machine can be shown, sorted and filtered by", () =>
  withTable(3, async (ask, runsFolder) => {
    const usage = (run: number, samples: readonly (readonly [seconds: number, cores: number, memory: number])[]) =>
      Deno.writeTextFile(
        join(runsFolder, variedId(run), "usage.jsonl"),
        samples.map(([seconds, cores, memory]) =>
          JSON.stringify({ time: "2026-01-01T00:00:00.000Z", seconds, cores, memory }) + "\n"
        ).join(""),
      );
    await usage(0, [[5, 2, 1e9], [15, 1, 3e9]]);
    await usage(2, [[5, 0.5, 5e9]]);
    const shown = async (query: string) =>
      sentWindowSchema.parse(await (await ask(`/api/table?columns=cores,memory,tokensPerSecond${query}`)).json());
    const { columns, rows } = await shown("&sort=-memory");
    assert.deepEqual(columns.map(({ key, kind }) => [key, kind]), [
      ["cores", "number"],
      ["memory", "bytes"],
      ["tokensPerSecond", "number"],
    ]);
    assert.deepEqual(rows.map((row) => typeof row === "number" ? row : row.values.slice(0, 2)), [
      [0.5, 5e9],
      [1.25, 3e9],
      [null, null],
    ]);
    assert.equal((await shown("&filter=cores:>1")).matching, 1);
    assert.equal((await shown("&filter=memory:>2e9")).matching, 2);
    const { names } = tableNamesSchema.parse(await (await ask("/api/table/names")).json());
    assert.ok(["cores", "memory", "tokensPerSecond"].every((name) => names.some((one) => one.name === name)));
  }));
