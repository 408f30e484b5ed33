// Where a run's page is: everybody may read the address, and only the owner the token.
import assert from "node:assert/strict";
import { join } from "node:path";
import { linkTo, readPageAddress, writePageAddress } from "../../../lib/run/log/page-address.ts";
import { withFolder } from "../fixtures.ts";

Deno.test("`writePageAddress()` keeps the token in a file of the owner's, and replaces what was there", () =>
  withFolder(async (folder) => {
    assert.equal(await readPageAddress(folder), undefined);
    const address = { url: "http://127.0.0.1:8420/runs/x", pid: 7, token: "secret" };
    await writePageAddress(folder, address);
    assert.deepEqual(await readPageAddress(folder), address);
    assert.ok(!(await Deno.readTextFile(join(folder, "server.json"))).includes("secret"));
    const { mode } = await Deno.stat(join(folder, "server.token"));
    if (Deno.build.os !== "windows") assert.equal(mode! & 0o777, 0o600);
    await writePageAddress(folder, { ...address, token: undefined });
    assert.deepEqual(await readPageAddress(folder), { ...address, token: undefined });
    await Deno.writeTextFile(join(folder, "server.json"), "{half");
    assert.equal(await readPageAddress(folder), undefined);
  }));

Deno.test("`linkTo()` adds the token to an address, and leaves it as it is without one", () => {
  assert.equal(linkTo("http://127.0.0.1:1/runs/x?view=a", "t"), "http://127.0.0.1:1/runs/x?view=a&token=t");
  assert.equal(linkTo("http://127.0.0.1:1/", undefined), "http://127.0.0.1:1/");
});
