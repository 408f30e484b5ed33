// Stitchbook's commands besides experiments, and the fetch handler that `deno serve main.ts` serves.
//
//     deno task ls | show [run] | stop <run> | diff <a> <b> | tag | note | rename <run> | rm <runs> | undo | verify <run>
//     deno task query --sql <text> | reindex | gates <run> | merge | plan | serve | doctor | notebook:install
import {
  defaultRunsFolder,
  diffCommand,
  listCommand,
  noteCommand,
  parseWithCommander,
  queryCommand,
  readInteger,
  reindexCommand,
  removeCommand,
  renameCommand,
  resumeCommand,
  runMain,
  showCommand,
  stopCommand,
  sweepCommand,
  type SweepPage,
  tagCommand,
  undoCommand,
  unknownCommand,
  verifyCommand,
} from "./lib/run/mod.ts";
import { createApp, missingFolderText, serve, startServerWorker, takenPortText } from "./lib/serve/mod.ts";
import { Command } from "commander";

type Action = (args: readonly string[]) => Promise<void>;

const commands: Readonly<Record<string, Action>> = {
  ls: (args) => listCommand(args),
  show: (args) => showCommand(args),
  stop: (args) => stopCommand(args),
  resume: async (args) => {
    Deno.exitCode = await resumeCommand(args);
  },
  diff: (args) => diffCommand(args),
  tag: (args) => tagCommand(args),
  note: (args) => noteCommand(args),
  rename: (args) => renameCommand(args),
  rm: (args) => removeCommand(args),
  undo: (args) => undoCommand(args),
  sweep: async (args) => {
    const { writeSweepReport } = await import("./lib/report/mod.ts");
    if (!(await sweepCommand(args, { serve: servePages, report: writeSweepReport }))) Deno.exitCode = 1;
  },
  query: (args) => queryCommand(args),
  reindex: (args) => reindexCommand(args),
  verify: async (args) => {
    if (!(await verifyCommand(args))) Deno.exitCode = 1;
  },
  gates: async (args) => {
    // Models and tensors are loaded for the commands that compute, and for no others.
    const { gatesCommand } = await import("./experiments/bts/gates-command.ts");
    await gatesCommand(args);
  },
  plan: async (args) => {
    const { planCommand } = await import("./experiments/cluster/command.ts");
    planCommand(args);
  },
  merge: async (args) => {
    const { mergeCommand } = await import("./lib/run/merge-command.ts");
    await mergeCommand(args);
  },
  serve: serveCommand,
  doctor: doctorCommand,
  "notebook:install": notebookCommand,
};

/** `deno task serve [--port 8420] [--runs <folder>]` */
async function serveCommand(args: readonly string[]): Promise<void> {
  const command = new Command("serve").description("Serves the pages of all runs on this machine's loopback.")
    .option("--port <number>", "port; the next free one when it is taken", String(PORT))
    .option("--runs <folder>", "where runs live", defaultRunsFolder());
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const port = readInteger("--port", String(parsed.options.port), 0, 65_535);
  const runsFolder = String(parsed.options.runs);
  const server = serve({ runsFolder, port });
  const remarks = [takenPortText(port, server.port), await missingFolderText(runsFolder)];
  for (const remark of remarks) if (remark !== undefined) console.log(remark);
  console.log(`Serving ${runsFolder} at ${server.url} (Ctrl-C stops)`);
  await server.finished;
}

/** Default port of pages. */
const PORT = 8420;

/** Serves the pages of a runs folder while something else goes on. */
async function servePages(runsFolder: string, port = PORT): Promise<SweepPage> {
  const server = await startServerWorker({ runsFolder, port });
  return { ...server, remark: takenPortText(port, server.port) };
}

/** `deno task doctor [--json]` */
async function doctorCommand(args: readonly string[]): Promise<void> {
  const command = new Command("doctor").description("Says what this machine has and what that is good for.")
    .option("--json", "write one JSON array", false);
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const { diagnose, formatFindings } = await import("./lib/doctor.ts");
  const findings = await diagnose();
  console.log(parsed.options.json ? JSON.stringify(findings) : formatFindings(findings));
}

/** `deno task notebook:install` */
async function notebookCommand(args: readonly string[]): Promise<void> {
  const command = new Command("notebook:install").description("Registers the Deno kernel with Jupyter.");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const { installKernel } = await import("./lib/notebook/mod.ts");
  const { folder } = await installKernel();
  console.log(`The Deno kernel is installed in ${folder}. Open the notebooks with: jupyter lab notebooks`);
}

async function main([name = "", ...args]: readonly string[]): Promise<void> {
  const action = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (action === undefined) throw unknownCommand(name, Object.keys(commands));
  await action(args);
}

/** For `deno serve main.ts`: the runs in `$STITCHBOOK_RUNS`, or in `runs`. */
export default { fetch: createApp({ runsFolder: defaultRunsFolder() }).fetch };

// `deno serve main.ts` is main without arguments; commands always have their name.
if (import.meta.main && Deno.args.length > 0) {
  await runMain(() => main(Deno.args));
  // Deno would go on to remark that a module with a fetch handler was not served.
  Deno.exit();
}
