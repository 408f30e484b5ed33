// Output files are checked before the work, and links to them are followed.
import assert from "node:assert/strict";
import { gatesCommand } from "../../lib/cli/gates.ts";
import { checkOutputFile } from "../../lib/cli/output-file.ts";
import { UserError } from "../../lib/errors.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("`checkOutputFile()` returns new files, old files, and the ends of links, and changes nothing", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/old`, "old");
    await Deno.symlink("old", `${folder}/link`);
    assert.equal(await checkOutputFile(`${folder}/new`, "x"), `${folder}/new`);
    assert.equal(await checkOutputFile(`${folder}/old`, "x"), `${folder}/old`);
    assert.equal(await checkOutputFile(`${folder}/link`, "x"), `${folder}/old`);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["link", "old"]);
    assert.equal(await Deno.readTextFile(`${folder}/old`), "old");
  }));

Deno.test("`deno task gates` refuses an output file before it looks for the run", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.symlink("nowhere", `${folder}/dangling`);
    const cases: [out: string, says: RegExp][] = [
      ["", /empty/],
      [folder, /it is a folder/],
      [`${folder}/none/page.html`, /there is no folder ".*none"/],
      [`${folder}/file/page.html`, /file" is not a folder/],
      [`${folder}/dangling`, /a link to "nowhere", which does not exist/],
      [`${folder}/${"n".repeat(256)}`, /too long|longer than 255/],
      ["/proc/page.html", /Cannot write "\/proc\/page.html"/],
    ];
    for (const [out, says] of cases) {
      await assert.rejects(gatesCommand(["last", "--runs", `${folder}/runs`, "--out", out], () => {}), (error) => {
        assert.ok(error instanceof UserError && error.code === "gates.page", String(error));
        assert.match(error.message, says);
        return true;
      });
    }
  }));
