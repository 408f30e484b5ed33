// Leases: of two copies of one cell, only the newer one writes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { takeLease } from "../../../lib/run/cells/lease.ts";
import { withFolder } from "../fixtures.ts";

const fenced = { code: "cell.fenced" };

Deno.test("a newer lease ends an older one at its next write", () =>
  withFolder(async (folder) => {
    const old = await takeLease(folder, "key");
    await old.renew();
    const other = await takeLease(folder, "other");
    const newer = await takeLease(folder, "key");
    await assert.rejects(old.renew(), fenced);
    await assert.rejects(old.renew(), fenced);
    assert.equal(old.signal.aborted, true);
    await newer.renew();
    await other.renew();
    for (const lease of [old, newer, other]) await lease.end(false);
  }));

Deno.test("an older holder learns of a newer lease without writing", () =>
  withFolder(async (folder) => {
    const old = await takeLease(folder, "key");
    const newer = await takeLease(folder, "key");
    while (!old.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(old.signal.reason.code, "cell.fenced");
    for (const lease of [old, newer]) await lease.end(false);
  }));

Deno.test("an older holder does not go on when the newer one has finished the cell, nor when it is begun anew", () =>
  withFolder(async (folder) => {
    const renewed = async (times: number) => {
      const old = await takeLease(folder, "key");
      const newer = await takeLease(folder, "key");
      await newer.end(true);
      const anew = await takeLease(folder, "key");
      for (let i = 0; i < times; i++) await anew.renew();
      await assert.rejects(old.renew(), fenced);
      await old.end(false);
      await anew.renew();
      await anew.end(true);
      assert.equal((await Array.fromAsync(Deno.readDir(join(folder, ".leases")))).length, 0);
    };
    for (const times of [0, 1, 2]) await renewed(times);
    const gone = await takeLease(folder, "key");
    await (await takeLease(folder, "key")).end(true);
    await assert.rejects(gone.renew(), fenced);
    await gone.end(false);
  }));

Deno.test("of many that take a lease at once, all but one are fenced", () =>
  withFolder(async (folder) => {
    const leases = await Promise.all(Array.from({ length: 20 }, () => takeLease(folder, "key")));
    const writes = await Promise.allSettled(leases.map((lease) => lease.renew()));
    assert.equal(writes.filter(({ status }) => status === "fulfilled").length, 1);
    for (const lease of leases) await lease.end(false);
  }));

Deno.test("a holder that renews does not take its own files for those of a newer one", () =>
  withFolder(async (folder) => {
    const lease = await takeLease(folder, "key", 1);
    for (let i = 0; i < 200; i++) await lease.renew();
    await Promise.all(Array.from({ length: 20 }, () => lease.renew()));
    assert.equal(lease.signal.aborted, false);
    await lease.end(true);
  }));
