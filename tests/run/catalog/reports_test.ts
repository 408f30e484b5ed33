// Reports on several runs: found with what they are about, whatever else lies in their folder.
import assert from "node:assert/strict";
import { join } from "node:path";
import { listReports, reportFolder, writeAboutReport } from "../../../lib/run/catalog/reports.ts";
import { withFolder } from "../fixtures.ts";

Deno.test("`listReports()` gives what reports are about, the newest first, and reads older and damaged ones", () =>
  withFolder(async (runs) => {
    assert.deepEqual(await listReports(runs), []);
    const write = async (name: string, minutes: number) => {
      const folder = join(runs, "reports", name);
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(join(folder, "report.html"), "");
      await Deno.utime(join(folder, "report.html"), new Date(0), new Date(Date.UTC(2026, 10, 29, 12, minutes)));
      return folder;
    };
    await write("older", 1);
    await writeAboutReport(await write("new", 3), { title: "BTS, seeds 1, 2", runs: ["a", "b"] });
    await Deno.writeTextFile(join(await write("damaged", 2), "report.json"), '{"title":1');
    await Deno.mkdir(join(runs, "reports", "empty"));
    await Deno.writeTextFile(join(runs, "reports", "file"), "");
    assert.deepEqual(await listReports(runs), [
      { name: "new", title: "BTS, seeds 1, 2", runs: ["a", "b"], time: "2026-11-29T12:03:00.000Z" },
      { name: "damaged", title: "damaged", runs: [], time: "2026-11-29T12:02:00.000Z" },
      { name: "older", title: "older", runs: [], time: "2026-11-29T12:01:00.000Z" },
    ]);
  }));

Deno.test("`reportFolder()` finds only folders that are listed", () =>
  withFolder(async (runs) => {
    const folder = join(runs, "reports", "there");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.symlink(runs, join(runs, "reports", "link"));
    assert.equal(await reportFolder(runs, "there"), folder);
    for (const name of ["", ".", "..", "link", "there/", "../reports/there", "THERE"]) {
      assert.equal(await reportFolder(runs, name), undefined, name);
    }
  }));
