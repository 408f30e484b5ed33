// The options that say where models compute.
import { type Command, Option } from "commander";
import { type DeviceName, DEVICES, MOST_THREADS } from "../device-names.ts";
import { readInteger } from "../run/mod.ts";

/** Adds `--device` and `--threads` to a command. */
export function addDeviceOptions(command: Command): Command {
  return command
    .addOption(new Option("--device <name>", "where to compute").choices([...DEVICES]).default("auto"))
    .option("--threads <number>", "threads of the cpu device (default: STITCHBOOK_THREADS, else one per core)");
}

/** What the options say. @throws UserError `command.malformed` for threads out of range */
export function readDeviceOptions({ device, threads }: Readonly<Record<string, unknown>>): {
  readonly device: DeviceName;
  readonly threads: number | undefined;
} {
  return {
    device: device as DeviceName,
    threads: threads === undefined ? undefined : readInteger("--threads", String(threads), 1, MOST_THREADS),
  };
}
