// What a run is called. Pure.
import type { RunView } from "../../../run/mod.ts";
import type { LabelsResponse } from "../../schemas.ts";

/** The name that was given to the run, or its title, or if both are blank its id. */
export function titleOf({ name }: Pick<LabelsResponse, "name">, { title, id }: Pick<RunView, "title" | "id">): string {
  return [name, title].find((text) => text !== null && text.trim() !== "") ?? id;
}
