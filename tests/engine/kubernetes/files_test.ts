// The files for Kubernetes: what they ask for, that they are valid, and that the jobs in their order make the run.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import {
  engineHelp,
  FENCED_CODE,
  kubernetesFiles,
  kubernetesSchema,
  listAttempts,
  PREEMPTED_CODE,
  readJobSettings,
} from "../../../lib/engine/mod.ts";
import { explainError, UserError } from "../../../lib/errors.ts";
import { listRuns, readRun } from "../../../lib/run/mod.ts";
import { optionalTest, python, schedulersPython } from "../../optional.ts";
import { KILLED_VARIABLE } from "../counting_experiment.ts";
import { PLAN, runWith, withFolder, written } from "../files.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const RUN = "20261130-063926-bts-smoke-cquq";
const KINDS = ["data", "seed", "expert", "stitch", "evaluate"];

type Given = readonly (readonly [name: string, value: string])[];

const settingsOf = (given: Given) => readJobSettings("kubernetes", kubernetesSchema, given, KINDS);

const filesOf = (given: Given, more: Partial<Parameters<typeof kubernetesFiles>[0]> = {}) =>
  kubernetesFiles({
    ...{ run: RUN, cells: PLAN, threads: undefined, onCpu: true, cwd: "/lab/stitchbook", runsFolder: "/lab/my runs" },
    ...{ paths: ["/lab/stitchbook/", "/lab/my runs"], env: { NO_COLOR: "1" }, image: "denoland/deno:2.9.6" },
    commands: { cells: ["deno", "run", "x y.ts", "--id", "cells"], run: ["deno", "run", "x y.ts", "--id", "run"] },
    settings: settingsOf(given),
    ...more,
  });

const GIVEN: Given = [
  ...[["claim", "lab"], ["queue", "gpus"], ["priority", "high"], ["namespace", "team"], ["mem", "8Gi"]] as const,
  ...[["expert.gpus", "2"], ["expert.cpus", "8"], ["retries", "5"], ["notice", "30"]] as const,
  ...[["expert.nodeSelector", "gpu=h100"], ["expert.nodeSelector", "a.b/zone=c"]] as const,
];

Deno.test("`kubernetesFiles()` makes a job of several tasks of the experts, and stages of what builds on one another", () => {
  const files = filesOf(GIVEN);
  assert.deepEqual(files.map(({ name }) => name), [
    ...["1-data.yaml", "2-seed.yaml", "3-expert.yaml", "4-stitch.yaml", "5-evaluate.yaml", "6-evaluate-2.yaml"],
    ...["7-run.yaml", "submit.sh"],
  ]);
  const [data, , expert, , , , last] = files.slice(0, -1).map(({ text }) => parse(text));
  assert.deepEqual(expert.metadata.labels, {
    "app.kubernetes.io/name": "stitchbook",
    "kueue.x-k8s.io/queue-name": "gpus",
    "kueue.x-k8s.io/priority-class": "high",
  });
  const { template, ...spec } = expert.spec;
  assert.deepEqual(
    [spec.suspend, spec.completionMode, spec.completions, spec.parallelism, spec.backoffLimitPerIndex],
    [true, "Indexed", 2, 2, 5],
  );
  const codes = spec.podFailurePolicy.rules.map(({ action, onExitCodes, onPodConditions }: {
    readonly action: string;
    readonly onExitCodes?: { readonly values: readonly number[] };
    readonly onPodConditions?: readonly { readonly type: string }[];
  }) => [action, onExitCodes?.values ?? onPodConditions![0]!.type]);
  assert.deepEqual(codes, [
    ["Ignore", "DisruptionTarget"],
    ["Ignore", [PREEMPTED_CODE]],
    ["FailIndex", [2, FENCED_CODE]],
  ]);
  assert.equal(template.spec.terminationGracePeriodSeconds, 30);
  assert.deepEqual(template.spec.nodeSelector, { gpu: "h100", "a.b/zone": "c" });
  const [{ resources, volumeMounts, command }] = template.spec.containers;
  assert.deepEqual(resources, {
    requests: { cpu: "8", memory: "8Gi" },
    limits: { memory: "8Gi", "nvidia.com/gpu": "2" },
  });
  assert.deepEqual(volumeMounts, [{ name: "shared", mountPath: "/lab" }]);
  assert.match(command[2], /0\) set -- --cell expert:code ;;\n {2}1\) set -- --cell expert:math ;;/);
  assert.match(command[2], /mkdir -p '\/lab\/my runs\/20261130-063926-bts-smoke-cquq-cells'/);
  assert.match(command[2], /exec deno run 'x y\.ts' --id cells --threads 8 "\$@"\n$/);
  assert.deepEqual(data.spec.template.spec.containers[0].resources.requests, { cpu: "1", memory: "8Gi" });
  assert.match(last.spec.template.spec.containers[0].command[2], /exec deno run 'x y\.ts' --id run --threads 1 "\$@"/);
  assert.match(files.at(-1)!.text, /^kubectl --namespace team apply -f 4-stitch\.yaml -f 5-evaluate\.yaml$/m);

  // Without a queue nothing is suspended; memory is the plan's, threads those of the command.
  const [first] = filesOf([["claim", "lab"]], { threads: 4 }).map(({ text }) => text);
  const { metadata, spec: plain } = parse(first!);
  assert.deepEqual(metadata.labels, { "app.kubernetes.io/name": "stitchbook" });
  assert.equal("suspend" in plain, false);
  assert.deepEqual(plain.template.spec.containers[0].resources.requests, { cpu: "4", memory: "3000M" });
  assert.doesNotMatch(filesOf([["claim", "lab"]], { onCpu: false })[0]!.text, /--threads/);
});

Deno.test("what cannot be asked of Kubernetes is refused in a sentence", () => {
  const refuses = (given: Given, message: RegExp, more = {}) =>
    assert.throws(
      () => filesOf(given, more),
      (error) => error instanceof UserError && message.test(explainError(error)),
      String(message),
    );
  refuses([], /no volume is named[\s\S]*--kubernetes\.claim/);
  refuses([["clam", "lab"]], /There is no setting --kubernetes\.clam[\s\S]*did you mean --kubernetes\.claim\?/);
  refuses([["expart.gpus", "1"]], /There is no setting --kubernetes\.expart\.gpus[\s\S]*--kubernetes\.expert\.gpus/);
  refuses([["claim", "My Lab"]], /Cannot use --kubernetes\.claim: expected a name of lower-case letters/);
  refuses([["expert.gpus", "many"]], /Cannot use --kubernetes\.expert\.gpus: expected a whole number/);
  refuses([["gpus", "0"]], /Cannot use --kubernetes\.gpus: expected 1 or more/);
  refuses([["mem", "8 GB"]], /Cannot use --kubernetes\.mem: expected a quantity such as 8Gi/);
  refuses([["nodeSelector", "h100"]], /Cannot use --kubernetes\.nodeSelector: expected label=value/);
  const claim = ["claim", "lab"] as const;
  refuses([claim, ["mount", "lab"]], /Cannot use --kubernetes\.mount: expected an absolute path/);
  refuses([claim, ["mount", "/la"]], /\/lab\/stitchbook is not in \/la, which pods mount/);
  refuses([claim], /no folder but \/ has both \/a and \/b/, { paths: ["/a", "/b"] });
  const names = [...engineHelp("kubernetes")!.matchAll(/^ {2}--kubernetes\.(\S+) +\S/gm)].map(([, name]) => name);
  assert.deepEqual(names, Object.keys(kubernetesSchema.shape));
});

optionalTest(
  "python-schedulers",
  "kubernetes-validate finds the files valid, and notices a mistake",
  () =>
    withFolder(async (folder) => {
      const files = filesOf(GIVEN).slice(0, -1);
      const wrong = { name: "wrong.yaml", text: files[0]!.text.replace("backoffLimitPerIndex", "backoffLimitPerTask") };
      const other = filesOf([["claim", "lab"]], { run: `20261130-063926-${"long-".repeat(12)}cquq` }).slice(0, 1);
      const paths = [...await written(folder, [...files, wrong]), ...await written(join(folder, "other"), other)];
      python(["tests/engine/validate.py", "kubernetes", ...paths], ".", schedulersPython());
    }),
);

Deno.test("submit.sh ends when a job fails, and hands in nothing that comes after it", () =>
  withFolder(async (folder) => {
    await written(folder, filesOf([["claim", "lab"]]));
    const fake = '#!/bin/sh\nif [ "$1" = apply ]; then echo "$@" >> "$FAKE_LOG"; exit; fi\n' +
      'case "$3" in *-stitch) echo "FailureTarget Failed" ;; *) echo "SuccessCriteriaMet Complete" ;; esac\n';
    await written(join(folder, "bin"), [{ name: "kubectl", text: fake, executable: true }]);
    const log = join(folder, "log");
    const { code, stderr } = await runWith(join(folder, "submit.sh"), join(folder, "bin"), { FAKE_LOG: log });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "The job 20261130-063926-cquq-stitch failed: kubectl describe job 20261130-063926-cquq-stitch\n",
    );
    assert.deepEqual((await Deno.readTextFile(log)).trimEnd().split("\n"), [
      ...["apply -f 1-data.yaml", "apply -f 2-seed.yaml", "apply -f 3-expert.yaml"],
      "apply -f 4-stitch.yaml -f 5-evaluate.yaml",
    ]);
  }));

Deno.test("the jobs, handed in by submit.sh, make the run", () =>
  withFolder(async (folder) => {
    // Beside the code, so that both are on what would be one volume.
    await Deno.mkdir(join(root, ".cache"), { recursive: true });
    const runs = await Deno.makeTempDir({ dir: join(root, ".cache"), prefix: "kubernetes-" });
    try {
      await Deno.symlink(Deno.execPath(), join(folder, "deno"));
      const fake = join(root, "tests/engine/kubernetes/fake_kubectl.ts");
      await written(folder, [{
        name: "kubectl",
        executable: true,
        text: `#!/bin/sh\n[ "$1" = get ] && exec cat "$FAKE_KUBERNETES/$3"\n` +
          `exec deno run -A --no-check --config ${root}deno.json ${fake} "$@"\n`,
      }]);
      const script = join(root, "tests/engine/counting_experiment.ts");
      const deno = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", script, "--dry-run", "--engine", "kubernetes", "--kubernetes.claim=lab"],
          ...["--runs", runs, "--threads", "1", "--seed", "5", "--kubernetes.retries", "1", "--set", "steps=4"],
        ],
        cwd: root,
      }).output();
      const said = new TextDecoder().decode(deno.stdout);
      const [, out, made] = /into (\S+); nothing was handed in\. .*makes the run (\S+)\.$/m.exec(said)!;
      assert.deepEqual([...Deno.readDirSync(runs)].map(({ name }) => name), [".dry-run"]);

      const env = { FAKE_KUBERNETES: folder, STITCHBOOK_POLL: "0", NO_COLOR: "1" };
      // A process that is killed is tried again.
      const { code, stderr } = await runWith(join(out!, "submit.sh"), folder, { ...env, [KILLED_VARIABLE]: "a" });
      assert.equal(code, 0, stderr);
      const tries = (await Deno.readTextFile(join(folder, "tries"))).trimEnd().split("\n");
      assert.deepEqual(tries.map((line) => line.replace(/^\S+-/, "")), [
        ...["base 0:0", "part 0:137 0:0 1:0", "sum 0:0", "run 0:0"],
      ]);
      assert.deepEqual((await listRuns(runs)).map(({ id }) => id), [made]);
      const view = (await readRun(runs, made!))!;
      assert.equal(view.status, "done");
      assert.deepEqual(view.cells.map(({ name, status }) => [name, status]), [
        ...[["base", "cached"], ["part:a", "cached"], ["part:b", "cached"], ["sum", "cached"]],
      ]);
      assert.equal((await listAttempts(join(runs, `${made}-cells`), "part:a")).length, 2);
    } finally {
      await Deno.remove(runs, { recursive: true });
    }
  }));
