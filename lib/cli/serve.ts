// `deno task serve`: serves the pages of all runs on the loopback interface.
import { Command } from "commander";
import { defaultRunsFolder, parseWithCommander, readInteger, runIds } from "../run/mod.ts";
import { missingFolderText, serve, startServerWorker, takenPortText } from "../serve/mod.ts";

/** Default port of pages. */
const PORT = 8420;

/** `deno task serve [--port 8420] [--runs <folder>]` */
export async function serveCommand(args: readonly string[]): Promise<void> {
  const command = new Command("serve").description("Serves the pages of all runs on this machine's loopback interface.")
    .option("--port <number>", "port; if it is taken, the next free one", String(PORT))
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder());
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const port = readInteger("--port", String(parsed.options.port), 0, 65_535);
  const runsFolder = String(parsed.options.runs);
  // Refused at once when it cannot be listed.
  await runIds(runsFolder);
  const server = serve({ runsFolder, port });
  const remarks = [takenPortText(port, server.port), await missingFolderText(runsFolder)];
  for (const remark of remarks) if (remark !== undefined) console.log(remark);
  console.log(`Serving ${runsFolder} at ${server.url} (Ctrl-C stops)`);
  await server.finished;
}

/** The pages of a runs folder, served beside other work. */
export interface ServedPages {
  readonly url: string;
  /** What to tell about the address: that another port was taken. */
  readonly remark: string | undefined;
  close(): Promise<void>;
}

/** Serves the pages of a runs folder beside other work. */
export async function servePages(runsFolder: string, port = PORT): Promise<ServedPages> {
  const server = await startServerWorker({ runsFolder, port });
  return { ...server, remark: takenPortText(port, server.port) };
}
