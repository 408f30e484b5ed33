// What watching costs training: the speed of a run with and without readers of its event stream, alternately.
//
//   deno task bench:viewer-clients [--clients 200] [--slow 5] [--seconds 15] [--pairs 8] [--preset quick]
//
// The run trains its seed all the time; in every other period the readers are connected. They run on the same machine,
// with the lowest priority, so that they take what training leaves. Prints steps per second in both, and the mean
// slowdown with its 95 % interval over pairs.
import { meanInterval } from "../lib/report/mod.ts";
import { readEvents, repositoryRoot } from "../lib/run/mod.ts";
import { readCount, readFlags } from "./flags.ts";

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
  const last = async () => {
    const events = (await readEvents(runs, id))?.events ?? [];
    return events.findLast((event) => event.kind === "metrics" && event.cell === "seed");
  };
  while (await last() === undefined) await wait(500);
  await wait(10_000); // the first steps are slow

  /** Steps per second over a period, by the times at which the steps were logged. */
  const speed = async () => {
    await wait(SETTLE_MS);
    const from = await last();
    await wait(1000 * seconds);
    const to = await last();
    if (from?.kind !== "metrics" || to?.kind !== "metrics") throw new Error("The run has logged nothing");
    return 1000 * (to.step - from.step) / (Date.parse(to.time) - Date.parse(from.time));
  };
  const watched = async () => {
    const after = (await last())!.seq;
    const stream = new URL(`/api/runs/${id}/stream?after=${after}`, address).href;
    const readers = new Deno.Command("nice", {
      args: [
        "-n",
        "19",
        Deno.execPath(),
        "run",
        "-A",
        "bench/viewer-clients/clients.ts",
        stream,
        `${clients}`,
        `${slow}`,
      ],
      cwd: repositoryRoot,
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    try {
      const reader = readers.stdout.getReader();
      await reader.read();
      reader.releaseLock();
      return await speed();
    } finally {
      readers.kill();
      await readers.stdout.cancel();
      await readers.status;
    }
  };

  const slowdowns: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    // Which comes first alternates, so that a drift of the machine's speed cancels.
    let alone: number, seen: number;
    if (pair % 2 === 0) [alone, seen] = [await speed(), await watched()];
    else [seen, alone] = [await watched(), await speed()];
    slowdowns.push(100 * (1 - seen / alone));
    console.log(
      `pair ${pair + 1}: ${alone.toFixed(2)} steps/s alone, ${seen.toFixed(2)} with ${clients} readers, ` +
        `${slowdowns.at(-1)!.toFixed(2)} % slower`,
    );
  }
  const { mean, halfWidth } = meanInterval(slowdowns);
  console.log(
    `slowdown ${mean.toFixed(2)} % ± ${halfWidth.toFixed(2)} (95 %), ${clients} readers, ${slow} of them slow`,
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
