// Settings of jobs: from the command line and the site's file, for all cells and by kind.
import assert from "node:assert/strict";
import { join } from "node:path";
import { deviceFor, requestOf, siteSettings, slurmHelp, slurmSettings } from "../../../lib/engine/slurm/settings.ts";

const KINDS = ["seed", "expert", "evaluate"];

Deno.test("settings of a kind come before those of all, and the command line before the site's file", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(
      path,
      "partition: cpu\naccount: lab\nnodes: { exclude: n7 }\nprelude: [module load deno]\n" +
        "expert: { partition: gpu, gres: 'gpu:1' }\n",
    );
    const site = await siteSettings((name) => name === "STITCHBOOK_SLURM" ? path : undefined);
    const given = [["account", "other"], ["expert.cpus", "8"], ["expert.nodes.exclude", "n8"]] as const;
    const settings = slurmSettings(given, KINDS, site);
    assert.deepEqual(requestOf(settings, "seed"), {
      partition: "cpu",
      account: "other",
      exclude: "n7",
      prelude: ["module load deno"],
    });
    assert.deepEqual(requestOf(settings, "expert:code"), {
      partition: "gpu",
      account: "other",
      exclude: "n8",
      prelude: ["module load deno"],
      gres: "gpu:1",
      cpus: 8,
    });
    await Deno.writeTextFile(path, "expert: { partitoin: gpu }\n");
    const wrong = siteSettings((name) => name === "STITCHBOOK_SLURM" ? path : undefined);
    await assert.rejects(wrong, { code: "slurm.setting", message: /: expert\.partitoin/ });
  } finally {
    await Deno.remove(path);
  }
  const gone = siteSettings((name) => name === "STITCHBOOK_SLURM" ? join(path, "gone") : undefined);
  await assert.rejects(gone, { code: "slurm.site" });
});

Deno.test("what is no setting, or has no such value, is refused with the nearest that is", () => {
  const refused = (name: string, value: string) => {
    try {
      return slurmSettings([[name, value]], KINDS);
    } catch (error) {
      return error as Error & { readonly code: string; readonly hint: string };
    }
  };
  for (
    const [name, value, message, hint] of [
      ["partion", "gpu", /There is no setting --slurm\.partion/, /did you mean --slurm\.partition\?/],
      ["expart.gres", "gpu:1", /There is no setting --slurm\.expart\.gres/, /--slurm\.expert\.gres/],
      ["mem", "much", /Cannot use --slurm\.mem: expected a size such as 8G/],
      ["time", "1 hour", /Cannot use --slurm\.time: expected minutes/],
      ["cpus", "0", /Cannot use --slurm\.cpus: /],
      ["expert.device", "auto", /Cannot use --slurm\.expert\.device: .*webgpu.*cpu/],
      ["partition", "a; rm -rf b", /Cannot use --slurm\.partition: expected a word/],
    ] as const
  ) {
    const error = refused(name, value);
    assert.ok("code" in error, name);
    assert.equal(error.code, "slurm.setting");
    assert.match(error.message, message);
    if (hint !== undefined) assert.match(error.hint, hint);
  }
  for (const time of ["90", "1:30:00", "2-12:00:00"]) assert.ok("all" in refused("time", time));
});

Deno.test("`slurmHelp()` lists every setting, and each of them is one", () => {
  const names = [...slurmHelp().matchAll(/^ {2}--slurm\.(\S+) +\S/gm)].map(([, name]) => name!);
  assert.ok(names.includes("nodes.exclude") && names.includes("partition"), names.join(", "));
  for (const name of names) {
    assert.ok("all" in slurmSettings([[name, name === "device" ? "webgpu" : "1"]], KINDS), name);
  }
});

Deno.test("a cell computes on the device that its request names, on the GPU that it asks for, or where the command does", () => {
  const command = { name: "cpu", chosen: false } as const;
  assert.equal(deviceFor({}, command), "cpu");
  for (const gres of ["gpu", "gpu:1", "gpu:a100:2", "shard:1,gpu:1", "gres/gpu:1"]) {
    assert.equal(deviceFor({ gres }, command), "webgpu", gres);
  }
  for (const gres of ["shard:1", "gpumem:8", "nogpu:1"]) assert.equal(deviceFor({ gres }, command), "cpu", gres);
  assert.equal(deviceFor({ gres: "gpu:1" }, { ...command, chosen: true }), "cpu");
  assert.equal(deviceFor({ gres: "gpu:1", device: "reference" }, command), "reference");
  assert.equal(deviceFor({ gres: "gpu:1" }, { name: undefined, chosen: false }), undefined);
});
