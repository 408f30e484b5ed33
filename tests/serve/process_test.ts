// What a run prints and takes of the machine, over HTTP.
import assert from "node:assert/strict";
import { join } from "node:path";
import { createApp } from "../../lib/serve/mod.ts";
import { consoleResponseSchema, usageResponseSchema } from "../../lib/serve/schemas.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";

/** Asks for paths of a run whose folder `body` may change. */
async function withAnswers(
  body: (ask: (path: string) => Promise<Response>, folder: string) => Promise<void>,
): Promise<void> {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 5 }));
    run.release();
    const app = createApp({ runsFolder });
    await body(
      async (path) =>
        await app.fetch(new Request(`http://localhost/api/runs/${ID}${path}`, { headers: { host: "localhost" } })),
      run.folder,
    );
  });
}

/** All parts of the output, as a page reads them. */
async function readAll(ask: (path: string) => Promise<Response>, from = 0): Promise<{ text: string; parts: number }> {
  let [text, after, parts] = ["", from, 0];
  for (;;) {
    const part = consoleResponseSchema.parse(await (await ask(`/console?after=${after}`)).json());
    text += part.text;
    parts++;
    assert.ok(part.next > after || part.next === part.bytes, "it goes on");
    after = part.next;
    if (after === part.bytes) return { text, parts };
  }
}

Deno.test("the console comes in parts, and then only what is new", () =>
  withAnswers(async (ask, folder) => {
    const path = join(folder, "output.log");
    assert.deepEqual(await (await ask("/console")).json(), { text: "", start: 0, next: 0, bytes: 0 });
    const lines = Array.from({ length: 30_000 }, (_, i) => `line ${i} äöü 漢字\n`).join("");
    await Deno.writeTextFile(path, lines);
    const whole = await readAll(ask);
    assert.ok(whole.text === lines);
    assert.ok(whole.parts > 2, `${whole.parts} parts`);
    const size = new TextEncoder().encode(lines).length;
    await Deno.writeTextFile(path, "half a", { append: true });
    const waits = await (await ask(`/console?after=${size}`)).json();
    assert.deepEqual(waits, { text: "half a", start: size, next: size + 6, bytes: size + 6 });
    await Deno.writeTextFile(path, " line\nmore\n", { append: true });
    assert.equal((await readAll(ask, size + 6)).text, " line\nmore\n");
    // Another file in its place is read from its beginning.
    await Deno.writeTextFile(path, "new\n");
    assert.deepEqual(await (await ask(`/console?after=${size}`)).json(), {
      text: "new\n",
      start: 0,
      next: 4,
      bytes: 4,
    });
  }));

Deno.test("no character is broken between two parts", () =>
  withAnswers(async (ask, folder) => {
    const line = `x${"漢".repeat(200_000)}\n`;
    await Deno.writeTextFile(join(folder, "output.log"), line);
    assert.ok((await readAll(ask)).text === line);
  }));

Deno.test("the console refuses positions that are none, and follows no link", () =>
  withAnswers(async (ask, folder) => {
    for (const after of ["-1", "x", "1.5", "1e999", "9".repeat(16)]) {
      const response = await ask(`/console?after=${after}`);
      assert.equal(response.status, 400, after);
      assert.equal((await response.json()).error.code, "position.malformed");
    }
    await Deno.writeTextFile(join(folder, "secret"), "secret");
    await Deno.symlink(join(folder, "secret"), join(folder, "output.log"));
    assert.equal((await (await ask("/console")).json()).bytes, 0);
    assert.equal((await ask("/output")).status, 404);
  }));

Deno.test("usage has the samples and, if provenance was kept, what the machine has", () =>
  withAnswers(async (ask, folder) => {
    assert.deepEqual(usageResponseSchema.parse(await (await ask("/usage")).json()), { samples: [], machine: null });
    const sample = { time: "2026-01-01T00:00:00.000Z", seconds: 5, cores: 1.5, memory: 1e9 };
    await Deno.writeTextFile(join(folder, "usage.jsonl"), JSON.stringify(sample) + "\n");
    assert.deepEqual((await (await ask("/usage")).json()).samples, [sample]);
  }));
