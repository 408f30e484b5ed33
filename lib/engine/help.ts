// The settings of each engine, as text.
import { kubernetesSchema } from "./kubernetes/settings.ts";
import { settingsHelpOf } from "./settings.ts";
import { skypilotSchema } from "./skypilot/settings.ts";
import { slurmHelp } from "./slurm/settings.ts";

/** The settings of an engine and what each means, for `--help <engine>`; undefined for what is no engine with settings. */
export function engineHelp(engine: string | undefined): string | undefined {
  switch (engine) {
    case "slurm":
      return slurmHelp();
    case "kubernetes":
      return settingsHelpOf(engine, kubernetesSchema);
    case "skypilot":
      return settingsHelpOf(engine, skypilotSchema);
    default:
      return undefined;
  }
}
