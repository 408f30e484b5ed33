// `deno task model push`: uploads a model folder to the Hugging Face hub.
import { Command } from "commander";
import { checkTarget, filesToPush, pushFiles } from "../pretrained/mod.ts";
import { byteSize } from "../report/mod.ts";
import { jsonLine, parseWithCommander, stopSignal } from "../run/mod.ts";
import type { Print } from "./command.ts";

interface Options {
  readonly private?: true;
  readonly revision: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Uploads the folder that the arguments name, or says what would be uploaded. */
export async function pushModelCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("model push")
    .description(
      "Uploads the files of a model folder, or a folder with GGUF files, to the Hugging Face hub in one commit; other files " +
        "stay here. The token is HF_TOKEN, or the one that hf auth login stored.",
    )
    .argument("<folder>", "model folder, as deno task export model writes it")
    .argument("<repository>", "owner/name on the hub; created if it does not exist")
    .option("--private", "create the repository as a private one")
    .option("--revision <branch>", "branch to commit to, created if it does not exist", "main")
    .option("--dry-run", "only list the files and their sizes")
    .option("--json", "write one JSON object: repository, revision, commit, url, files, left");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const [folder, repository] = parsed.positional as [string, string];
  const options = parsed.options as unknown as Options;
  const { revision } = options;
  checkTarget(folder, repository, revision);
  const found = await filesToPush(folder);
  const { files, left } = found;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const say = (text: string) => options.json || print(text);
  for (const { path, size } of options.dryRun ? files : []) say(`  ${path}  ${byteSize(size)}`);
  if (left.length > 0) say(`Not part of the model, so not uploaded: ${left.join(", ")}`);
  if (!files.some(({ path }) => path === "README.md")) say("warning: there is no README.md, so the page will be empty");
  if (options.dryRun) {
    return print(
      options.json
        ? jsonLine({ repository, revision, commit: null, url: null, ...found })
        : `${files.length} files, ${byteSize(total)}, would be pushed to ${repository} at ${revision}`,
    );
  }
  say(`Pushing ${files.length} files, ${byteSize(total)}, to ${repository} at ${revision}`);
  const told = new Set<string>();
  const pushed = await pushFiles({
    folder,
    files,
    repository,
    revision,
    private: options.private === true,
    signal: stopSignal(),
    onFile: (path) => {
      if (!told.has(path)) say(`  ${path}`);
      told.add(path);
    },
  });
  print(
    options.json
      ? jsonLine({ ...pushed, ...found })
      : `${pushed.created ? "Created" : "Updated"} ${pushed.url} (commit ${pushed.commit})`,
  );
}
