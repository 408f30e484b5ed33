// Console output is copied to the run's folder as a terminal finally shows it, up to a limit.
import assert from "node:assert/strict";
import { join } from "node:path";
import { OUTPUT_FILE, teeConsole } from "../../../lib/run/capture/console-output.ts";
import { spawnScript, withFolder } from "../fixtures.ts";

/** Runs a script that keeps what it prints; gives what came out and what was kept. */
async function printed(folder: string, script: string, more = "") {
  const child = spawnScript(`
    import { teeConsole } from "./lib/run/mod.ts";
    const encoder = new TextEncoder();
    const err = (text) => Deno.stderr.writeSync(encoder.encode(text));
    const out = (text) => Deno.stdout.writeSync(encoder.encode(text));
    const end = teeConsole(${JSON.stringify(folder)}${more});
    ${script}
    end();
    console.log("after");`);
  const { stdout, stderr, success } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, decode(stderr));
  const kept = await Deno.readTextFile(join(folder, OUTPUT_FILE));
  return { stdout: decode(stdout), stderr: decode(stderr), kept };
}

Deno.test("`teeConsole()` copies lines of console, stdout and stderr, and still prints them", () =>
  withFolder(async (folder) => {
    const script = 'console.log("one", { a: 1 }); err("tw"); console.error("bad"); err("o\\n"); out("three");';
    const { stdout, stderr, kept } = await printed(folder, script);
    assert.equal(stdout, "one { a: 1 }\nthreeafter\n");
    assert.equal(stderr, "twbad\no\n");
    assert.deepEqual(kept.split("\n"), ["one { a: 1 }", "twbad", "o", "three", ""]);
  }));

Deno.test("`teeConsole()` copies lines without overwritten progress and colors", () =>
  withFolder(async (folder) => {
    const script = 'err("\\r\\x1b[2Kstep 1"); err("\\r\\x1b[2Kstep 2"); err("\\r\\x1b[2K"); ' +
      'err("\\x1b[32mdone\\x1b[0m in 2 s\\n"); err("\\x1b]0;title\\x07x\\r\\n"); out("\\u00e9".repeat(3) + "\\n");';
    const { kept } = await printed(folder, script);
    assert.equal(kept, "done in 2 s\nx\nééé\n");
  }));

Deno.test("`teeConsole()` appends, and keeps the first and the last part up to a limit", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, OUTPUT_FILE), "before\n");
    const script = "for (let i = 0; i < 1000; i++) console.log(`line ${i}`);";
    const { kept } = await printed(folder, script, ", { head: 30, tail: 30 }");
    const lines = kept.trim().split("\n");
    assert.deepEqual(lines.slice(0, 4), ["before", "line 0", "line 1", "line 2"]);
    assert.match(lines[4]!, /^… \d+ bytes left out …$/);
    assert.deepEqual(lines.slice(5), ["line 997", "line 998", "line 999"]);
  }));

Deno.test("`teeConsole()` leaves a secret out of what it keeps, however it is printed", () =>
  withFolder(async (folder) => {
    const script =
      'console.log("open http://127.0.0.1/?token=s3cret now"); err("s3c"); err("ret\\n"); out("s3crets3cret");';
    const { stdout, kept } = await printed(folder, script, ', { secret: "s3cret" }');
    assert.match(stdout, /token=s3cret now/);
    assert.equal(kept, "open http://127.0.0.1/?token=… now\n…\n……\n");
  }));

Deno.test("`teeConsole()` restores the console, and tolerates a folder that cannot be written", () => {
  const [log, write] = [console.log, Deno.stdout.writeSync];
  teeConsole("/nonexistent/folder")();
  assert.equal(console.log, log);
  assert.equal(Deno.stdout.writeSync, write);
});
