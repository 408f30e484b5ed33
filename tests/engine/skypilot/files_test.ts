// The files for SkyPilot: what they ask for, that SkyPilot reads them, and the order in which they are launched.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { engineHelp, readJobSettings, skypilotFiles, skypilotSchema } from "../../../lib/engine/mod.ts";
import { explainError, UserError } from "../../../lib/errors.ts";
import { optionalTest, python, schedulersPython } from "../../optional.ts";
import { PLAN, runWith, withFolder, written } from "../files.ts";

const RUN = "20261130-063926-bts-smoke-cquq";
const KINDS = ["data", "seed", "expert", "stitch", "evaluate"];

type Given = readonly (readonly [name: string, value: string])[];

const filesOf = (given: Given, more: Partial<Parameters<typeof skypilotFiles>[0]> = {}) =>
  skypilotFiles({
    ...{ run: RUN, cells: PLAN, threads: undefined, onCpu: true, workdir: "/tmp", deno: "2.9.6" },
    commands: { cells: ["x y.ts", "--id", "cells"], run: ["x y.ts", "--id", "run"] },
    settings: readJobSettings("skypilot", skypilotSchema, given, KINDS),
    ...more,
  });

const VOLUME: Given = [
  ...[["volume", "lab"], ["expert.accelerators", "H100:1"], ["cpus", "8+"], ["retries", "4"]] as const,
];
const BUCKET: Given = [
  ...[["bucket", "s3://my-runs"], ["infra", "aws/us-east-1"], ["spot", "true"], ["image", "ami-0123"]] as const,
  ["expert.mem", "64+"],
];

Deno.test("`skypilotFiles()` makes a managed job of each cell, and launches those of a stage at once", () => {
  const files = filesOf(VOLUME);
  assert.deepEqual(files.map(({ name }) => name), [
    ...["1-data.yaml", "2-seed.yaml", "3-expert-code.yaml", "4-expert-math.yaml", "5-stitch.yaml", "6-evaluate.yaml"],
    ...["7-evaluate-bts.yaml", "8-run.yaml", "launch.sh"],
  ]);
  const expert = parse(files[2]!.text);
  assert.deepEqual(expert.resources, {
    cpus: "8+",
    memory: "3+",
    accelerators: "H100:1",
    use_spot: false,
    job_recovery: { max_restarts_on_errors: 4, recover_on_exit_codes: [75] },
  });
  assert.deepEqual(expert.volumes, { "/stitchbook": "lab" });
  assert.match(expert.run, /mkdir -p \/stitchbook\/runs\/20261130-063926-bts-smoke-cquq-cells\n/);
  assert.match(expert.run, /exec ~\/\.deno\/bin\/deno run -A 'x y\.ts' --id cells --cell expert:code\n$/);
  assert.match(parse(files[7]!.text).run, /deno run -A 'x y\.ts' --id run\n$/);
  const other = parse(filesOf(BUCKET, { threads: 4 })[3]!.text);
  assert.deepEqual(other.file_mounts, { "/stitchbook": { source: "s3://my-runs", mode: "MOUNT_CACHED" } });
  assert.deepEqual([other.resources.cpus, other.resources.memory, other.resources.use_spot], ["4+", "64+", true]);
});

Deno.test("what cannot be asked of SkyPilot is refused in a sentence", () => {
  const refuses = (given: Given, message: RegExp) =>
    assert.throws(
      () => filesOf(given),
      (error) => error instanceof UserError && message.test(explainError(error)),
      String(message),
    );
  refuses([], /it is not said where the runs are[\s\S]*--skypilot\.volume or --skypilot\.bucket/);
  refuses([["volume", "a"], ["bucket", "s3://b"]], /both the volume a and the bucket s3:\/\/b/);
  refuses([["volum", "lab"]], /There is no setting --skypilot\.volum[\s\S]*did you mean --skypilot\.volume\?/);
  refuses([["bucket", "my-runs"]], /Cannot use --skypilot\.bucket: expected an address such as s3:/);
  refuses([["expert.cpus", "many"]], /Cannot use --skypilot\.expert\.cpus: expected a number such as 8/);
  refuses([["spot", "yes"]], /Cannot use --skypilot\.spot: expected true or false/);
  const names = [...engineHelp("skypilot")!.matchAll(/^ {2}--skypilot\.(\S+) +\S/gm)].map(([, name]) => name);
  assert.deepEqual(names, Object.keys(skypilotSchema.shape));
});

optionalTest(
  "python-schedulers",
  "SkyPilot reads the tasks, and notices a mistake",
  () =>
    withFolder(async (folder) => {
      const wrong = (name: string, from: string, to: string) => ({
        name: `wrong-${name}.yaml`,
        text: filesOf(VOLUME)[0]!.text.replace(from, to),
      });
      const paths = [
        ...await written(join(folder, "volume"), [
          ...filesOf(VOLUME).slice(0, -1),
          wrong("key", "workdir", "work_dir"),
          wrong("recovery", "max_restarts_on_errors: 4", "max_restarts_on_errors: -4"),
        ]),
        ...await written(join(folder, "bucket"), filesOf(BUCKET).slice(0, -1)),
      ];
      python(["tests/engine/validate.py", "skypilot", ...paths], ".", schedulersPython());
    }),
);

Deno.test("launch.sh launches stage by stage, and ends when a job fails", () =>
  withFolder(async (folder) => {
    await written(folder, filesOf(VOLUME));
    const sky = '#!/bin/sh\necho "$5 $6" >> "$FAKE_LOG"\ncase "$6" in $FAKE_FAILS) exit 100 ;; esac\n';
    await written(join(folder, "bin"), [{ name: "sky", text: `${sky}sleep 0.05\n`, executable: true }]);
    const launched = async (fails: string) => {
      const env = { FAKE_LOG: join(folder, `log ${fails}`), FAKE_FAILS: fails };
      const { code } = await runWith(join(folder, "launch.sh"), join(folder, "bin"), env);
      const files = (await Deno.readTextFile(env.FAKE_LOG)).trimEnd().split("\n").map((line) => line.split(" ")[1]!);
      return { code, files };
    };
    const all = await launched("none");
    assert.equal(all.code, 0);
    const sorted = (from: number, to: number) => all.files.slice(from, to).sort();
    assert.deepEqual([...all.files.slice(0, 2), ...sorted(2, 4), ...sorted(4, 6), ...all.files.slice(6)], [
      ...["1-data.yaml", "2-seed.yaml", "3-expert-code.yaml", "4-expert-math.yaml", "5-stitch.yaml", "6-evaluate.yaml"],
      ...["7-evaluate-bts.yaml", "8-run.yaml"],
    ]);
    const some = await launched("4-*");
    assert.deepEqual([some.code, some.files.length], [1, 4]);
  }));
