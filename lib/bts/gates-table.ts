// The table of mean gates.
import { numberColumn, type Table, textColumn } from "../run/mod.ts";

/** One row of the gates table. */
export interface GateRow {
  readonly stitch: string;
  readonly kind: string;
  readonly domain: string;
  readonly model: string;
  readonly gate: number;
}

/** Mean gates by stitch, domain and model. */
export function gatesTable(rows: readonly GateRow[]): Table {
  return {
    name: "gates",
    title: "Mean gate of each model at each stitch, by domain of the text",
    columns: [
      textColumn("stitch", "stitch"),
      textColumn("kind", "kind"),
      textColumn("domain", "domain"),
      textColumn("model", "model"),
      numberColumn("gate", "mean gate", 3),
    ],
    rows: rows.map((row) => ({ ...row })),
  };
}
