// `refine <run|model> --model <name> --endpoint <url>`: what comes before the options of all experiments, as settings.
import { UserError } from "../../lib/errors.ts";

const OPTIONS: Readonly<Record<string, string>> = { "--model": "model.name", "--endpoint": "endpoint.url" };

/**
 * The arguments with the model and the endpoint as `--set`.
 *
 * @throws UserError `command.malformed`
 */
export function settingArguments(args: readonly string[]): string[] {
  const [source, ...rest] = args;
  if (source !== undefined && !source.startsWith("-")) {
    return ["--set", `model.source=${source}`, ...settingArguments(rest)];
  }
  const read: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [option, ...value] = args[i]!.split("=");
    const key = Object.hasOwn(OPTIONS, option!) ? OPTIONS[option!] : undefined;
    if (key === undefined) {
      read.push(args[i]!);
      continue;
    }
    const given = value.length > 0 ? value.join("=") : args[++i];
    if (given === undefined) throw new UserError("command.malformed", `${option} needs a value`);
    read.push("--set", `${key}=${given}`);
  }
  return read;
}
