// `deno task doctor`: what this machine has, and what it is used for.
import { Command } from "commander";
import { diagnose, formatFindings } from "../doctor/mod.ts";
import { parseWithCommander } from "../run/mod.ts";

/** `deno task doctor [--json]` */
export async function doctorCommand(args: readonly string[]): Promise<void> {
  const command = new Command("doctor").description("Shows what this machine has, and what it is used for.")
    .option("--json", "write one JSON array", false);
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const findings = await diagnose();
  console.log(parsed.options.json ? JSON.stringify(findings) : formatFindings(findings));
}
