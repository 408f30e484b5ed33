// Every escape in the table is tried, and fails as the table says. Several run at a time: a process takes 0.1 s.
import assert from "node:assert/strict";
import { inParallel } from "../../lib/in-parallel.ts";
import { machineProtection, startProgram } from "../../lib/sandbox/mod.ts";
import { ESCAPES } from "./escapes.ts";

Deno.test("every escape is refused or ends the program", async (t) => {
  const { limits, ownMemory } = await machineProtection();
  if (Deno.build.os === "linux") assert.ok(limits && ownMemory !== undefined, "Linux limits memory");
  const requests: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    requests.push(request.url);
    return new Response("escaped");
  });
  const tried = ESCAPES.filter(({ needsMemoryLimit }) => !needsMemoryLimit || ownMemory !== undefined);
  const results = await inParallel(tried, 4, async ({ source, ends, byProcessorTime }) => {
    const wallSeconds = String(ends) === "time" && !byProcessorTime ? 0.5 : 20;
    await using program = await startProgram(source, "attempt", { cpuSeconds: 1, wallSeconds, memory: 64 });
    return await program.call([server.addr.port, Deno.pid]);
  });
  for (const [i, { name, refused, ends }] of tried.entries()) {
    await t.step(name, () => {
      const result = results[i]!;
      if (ends !== undefined) {
        assert.ok((ends as readonly string[]).includes(result.kind), JSON.stringify(result));
        if (refused !== undefined) assert.match(result.kind === "returned" ? "" : result.detail, refused);
      } else {
        assert.ok(result.kind === "returned", JSON.stringify(result));
        assert.match(String(result.value), refused!);
      }
    });
  }
  await server.shutdown();
  assert.deepEqual(requests, []);
});

Deno.test("docs/sandbox.md lists exactly the escapes that are tried", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/sandbox.md", import.meta.url));
  const table = /<!-- escapes -->([^]*)<!-- \/escapes -->/.exec(text)?.[1] ?? "";
  const listed = [...table.matchAll(/^\| (.+?) +\| [^|]+\|$/gm)].map(([, name]) => name!).slice(1);
  assert.deepEqual(listed.filter((name) => !/^-+$/.test(name)), ESCAPES.map(({ name }) => name));
});
