// The settings of a run that show themselves: each with where it comes from.
import { join } from "node:path";
import {
  markedSettings,
  type Provenance,
  readProvenance,
  type RunView,
  SOURCE_NAMES,
  textColumn,
} from "../../run/mod.ts";
import { type Displayable, displayingNow } from "../display.ts";
import { tablesBundle } from "./table.ts";

/** The settings of a run, nested as they are set. */
export type Settings = Readonly<Record<string, unknown>> & Displayable;

/** The settings of a run, with the sources that its last process recorded. */
export async function settingsOf(runsFolder: string, view: RunView): Promise<Settings> {
  return settingsFrom(view, (await readProvenance(join(runsFolder, view.id))).at(-1)?.sources);
}

/** The settings of a run. @param sources where each comes from, as far as it is known */
export function settingsFrom({ id, config }: RunView, sources: Provenance["sources"] = {}): Settings {
  return displayingNow({ ...config as Record<string, unknown> }, () =>
    tablesBundle({
      name: "settings",
      title: `Settings of ${id}`,
      columns: [textColumn("key", "setting"), textColumn("value"), textColumn("source", "from")],
      rows: markedSettings(config, sources).map(({ key, value, source }) => ({
        key,
        value: JSON.stringify(value) ?? "",
        source: SOURCE_NAMES[source],
      })),
    }));
}
