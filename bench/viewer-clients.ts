// What watching costs training: the speed of a run with and without readers of its event stream, alternately, and the
// CPU time that its server takes.
//
//   deno task bench:viewer-clients [--clients 200] [--slow 5] [--seconds 5] [--pairs 40] [--preset quick]
//
// The run trains its seed all the time. Slices of some seconds follow each other, alone, watched, watched, alone, and so
// on: of each pair one, so that a drift of the machine's speed cancels. The readers are one process on the same machine,
// with the lowest priority, so that they take what training leaves. Prints, for each pair, steps per second in both, what
// the readers got, and on Linux the CPU time of all the process's threads that do not train, which is the server's and
// what answering takes elsewhere; at the end the median slowdown with its 95 % interval (bootstrap over pairs), and the
// CPU time. With the defaults it takes nine minutes. Run it on a quiet machine.
import { repositoryRoot } from "../lib/run/mod.ts";
import { readCount, readFlags } from "./flags.ts";
import { lastStep } from "./viewer-clients/last-step.ts";
import { medianInterval } from "./viewer-clients/median.ts";
import { startReaders } from "./viewer-clients/readers.ts";
import { busyThreads, coresOf, threadCpu } from "./viewer-clients/thread-cpu.ts";

const flags = readFlags(import.meta.url, {
  clients: { type: "string", default: "200" },
  slow: { type: "string", default: "5" },
  seconds: { type: "string", default: "5" },
  pairs: { type: "string", default: "40" },
  preset: { type: "string", default: "quick" },
});
const [clients, slow, seconds, pairs] = [
  readCount("--clients", flags.clients),
  readCount("--slow", flags.slow),
  readCount("--seconds", flags.seconds),
  readCount("--pairs", flags.pairs),
];
/** Time for a change to settle: connecting, and the first points. */
const SETTLE_MS = 1_500;
/** The first steps are slow. */
const WARM_MS = 15_000;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const runs = await Deno.makeTempDir({ prefix: "stitchbook-viewer-clients-" });
const run = new Deno.Command(Deno.execPath(), {
  args: [
    "run",
    "-A",
    "experiments/bts.ts",
    ...["--preset", flags.preset, "--set", "train.seed.steps=1000000", "--runs", runs, "--port", "0", "--force"],
  ],
  cwd: repositoryRoot,
  env: { NO_COLOR: "1" },
  stdout: "null",
  stderr: "piped",
}).spawn();
try {
  const address = await addressOf(run.stderr);
  const id = new URL(address).pathname.split("/").at(-1)!;
  const last = () => lastStep(runs, id, "seed");
  while (await last() === undefined) await wait(500);
  await using readers = await startReaders();
  await wait(WARM_MS);

  const before = threadCpu(run.pid);
  await wait(1000 * seconds);
  const after = threadCpu(run.pid);
  const training = before && after && busyThreads(before, after);

  /** A slice: steps per second by the times at which they were logged, and cores that do not train. */
  const slice = async () => {
    const [from, began, cpu] = [await last(), performance.now(), threadCpu(run.pid)];
    await wait(1000 * seconds);
    const [to, took, cpuThen] = [await last(), (performance.now() - began) / 1000, threadCpu(run.pid)];
    if (from === undefined || to === undefined) throw new Error("The run has logged nothing");
    if (to.step === from.step) throw new Error("A slice has no step: choose longer ones with --seconds");
    return {
      speed: 1000 * (to.step - from.step) / (Date.parse(to.time) - Date.parse(from.time)),
      cores: cpu && cpuThen && training ? coresOf(cpu, cpuThen, took, training) : NaN,
    };
  };
  let first: number | undefined;
  let got = "";
  const watch = async (wanted: boolean) => {
    if (wanted === (first !== undefined)) return;
    if (wanted) {
      first = (await last())!.seq;
      await readers.read(new URL(`/api/runs/${id}/stream?after=${first}`, address).href, clients, slow);
    } else {
      const { median, least } = await readers.leave();
      got = `of ${(await last())!.seq - first!} events readers got ${median} (least: ${least})`;
      first = undefined;
    }
    await wait(SETTLE_MS);
  };

  const [slowdowns, costs]: [number[], number[]] = [[], []];
  const percent = (share: number, digits = 2) => `${(100 * share).toFixed(digits)} %`;
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? [false, true] : [true, false];
    const slices: Awaited<ReturnType<typeof slice>>[] = [];
    for (const watched of order) {
      await watch(watched);
      slices.push(await slice());
    }
    const [alone, watched] = (pair % 2 === 0 ? slices : slices.toReversed()) as [typeof slices[0], typeof slices[0]];
    slowdowns.push(1 - watched.speed / alone.speed);
    costs.push(watched.cores - alone.cores);
    console.log(
      `pair ${pair + 1}: ${alone.speed.toFixed(2)} steps/s alone, ${
        watched.speed.toFixed(2)
      } with ${clients} readers, ` +
        `${percent(slowdowns.at(-1)!)} slower; server ${percent(alone.cores)} and ${percent(watched.cores)} of a core` +
        (got === "" ? "" : `; ${got}`),
    );
    got = "";
  }
  const shown = (values: readonly number[]) => {
    const { median, low, high } = medianInterval(values);
    return `${percent(median)} (95 %: ${percent(low)} to ${percent(high)})`;
  };
  console.log(`slowdown, median of ${pairs} pairs: ${shown(slowdowns)}; ${clients} readers, ${slow} of them slow`);
  if (training !== undefined) {
    console.log(
      `CPU time of the server for them: ${shown(costs)} of a core, beside ${training.size} threads that train`,
    );
  }
} finally {
  run.kill("SIGKILL");
  await run.status;
  await Deno.remove(runs, { recursive: true });
}

/** The address of the run's page, from what the run prints; the rest is read and dropped. */
async function addressOf(output: ReadableStream<Uint8Array>): Promise<string> {
  const found = Promise.withResolvers<string>();
  let text = "";
  (async () => {
    for await (const part of output.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
      text = (text + part).slice(-10_000);
      const [address] = /http:\/\/127\.0\.0\.1:\d+\/runs\/[\w-]+/.exec(text) ?? [];
      if (address !== undefined) found.resolve(address);
    }
    found.reject(new Error(`The run ended: ${text}`));
  })();
  return await found.promise;
}
