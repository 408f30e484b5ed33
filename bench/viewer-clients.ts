// What watching costs training: the speed of a run with and without readers of its event stream, alternately.
//
//   deno task bench:viewer-clients [--clients 200] [--slow 5] [--seconds 15] [--pairs 8] [--preset quick]
//
// The run trains its seed all the time; in every other period the readers are connected, and which comes first alternates
// from pair to pair. The readers are one process on the same machine, with the lowest priority, so that they take what
// training leaves. Prints steps per second in both, what the readers got, and the mean slowdown with its 95 % interval
// over pairs. With the defaults it takes five minutes. Run it on a quiet machine.
import { meanInterval } from "../lib/report/mod.ts";
import { repositoryRoot } from "../lib/run/mod.ts";
import { readCount, readFlags } from "./flags.ts";
import { startReaders } from "./viewer-clients/readers.ts";
import { lastStep } from "./viewer-clients/last-step.ts";

const flags = readFlags(import.meta.url, {
  clients: { type: "string", default: "200" },
  slow: { type: "string", default: "5" },
  seconds: { type: "string", default: "15" },
  pairs: { type: "string", default: "8" },
  preset: { type: "string", default: "quick" },
});
const [clients, slow, seconds, pairs] = [
  readCount("--clients", flags.clients),
  readCount("--slow", flags.slow),
  readCount("--seconds", flags.seconds),
  readCount("--pairs", flags.pairs),
];
/** Time for a change to settle: connecting, and the first points. */
const SETTLE_MS = 2_000;
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

  /** Steps per second over a period, by the times at which the steps were logged. */
  const speed = async () => {
    await wait(SETTLE_MS);
    const from = await last();
    await wait(1000 * seconds);
    const to = await last();
    if (from === undefined || to === undefined) throw new Error("The run has logged nothing");
    return 1000 * (to.step - from.step) / (Date.parse(to.time) - Date.parse(from.time));
  };
  const watched = async () => {
    const first = (await last())!.seq;
    await readers.read(new URL(`/api/runs/${id}/stream?after=${first}`, address).href, clients, slow);
    const steps = await speed();
    const got = await readers.leave();
    return { steps, got, logged: (await last())!.seq - first };
  };

  const slowdowns: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    // Which comes first alternates, so that a drift of the machine's speed cancels.
    const before = pair % 2 === 0 ? await speed() : undefined;
    const { steps, got, logged } = await watched();
    const alone = before ?? await speed();
    slowdowns.push(100 * (1 - steps / alone));
    console.log(
      `pair ${pair + 1}: ${alone.toFixed(2)} steps/s alone, ${steps.toFixed(2)} with ${clients} readers, ` +
        `${slowdowns.at(-1)!.toFixed(2)} % slower; of ${logged} events readers got ${got.median} (least: ${got.least})`,
    );
  }
  const { mean, halfWidth } = meanInterval(slowdowns);
  const middle = slowdowns.toSorted((a, b) => a - b)[pairs >> 1]!;
  console.log(
    `slowdown ${mean.toFixed(2)} % ± ${halfWidth.toFixed(2)} (95 %), median ${
      middle.toFixed(2)
    } %, ${clients} readers, ` +
      `${slow} of them slow`,
  );
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
