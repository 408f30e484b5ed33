// The lock of a run: one process holds it, and only a dead process's lock is taken over, even if its pid is reused.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { takeLock, tryTakeLock, writerLives } from "../../../lib/run/process/lock.ts";
import { thisProcess } from "../../../lib/run/process/process.ts";
import { spawnScript, withFolder } from "../fixtures.ts";

const lockOf = (folder: string) => join(folder, "run.lock");
const isFree = (taken: ReturnType<typeof tryTakeLock>) => !("holder" in taken);

Deno.test("`takeLock()` refuses a held lock and names its holder, and takes a released one", () =>
  withFolder((folder) => {
    const lock = takeLock(folder, "the-run");
    const refused = (error: unknown) =>
      error instanceof UserError && error.code === "run.locked" &&
      error.message === `Cannot resume the-run: process ${Deno.pid} is writing it`;
    assert.throws(() => takeLock(folder, "the-run"), refused);
    assert.equal(lock.lost(), undefined);
    lock.release();
    assert.equal(writerLives(folder), false);
    takeLock(folder, "the-run").release();
  }));

Deno.test("Fault 10: only the lock of a dead process, a reused pid or a silent machine is taken over", () =>
  withFolder(async (folder) => {
    const own = thisProcess();
    const dead = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" }).spawn();
    await dead.status;
    const write = async (holder: unknown, age = 0) => {
      await Deno.writeTextFile(lockOf(folder), typeof holder === "string" ? holder : JSON.stringify(holder));
      const time = new Date(Date.now() - 1000 * age);
      await Deno.utime(lockOf(folder), time, time);
    };
    const cases: readonly (readonly [string, unknown, number, boolean])[] = [
      ["a dead process", { ...own, pid: dead.pid }, 0, true],
      ["nobody: it was never filled", "", 0, true],
      ["another machine", { ...own, host: "elsewhere" }, 10, false],
      ["a machine that fell silent", { ...own, host: "elsewhere" }, 70, true],
      ["nobody knows, of late", "{", 10, false],
      ["nobody knows, long ago", "{", 70, true],
      ["this process", own, 0, false],
      // Without the kernel's word on when a process began, the heartbeat decides.
      ["this process, silent, but alive", own, 70, own.started === null],
      ...own.started === null
        ? []
        : [["a later process of its pid", { ...own, started: "00000000" }, 0, true] as const],
    ];
    for (const [title, holder, age, free] of cases) {
      await write(holder, age);
      const taken = tryTakeLock(folder);
      assert.equal(isFree(taken), free, title);
      if (!("holder" in taken)) taken.release();
      assert.equal(writerLives(folder), !free, title);
    }
  }));

Deno.test("When many processes find the lock of a dead one, one of them takes it", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(lockOf(folder), JSON.stringify({ ...thisProcess(), pid: 4194999 }));
    const script = `
      import { tryTakeLock } from "./lib/run/process/lock.ts";
      while (Date.now() < ${Date.now() + 1500});
      console.log("holder" in tryTakeLock(${JSON.stringify(folder)}) ? "refused" : "taken");
      setTimeout(() => Deno.exit(), 1500);`;
    const children = [1, 2, 3, 4].map(() => spawnScript(script));
    const outputs = await Promise.all(children.map((child) => child.output()));
    const said = outputs.map(({ stdout }) => new TextDecoder().decode(stdout).trim()).sort();
    assert.deepEqual(said, ["refused", "refused", "refused", "taken"]);
  }));

Deno.test("Fault 9: a lock in a folder that vanished or cannot be written", () =>
  withFolder(async (folder) => {
    const inner = join(folder, "run");
    await Deno.mkdir(inner);
    const lock = takeLock(inner, "run");
    await Deno.remove(inner, { recursive: true });
    for (let i = 0; i < 40 && lock.lost() === undefined; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(lock.lost(), "its folder is gone");
    lock.release();
    assert.throws(() => takeLock(inner, "run"), { code: "run.folder" });
    // A root user may write anywhere, so the lock's own place is taken.
    await Deno.mkdir(lockOf(folder));
    assert.throws(() => takeLock(folder, "run"), { code: "run.folder" });
  }));
