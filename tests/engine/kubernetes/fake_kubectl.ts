// A small Kubernetes for tests: `kubectl apply -f <file> …` runs the tasks of Indexed Jobs on this machine, one after
// another, by their policy for failures, and leaves a file with the job's condition in the folder `FAKE_KUBERNETES`.
import { join } from "node:path";
import { parse } from "yaml";

const state = Deno.env.get("FAKE_KUBERNETES")!;
const [verb, ...args] = Deno.args;
if (verb !== "apply") throw new Error(`unknown: ${Deno.args.join(" ")}`);
for (const path of args.filter((arg) => arg !== "-f")) {
  const { metadata, spec } = parse(await Deno.readTextFile(path));
  const [{ command, workingDir, env }] = spec.template.spec.containers;
  const variables = env.flatMap(({ name, value }: { name: string; value?: string }) =>
    value === undefined ? [] : [[name, value]]
  );
  const { rules } = spec.podFailurePolicy;
  const actionFor = (code: number): string =>
    rules.find((rule: { onExitCodes?: { values: number[] } }) => rule.onExitCodes?.values.includes(code))?.action ??
      "Count";
  let failed = false;
  const tries: string[] = [];
  for (let index = 0; index < spec.completions; index++) {
    for (let failures = 0; failures <= spec.backoffLimitPerIndex;) {
      const { code, stderr } = await new Deno.Command(command[0], {
        args: command.slice(1),
        cwd: workingDir,
        env: { ...Object.fromEntries(variables), JOB_COMPLETION_INDEX: String(index), STITCHBOOK_NODE: "node" },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).output();
      tries.push(`${index}:${code}`);
      if (code === 0) break;
      console.error(new TextDecoder().decode(stderr));
      const action = actionFor(code);
      if (action === "Ignore") continue;
      failures = action === "FailIndex" ? Infinity : failures + 1;
      if (failures > spec.backoffLimitPerIndex) failed = true;
    }
  }
  await Deno.writeTextFile(join(state, "tries"), `${metadata.name} ${tries.join(" ")}\n`, { append: true });
  await Deno.writeTextFile(join(state, metadata.name), failed ? "FailureTarget Failed" : "SuccessCriteriaMet Complete");
}
