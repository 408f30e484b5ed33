// What the pictures show: a runs folder with something on each page, made by the commands that users run, and a server
// over it with models and a run that is under way.
import { join } from "node:path";

/** A server with everything on its pages. */
export interface PictureServer {
  /** The link that it printed, which signs in. */
  readonly link: string;
  /** Ends the server and the run that is under way. */
  close(): Promise<void>;
}

const SMOKE = ["--preset", "smoke"];
/** Long enough that the run is still in its first training when its picture is made. */
const LONG = ["--set", "train.seed.steps=100000"];

/** Gates follow the domain of a text only in models that have learned something. */
const ASKED = "quick";

/** Makes a runs folder, or what is missing in it. @throws Error if a command fails */
export async function makePictureRuns(runsFolder: string): Promise<void> {
  await Deno.mkdir(runsFolder, { recursive: true });
  const task = (...args: string[]) => done(args, runsFolder);
  if (await askedRun(runsFolder) === undefined) await task("bts", "--preset", ASKED, "--no-serve");
  if (await has(runsFolder, "reports")) return;
  await task("bts", ...SMOKE, "--seeds", "1,2", "--no-serve");
  await task("gates", "last");
  const grid = ["--grid", "stitch.count=1,2", "--grid", "train.stitch.lr=3e-3,1e-2,3e-2"];
  await task("sweep", "experiments/bts.ts", ...SMOKE, ...grid, "--no-serve");
  await task("bts", ...SMOKE, "--seed", "3", "--no-serve");
  await task("rm", "last");
}

/** The id of the run whose models are asked; undefined if there is none. */
export async function askedRun(runsFolder: string): Promise<string | undefined> {
  for await (const { name } of Deno.readDir(runsFolder)) {
    if (name.includes(`-bts-${ASKED}-`) && await has(join(runsFolder, name), "report.html")) return name;
  }
  return undefined;
}

/** Starts a run that goes on, and a server with the models of {@linkcode askedRun}. */
export async function startPictureServer(runsFolder: string): Promise<PictureServer> {
  const live = start(["bts", ...SMOKE, "--seed", "4", ...LONG, "--no-serve"], runsFolder, "null");
  const server = start(["serve", "--models", (await askedRun(runsFolder))!, "--port", "0"], runsFolder, "piped");
  const close = async () => {
    for (const child of [live, server]) {
      child.kill("SIGINT");
      await child.status;
    }
  };
  const printed = server.stdout.pipeThrough(new TextDecoderStream());
  let text = "";
  for await (const piece of printed) {
    text += piece;
    const link = text.match(/http:\/\/[\w.]+:\d+\/\?token=[\w-]+/)?.[0];
    // What it prints later is not read, and fits in the pipe.
    if (link !== undefined && /Serving \d+ models/.test(text)) return { link, close };
  }
  await close();
  throw new Error(`The server did not start:\n${text}`);
}

function start(args: readonly string[], runsFolder: string, stdout: "null" | "piped"): Deno.ChildProcess {
  const [task, ...rest] = args;
  const command = ["run", "-A", ...scriptOf(task!), ...rest, "--runs", runsFolder];
  return new Deno.Command(Deno.execPath(), { args: command, stdin: "null", stdout, stderr: "inherit" }).spawn();
}

const scriptOf = (task: string) => task === "bts" ? ["experiments/bts.ts"] : ["main.ts", task];

async function done(args: readonly string[], runsFolder: string): Promise<void> {
  console.log(`deno task ${args.join(" ")}`);
  const { success } = await start(args, runsFolder, "null").status;
  if (!success) throw new Error(`deno task ${args.join(" ")} --runs ${runsFolder} failed`);
}

const has = (...path: [string, string]) => Deno.stat(join(...path)).then(() => true, () => false);
