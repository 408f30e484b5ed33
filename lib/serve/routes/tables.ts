// All routes of the API, for the typed client; a test compares them with what the app has.
import { routes as actions } from "./actions.ts";
import { routes as artifacts } from "./artifacts.ts";
import { routes as figures } from "./figures.ts";
import { routes as models } from "./models.ts";
import { routes as process } from "./process.ts";
import { routes as provenance } from "./provenance.ts";
import { routes as reports } from "./reports.ts";
import { routes as runs } from "./runs.ts";
import { routes as series } from "./series.ts";
import { routes as sweeps } from "./sweeps.ts";
import { routes as table } from "./table.ts";
import { routes as trash } from "./trash.ts";
import type { RouteTables } from "../inferred-types.ts";

/** The routes of each file. */
export const TABLES: RouteTables = [
  actions,
  artifacts,
  figures,
  models,
  process,
  provenance,
  reports,
  runs,
  series,
  sweeps,
  table,
  trash,
] as const;
