// The gates of a short text with markup in it, for tests of pages. No model made them.
import type { GateTrace } from "../../lib/report/mod.ts";

export const gateTrace: GateTrace = {
  run: "20260101-000000-bts-smoke-aaaa",
  title: "<b>Mine</b>",
  tokens: [{ id: 0, text: "⏹" }, { id: 5, text: "<script>" }, { id: 6, text: "&\n" }],
  segments: [{ label: "<i>one</i>", start: 0, end: 2 }, { label: "generated", start: 2, end: 3 }],
  stitches: [
    {
      stitch: 1,
      kind: "E2H",
      after: 2,
      models: ["seed", "code"],
      gates: [[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]],
      summaries: [{ mean: [0.625, 0.375], won: [1, 0], entropy: 0.9 }, {
        mean: [0.125, 0.875],
        won: [0, 1],
        entropy: 0.5,
      }],
    },
    {
      stitch: 2,
      kind: "H2E",
      after: 4,
      models: ["code"],
      gates: [[0.1], [0.2], [0.9]],
      summaries: [{ mean: [0.15], won: [1], entropy: null }, null],
    },
  ],
};
