// Memory of freed arrays goes back to the system once a CPU device is open.
import assert from "node:assert/strict";
import { repositoryRoot } from "../../../../lib/run/mod.ts";

const COUNT = 100;
const MEGABYTES = 2;

/** Megabytes that a process has more than before, after two rounds of arrays of which every tenth lives on. */
const PROGRAM = `
const { openDevice } = await import("./lib/tensor/mod.ts");
await openDevice("cpu", { threads: 1 });
const resident = () => Number(/VmRSS:\\s+(\\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))[1]) / 1024;
const collect = async () => {
  gc();
  await new Promise((resolve) => setTimeout(resolve, 200));
};
await collect();
const before = resident();
const kept = [];
const lengthOf = (i) => (${MEGABYTES} << 18) + 1024 * i;
for (let round = 0; round < 2; round++) {
  let arrays = Array.from({ length: ${COUNT} }, (_, i) => new Float32Array(lengthOf(i)).fill(1));
  kept.push(...arrays.filter((_, i) => i % 10 === 9));
  arrays = undefined;
  await collect();
}
console.log(Math.round(resident() - before - kept.reduce((sum, { byteLength }) => sum + byteLength / 2 ** 20, 0)));
Deno.exit(0);
`;

Deno.test({
  name: "the memory of large arrays goes back to the system when they are freed",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const left = await run();
    assert.ok(left < COUNT * MEGABYTES / 4, `${left} of ${COUNT * MEGABYTES} MB are left`);
  },
});

async function run(): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--expose-gc", PROGRAM],
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout));
}
