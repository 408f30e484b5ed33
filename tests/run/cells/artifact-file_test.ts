// Files of artifacts: found by hash, and only where the cells of runs are, whatever a log says.
import assert from "node:assert/strict";
import { join } from "node:path";
import { artifactFile } from "../../../lib/run/cells/artifact-file.ts";
import type { RunView } from "../../../lib/run/events/views.ts";
import { withFolder } from "../fixtures.ts";

const KEY = "a".repeat(64);

const viewWith = (path: string, sha256 = "c"): Pick<RunView, "cells"> => ({
  cells: [{ artifacts: [{ name: "dir/f", path, bytes: 4, sha256 }] } as unknown as RunView["cells"][number]],
});

Deno.test("`artifactFile()` finds a cell's file by its hash, and says whether it has the size that was logged", () =>
  withFolder(async (runs) => {
    const folder = join(runs, ".cells", KEY, "dir");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "f"), "four");
    const view = viewWith(`.cells/${KEY}/dir/f`);
    const found = { name: "dir/f", path: join(folder, "f"), bytes: 4, isWhole: true };
    assert.deepEqual(await artifactFile(runs, view, "c"), found);
    assert.equal(await artifactFile(runs, view, "d"), undefined);
    await Deno.writeTextFile(join(folder, "f"), "three");
    assert.deepEqual(await artifactFile(runs, view, "c"), { ...found, bytes: 5, isWhole: false });
    await Deno.remove(join(folder, "f"));
    assert.equal(await artifactFile(runs, view, "c"), undefined);
  }));

Deno.test("`artifactFile()` follows no path and no link out of the cache", () =>
  withFolder(async (runs) => {
    const cell = join(runs, ".cells", KEY);
    await Deno.mkdir(join(cell, "dir"), { recursive: true });
    await Deno.writeTextFile(join(runs, "secret"), "four");
    await Deno.symlink(join(runs, "secret"), join(cell, "link"));
    await Deno.symlink(runs, join(cell, "folder"));
    await Deno.symlink(cell, join(runs, ".cells", "b".repeat(64)));
    await Deno.writeTextFile(join(cell, "f"), "four");
    for (
      const path of [
        `.cells/${KEY}/../../secret`,
        `.cells/${KEY}/dir/../../../secret`,
        `.cells/../secret`,
        `.cells/${KEY}/link`,
        `.cells/${KEY}/folder/secret`,
        `.cells/${"b".repeat(64)}/f`,
        `.cells/${KEY}/`,
        `.cells/${KEY}`,
        `.cells/${KEY}/dir`,
        `.cells/${KEY}//f`,
        `.cells/${KEY}/./f`,
        `.cells/${KEY}/f\0`,
        `.cells/${KEY}\\f`,
        "secret",
        join(runs, "secret"),
        "/etc/passwd",
        "",
      ]
    ) assert.equal(await artifactFile(runs, viewWith(path), "c"), undefined, path);
    assert.ok(await artifactFile(runs, viewWith(`.cells/${KEY}/f`), "c"));
  }));
