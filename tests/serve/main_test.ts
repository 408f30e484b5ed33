// `main.ts` as a server: as the fetch handler of `deno serve main.ts`, and as its own command `serve`.
import assert from "node:assert/strict";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { firstMatch } from "../first-match.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";

Deno.test("`deno serve main.ts` shows the runs in $STITCHBOOK_RUNS, to loopback names only", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID }));
    run.release();
    const server = new Deno.Command(Deno.execPath(), {
      args: [
        "serve",
        "--no-prompt",
        "--allow-read",
        "--allow-net",
        "--allow-env",
        "--allow-sys",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "main.ts",
      ],
      cwd: repositoryRoot,
      env: { STITCHBOOK_RUNS: runsFolder, NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    try {
      const url = await firstMatch(server.stderr, /http:\/\/127\.0\.0\.1:\d+\//);
      const { runs } = await (await fetch(`${url}api/runs`)).json();
      assert.deepEqual(runs.map(({ id }: { id: string }) => id), [ID]);
      const page = await fetch(`${url}runs/${ID}`);
      assert.match(page.headers.get("content-type")!, /^text\/html/);
      // It may not run the program that bundles scripts.
      const modules = [...(await page.text()).matchAll(/<link rel="modulepreload" href="\/([^"]+)"/g)];
      assert.ok(modules.length > 50, String(modules.length));
      assert.match((await fetch(url + modules[0]![1])).headers.get("content-type")!, /^text\/javascript/);
      assert.equal(await statusFor(url, "evil.com"), 403);
      assert.equal(await statusFor(url, "localhost"), 200);
    } finally {
      server.kill();
      await server.status;
    }
  });
});

Deno.test("`main.ts serve` says that its folder is missing and that the port is taken, and bundles scripts", async () => {
  await withRunsFolder(async (runsFolder) => {
    const taken = serve({ runsFolder, port: 0 });
    const args = ["run", "-P=serve", "main.ts", "serve", "--runs", `${runsFolder}/nope`, "--port", String(taken.port)];
    const child = new Deno.Command(Deno.execPath(), {
      args,
      cwd: repositoryRoot,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    try {
      const said = await firstMatch(child.stdout, /[^]*Serving .*\n/);
      assert.match(
        said,
        new RegExp(`^Port ${taken.port} is in use; using \\d+ instead\nThere is no folder .*nope yet`),
      );
      const page = await (await fetch(/http:\S+/.exec(said)![0])).text();
      assert.deepEqual([...page.matchAll(/<script[^>]* src="([^"]+)"/g)].map(([, path]) => path), ["/static/home.js"]);
    } finally {
      child.kill();
      await child.status;
      await taken.close();
    }
  });
});

async function statusFor(url: string, host: string): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  await connection.write(
    new TextEncoder().encode(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
  );
  return Number((await new Response(connection.readable).text()).split(" ")[1]);
}
