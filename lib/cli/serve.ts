// `deno task serve`: serves the pages of all runs on the loopback interface, and with `--models` the API of models.
import { Command } from "commander";
import { UserError } from "../errors.ts";
import { addDeviceOptions, readDeviceOptions } from "./device-options.ts";
import { isLoopbackAddress } from "../http/mod.ts";
import { defaultRunsFolder, linkTo, parseWithCommander, readInteger, runIds, stopSignal } from "../run/mod.ts";
import { loadAssets, missingFolderText, serve, type Server, startServerWorker, takenPortText } from "../serve/mod.ts";
import { later } from "./later.ts";
import type * as serveModule from "./serve-models.ts";

/** Default port of pages. */
const PORT = 8420;
/** What only a server of models may do, or a server that edits runs. */
const OPEN_ADDRESSES = ["0.0.0.0", "[::]"];

/** `deno task serve [--port 8420] [--runs <folder>] [--models <run|folder|file>…]` */
export async function serveCommand(args: readonly string[]): Promise<void> {
  const command = addDeviceOptions(new Command("serve"))
    .description(
      "Serves the pages of all runs on this machine's loopback interface; with --models, models too, as OpenAI's " +
        "clients ask for them.",
    )
    .option("--port <number>", "port; if it is taken, the next free one", String(PORT))
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--private", "let nobody read the runs without the link that is printed")
    .option("--models <source...>", "runs, model folders, .gguf files or ids on the hub whose models are served")
    .option("--api-key <key>", "the key that requests to models must carry (default: $STITCHBOOK_API_KEY)")
    .option("--hostname <address>", "address to listen on; other than loopback only with a key", "127.0.0.1")
    .option("--allow-host <name...>", "further host names that models are served under, with a key")
    .option("--weights <format>", "how weights are held: f32, f16, bf16, q8, q4 (default: as they are stored)")
    .option("--batch <number>", "most texts that a model generates together", "32")
    .option("--queue <number>", "most texts in progress or waiting; further requests get 429", "512");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const { options } = parsed;
  const port = readInteger("--port", String(options.port), 0, 65_535);
  const where = readDeviceOptions(options);
  const runsFolder = String(options.runs);
  const isPrivate = options.private === true;
  const models = options.models as readonly string[] | undefined;
  if (models === undefined) {
    const other = ["apiKey", "allowHost"].find((name) => options[name] !== undefined);
    if (other !== undefined || options.hostname !== "127.0.0.1") {
      throw new UserError(
        "serve.models",
        "--api-key, --allow-host and --hostname are for servers of models: the pages of runs are on loopback only",
        "name the models with --models",
      );
    }
    // A program makes the pages' scripts small.
    await loadAssets();
    await giveUpPermissions();
  }
  // Refused at once when it cannot be listed.
  await runIds(runsFolder);
  if (models === undefined) {
    const server = serve({ runsFolder, port, isPrivate });
    await announce(runsFolder, port, server, isPrivate);
    return await server.finished;
  }
  const apiKey = readKey(options.apiKey);
  const hostname = String(options.hostname).replace(/^\[(.*)\]$/, "$1");
  const hosts = (options.allowHost as readonly string[] | undefined) ?? [];
  if (apiKey === undefined && (hosts.length > 0 || !isLoopbackAddress(hostname))) {
    throw new UserError(
      "serve.key",
      `Cannot serve models ${
        hosts.length > 0 ? `as ${hosts[0]}` : `on ${hostname}`
      } without a key: anyone could use them`,
      "set STITCHBOOK_API_KEY or give --api-key",
    );
  }
  const { modelsText, serveModels } = await later<typeof serveModule>("./serve-models.ts");
  const beside = await serveModels({
    models,
    runs: runsFolder,
    apiKey,
    hosts,
    ...where,
    weights: options.weights as string | undefined,
    batch: readInteger("--batch", String(options.batch), 1, 4096),
    places: readInteger("--queue", String(options.queue), 1, 1_000_000),
  });
  try {
    const pages = await isEditor() ? {} : { abilities: { edit: false, stop: false } };
    const server = serve({ runsFolder, port, hostname, beside, isPrivate, signal: stopSignal(), ...pages });
    await announce(runsFolder, port, server, isPrivate);
    console.log(modelsText(server.url, beside.models, apiKey));
    await server.finished;
  } finally {
    await beside.close();
  }
}

/** @throws UserError `serve.key` for a key that no header can carry */
function readKey(given: unknown): string | undefined {
  const key = given === undefined ? Deno.env.get("STITCHBOOK_API_KEY") || undefined : String(given);
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key;
  throw new UserError("serve.key", "Cannot use this API key: expected printable ASCII characters without spaces");
}

/** Without models, the server needs no other programs and no other address than loopback. */
export async function giveUpPermissions(): Promise<void> {
  if (!await isEditor()) await Deno.permissions.revoke({ name: "run" });
  for (const host of OPEN_ADDRESSES) await Deno.permissions.revoke({ name: "net", host });
}

/** Whether this is `serve:edit`, which stops runs by signals. */
const isEditor = async () => (await Deno.permissions.query({ name: "write" })).state === "granted";

async function announce(runsFolder: string, port: number, server: Server, isPrivate: boolean) {
  const remarks = [takenPortText(port, server.port), await missingFolderText(runsFolder)];
  for (const remark of remarks) if (remark !== undefined) console.log(remark);
  console.log(`Serving ${runsFolder} at ${linkTo(server.url, server.token)} (Ctrl-C stops)`);
  if (isPrivate) console.log("Only who opens this link can see the runs");
  else if (server.token !== undefined) {
    console.log("Who opens this link can change runs; others on this machine can read");
  }
}

/** The pages of a runs folder, served beside other work. */
export interface ServedPages {
  readonly url: string;
  /** The token of links. */
  readonly token: string | undefined;
  /** What to tell about the address: that another port was taken. */
  readonly remark: string | undefined;
  close(): Promise<void>;
}

/** Serves the pages of a runs folder beside other work. */
export async function servePages(runsFolder: string, port = PORT): Promise<ServedPages> {
  const server = await startServerWorker({ runsFolder, port });
  return { ...server, remark: takenPortText(port, server.port) };
}
