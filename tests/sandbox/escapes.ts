// Programs that try to leave the sandbox, and what must become of each. docs/sandbox.md lists them.
import type { FailureKind } from "../../lib/sandbox/mod.ts";

/** A program that tries something, and how it must fail. */
export interface Escape {
  /** Its row in docs/sandbox.md. */
  readonly name: string;
  /** A module that defines `attempt`, which gets the port of a local server and the parent's process id. */
  readonly source: string;
  /** What `attempt` returns when it is refused, or the error where the program ends. */
  readonly refused?: RegExp;
  /** How the program must end. */
  readonly ends?: readonly FailureKind[];
  /** Whether the limit of processor time ends it, and not the other one, which is tried sooner. */
  readonly byProcessorTime?: boolean;
  /** Only where the operating system limits memory. */
  readonly needsMemoryLimit?: boolean;
}

/** A program that returns what the expression gives, or the error's message. */
const returning = (expression: string, before = "") =>
  `${before}
export async function attempt(port: number, parent: number): Promise<string> {
  try {
    return "escaped: " + (await (${expression}));
  } catch (error) {
    return "refused: " + error.message;
  }
}`;

const refused = (name: string, expression: string, pattern: RegExp, before = ""): Escape => ({
  name,
  source: returning(expression, before),
  refused: pattern,
});

const ended = (name: string, body: string, ...ends: FailureKind[]): Escape => ({
  name,
  source: `export async function attempt(port: number, parent: number) { ${body} }`,
  ends,
});

const beyondHeap = (name: string, body: string, ...ends: FailureKind[]): Escape => ({
  ...ended(name, body, ...ends),
  needsMemoryLimit: true,
});

const READ = /^refused: Requires read access/;
const WRITE = /^refused: Requires write access/;
const NET = /^refused: Requires net access/;
const ENV = /^refused: Requires env access/;
const RUN = /^refused: Requires run access/;

export const ESCAPES: readonly Escape[] = [
  // --- read
  refused("`Deno.readTextFile()`", `Deno.readTextFile("/etc/hostname")`, READ),
  refused("`Deno.readDir()`", `Array.fromAsync(Deno.readDir("/"))`, READ),
  refused("`node:fs`", `readFileSync("/etc/hostname", "utf8")`, READ, `import { readFileSync } from "node:fs";`),
  refused(
    "memory of the parent, `/proc/<pid>/mem`",
    "Deno.open(`/proc/${parent}/mem`)",
    /^refused: Requires (all|read)/,
  ),
  refused(
    "`import()` of a file as JSON",
    `import(FILE, { with: { type: "json" } })`,
    READ,
    `const FILE = "file:///etc/x.json";`,
  ),
  {
    name: "`import` of a file as JSON",
    source:
      `import secret from "file:///etc/x.json" with { type: "json" }; export function attempt() { return secret; }`,
    refused: /Requires read access/,
    ends: ["threw"],
  },
  {
    name: "`import` of a file as text",
    source:
      `import secret from "file:///etc/hostname" with { type: "text" }; export function attempt() { return secret; }`,
    refused: /Requires read access/,
    ends: ["threw"],
  },
  refused(
    "`require()`",
    `createRequire("file:///etc/x.js")("./x.json")`,
    READ,
    `import { createRequire } from "node:module";`,
  ),
  refused(
    "`node:sqlite` on a file",
    `new DatabaseSync("/etc/hostname")`,
    READ,
    `import { DatabaseSync } from "node:sqlite";`,
  ),
  refused(
    "`node:sqlite`, attaching a file",
    `new DatabaseSync(":memory:").exec("attach database '/tmp/escaped.db' as x; create table x.t (a)")`,
    /^refused: /,
    `import { DatabaseSync } from "node:sqlite";`,
  ),
  refused("`fetch()` of a file", `(await fetch("file:///etc/hostname")).text()`, READ),
  // --- write
  refused("`Deno.writeTextFile()`", `Deno.writeTextFile("/tmp/escaped", "x")`, WRITE),
  refused("`Deno.makeTempFile()`", `Deno.makeTempFile()`, WRITE),
  refused(
    "`node:fs`, writing",
    `writeFileSync("/tmp/escaped", "x")`,
    WRITE,
    `import { writeFileSync } from "node:fs";`,
  ),
  refused("Web Storage", `localStorage.setItem("a", "b")`, /^refused: /),
  refused("Cache Storage", `caches.open("a")`, /^refused: /),
  refused(
    "a snapshot of the heap",
    `writeHeapSnapshot("/tmp/escaped")`,
    /^refused: /,
    `import { writeHeapSnapshot } from "node:v8";`,
  ),
  // --- net
  refused("`fetch()`", "fetch(`http://127.0.0.1:${port}`)", NET),
  refused("`Deno.connect()`", `Deno.connect({ port })`, NET),
  refused("`Deno.listen()`", `Deno.listen({ port: 0 })`, NET),
  refused("WebSocket", "new WebSocket(`ws://127.0.0.1:${port}`)", NET),
  refused(
    "`node:net`",
    `new Promise((done, fail) => connect(port).on("connect", done).on("error", fail))`,
    /^refused: .*EPERM/,
    `import { connect } from "node:net";`,
  ),
  refused(
    "a look-up of a name",
    `lookup("example.com")`,
    /^refused: .*EPERM/,
    `import { lookup } from "node:dns/promises";`,
  ),
  // --- env, sys, run, ffi
  refused("`Deno.env`", `Deno.env.get("HOME")`, ENV),
  refused(
    "`process.env`",
    `process.env.HOME ?? (() => { throw new Error("nothing") })()`,
    /^refused: (Requires env|nothing)/,
    `import process from "node:process";`,
  ),
  refused("name of the machine", `Deno.hostname()`, /^refused: Requires sys access/),
  refused("`Deno.Command`", `new Deno.Command("/bin/true").output()`, RUN),
  refused(
    "`node:child_process`",
    `execFileSync("/bin/true")`,
    /^refused: Requires (run|env) access/,
    `import { execFileSync } from "node:child_process";`,
  ),
  refused("`Deno.dlopen()`", `Deno.dlopen("libc.so.6", {})`, /^refused: Requires ffi access/),
  refused(
    "the GPU",
    `await navigator.gpu.requestAdapter() === null ? (() => { throw new Error("none") })() : 1`,
    /^refused: none/,
  ),
  refused(
    "asking for a permission",
    `(await Deno.permissions.request({ name: "read" })).state === "denied" ? (() => { throw new Error("denied") })() : 1`,
    /^refused: denied/,
  ),
  refused(
    "Deno's internal operations",
    `Deno[Deno.internal].core.ops.op_fs_read_file_text_sync("/etc/hostname")`,
    /^refused: /,
  ),
  // --- imports
  refused("`import()` over HTTPS", `import("https://deno.land/std@0.224.0/version.ts")`, /^refused: .*--no-remote/s),
  refused("`import()` over HTTP", "import(`http://127.0.0.1:${port}/a.ts`)", /^refused: Requires import access/),
  refused("`import()` from JSR", `import("jsr:@std/assert")`, /^refused: /),
  refused("`import()` from npm", `import("npm:is-odd")`, /^refused: .*--no-npm/s),
  refused(
    "`import()` of a data URL that reads",
    `import("data:text/javascript,export default Deno.readTextFileSync('/etc/hostname')")`,
    READ,
  ),
  refused(
    "`import()` of a blob that reads",
    `import(URL.createObjectURL(new Blob(["export default Deno.readTextFileSync('/etc/hostname')"], { type: "text/javascript" })))`,
    READ,
  ),
  // --- workers
  ended(
    "a worker from a file",
    `new Worker("file:///etc/x.js", { type: "module" }); await new Promise(() => {});`,
    "exited",
    "memory",
  ),
  ended(
    "a worker from a data URL that reads",
    `new Worker("data:text/javascript,Deno.readTextFileSync('/etc/hostname')", { type: "module" }); await new Promise(() => {});`,
    "exited",
    "memory",
  ),
  ended(
    "a worker bomb",
    `for (;;) new Worker("data:text/javascript,for(;;);", { type: "module" });`,
    "exited",
    "memory",
    "time",
  ),
  ended(
    "a bomb of workers that start workers",
    `const url = "data:text/javascript," + encodeURIComponent("const url = 'data:text/javascript,' + encodeURIComponent('for(;;);'); for (;;) new Worker(url, { type: 'module' });"); for (;;) new Worker(url, { type: "module" });`,
    "exited",
    "memory",
    "time",
  ),
  // --- time
  { ...ended("an endless loop", `for (;;);`, "time"), byProcessorTime: true },
  { name: "an endless loop as the module loads", source: `for (;;); export function attempt() {}`, ends: ["time"] },
  ended("an endless chain of promises", `for (;;) await null;`, "time"),
  ended("a regular expression that takes forever", `return /^(a+)+$/.test("a".repeat(40) + "b");`, "time"),
  {
    ...ended(
      "an endless loop that ignores SIGXCPU",
      `Deno.addSignalListener("SIGXCPU", () => {}); await new Promise((done) => setTimeout(done, 10)); for (;;);`,
      "exited",
      "time",
    ),
    byProcessorTime: true,
  },
  ended("sleeping in `Atomics.wait()`", `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`, "time"),
  ended("a promise that nothing settles", `await new Promise(() => {});`, "time"),
  // --- memory
  ended("a heap that grows", `const all = []; for (;;) all.push(Array(1e5).fill(1.5));`, "memory"),
  ended(
    "strings of 4 GB",
    `const all = []; for (let i = 0; i < 8; i++) { const one = "é€".repeat(1 << 28) + i; one.charCodeAt(1); all.push(one); } return all.length;`,
    "memory",
    "threw",
  ),
  beyondHeap("a buffer of 4 GB", `return new Uint8Array(4 * 2 ** 30).fill(1).length;`, "threw", "memory"),
  beyondHeap("many buffers", `const all = []; for (;;) all.push(new Uint8Array(1 << 26).fill(1));`, "threw", "memory"),
  beyondHeap(
    "many shared buffers",
    `const all = []; for (;;) all.push(new Uint8Array(new SharedArrayBuffer(1 << 26)).fill(1));`,
    "threw",
    "memory",
  ),
  beyondHeap(
    "memory of WebAssembly",
    `const all = []; for (;;) { const one = new WebAssembly.Memory({ initial: 1000 }); new Uint8Array(one.buffer).fill(1); all.push(one); }`,
    "threw",
    "memory",
  ),
  beyondHeap(
    "many blobs",
    `const all = [], part = new Uint8Array(1 << 26).fill(1); for (;;) all.push(new Blob([part]));`,
    "threw",
    "memory",
  ),
  // --- output
  ended(
    "1 GB printed by `console.log()`",
    `const line = "x".repeat(1 << 20); for (let i = 0; i < 1024; i++) console.log(line);`,
    "output",
  ),
  ended(
    "1 GB of standard error",
    `const line = "x".repeat(1 << 20); for (let i = 0; i < 1024; i++) console.error(line);`,
    "output",
  ),
  ended("1 GB returned", `return Array(1 << 10).fill("x".repeat(1 << 20));`, "output", "threw", "memory", "exited"),
  ended(
    "a returned object that names itself 2^60 times",
    `let all = []; for (let i = 0; i < 60; i++) all = [all, all]; return all;`,
    "time",
    "memory",
  ),
  // --- signals
  refused("killing the parent", `Deno.kill(parent, "SIGKILL")`, RUN),
  refused(
    "killing the parent by `node:process`",
    `process.kill(parent, "SIGKILL")`,
    RUN,
    `import process from "node:process";`,
  ),
  refused("killing all processes", `Deno.kill(-1, "SIGKILL")`, /^refused: /),
  ended("killing itself", `Deno.kill(Deno.pid, "SIGKILL"); await new Promise(() => {});`, "exited", "threw"),
  ended("`Deno.exit(0)`", `Deno.exit(0);`, "exited"),
  ended("`process.abort()`", `(await import("node:process")).abort();`, "exited"),
  ended(
    "closing its standard output",
    `Deno.stdout.close(); for (;;) await new Promise((done) => setTimeout(done, 100));`,
    "exited",
    "time",
    "threw",
  ),
];
