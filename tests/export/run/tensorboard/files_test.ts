// A run as TensorBoard's log folder, read back by TensorBoard itself.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import type { KnownRun } from "../../../../lib/export/run/exported-run.ts";
import { tensorboardFiles } from "../../../../lib/export/run/tensorboard/files.ts";
import { optionalTest, python } from "../../../optional.ts";
import { evilAbout, evilView, sampleView } from "../../../report/sample.ts";

/** Prints the scalars of every folder with events as `[folder, tag, step, time, value]`, and the texts. */
const READ = `
import glob, json, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
scalars, texts = [], []
for path in sorted(glob.glob(os.path.join(sys.argv[1], "**", "*tfevents*"), recursive=True)):
    folder = os.path.relpath(os.path.dirname(path), sys.argv[1])
    log = EventAccumulator(os.path.dirname(path), size_guidance={"scalars": 0, "tensors": 0})
    log.Reload()
    for tag in log.Tags()["scalars"]:
        scalars += [[folder, tag, e.step, e.wall_time, repr(e.value)] for e in log.Scalars(tag)]
    for tag in log.Tags()["tensors"]:
        plugin = log.SummaryMetadata(tag).plugin_data.plugin_name
        texts += [[folder, tag, plugin, e.tensor_proto.string_val[0].decode()] for e in log.Tensors(tag)]
print(json.dumps([scalars, texts]))
`;

type Scalar = [folder: string, tag: string, step: number, time: number, value: string];

async function readBack(run: KnownRun): Promise<[Scalar[], string[][]]> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-tensorboard-" });
  try {
    for (const { name, content } of tensorboardFiles(run)) {
      const path = join(folder, name);
      await Deno.mkdir(dirname(path), { recursive: true });
      for (const part of content) await Deno.writeFile(path, part as Uint8Array, { append: true });
    }
    return JSON.parse(python(["-c", READ, folder]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

optionalTest(
  "python-tensorboard",
  "TensorBoard reads every point and result that `tensorboardFiles()` writes",
  async () => {
    const view = sampleView();
    view.cells[1]!.metrics.push({ step: 999, time: "2026-11-29T09:00:00.250Z", values: { loss: null } });
    const [scalars, texts] = await readBack({ view, ...evilAbout() });
    const points = view.cells.flatMap(({ name, metrics }) =>
      metrics.flatMap(({ step, time, values }) =>
        Object.entries(values).map(([metric, value]) =>
          [name.replace(":", "-"), metric, step, Date.parse(time) / 1000, Math.fround(value ?? NaN)] as const
        )
      )
    );
    const results = Object.entries(view.results!.methods).flatMap(([method, list]) =>
      list.map(({ name, group, value }) =>
        [
          `results/${method.replace(":", "-")}`,
          group === "" ? name : `${name}/${group}`,
          0,
          Date.parse(view.updatedAt) / 1000,
          Math.fround(value),
        ] as const
      )
    );
    const keys = (all: readonly (readonly unknown[])[]) => all.map((one) => one.join(" ")).sort();
    const numeric = scalars.map(([folder, tag, step, time, value]) =>
      [folder, tag, step, time, value === "nan" ? NaN : Number(value)] as const
    );
    assert.deepEqual(keys(numeric), keys([...points, ...results]));
    assert.equal(texts.length, 1);
    const [folder, tag, plugin, text] = texts[0]!;
    assert.deepEqual([folder, tag, plugin], ["report", "report", "text"]);
    assert.match(text!, /^# .*[\s\S]*\n## Provenance\n/);
  },
);

Deno.test("`tensorboardFiles()` never leaves its folder, and gives each cell and method one of its own", () => {
  const base = evilView();
  const names = [
    "..",
    ".",
    "",
    "../../up",
    "C:\\x",
    "a",
    "A",
    "\u0000",
    "x".repeat(300),
    "con/../../etc",
    "é",
    "e\u0301",
  ];
  const cells = names.map((name) => ({ ...base.cells[1]!, name }));
  const method = Object.values(base.results!.methods)[0]!;
  const methods = Object.fromEntries(names.map((name) => [name, method]));
  const files = tensorboardFiles({ view: { ...base, cells, results: { ...base.results!, methods } }, ...evilAbout() });
  assert.equal(files.length, 1 + 2 * names.length);
  assert.equal(new Set(files.map(({ name }) => name.toLowerCase())).size, files.length);
  for (const { name } of files) {
    const parts = name.split("/");
    assert.match(parts.at(-1)!, /^events\.out\.tfevents\.\d+\.stitchbook$/);
    assert.ok(parts.length === 2 || (parts.length === 3 && parts[0] === "results"), name);
    for (const part of parts) {
      assert.match(part, /^[\p{L}\p{N}_-][\p{L}\p{N} ._-]*$/u);
      assert.doesNotMatch(part, /[. ]$/);
    }
  }
});
