// How a budget is divided: what the methods have in common.
import { z } from "zod";
import type { RefineSettingsSchema } from "./inferred-types.ts";

const tokens = z.int().min(1).max(1_000_000);

export const refineSettingsSchema: RefineSettingsSchema = z.strictObject({
  draftTokens: tokens.default(256).describe("most tokens of a draft or a revision"),
  workspaceTokens: tokens.default(256).describe("most tokens of the workspace that a round leaves to the next, κ"),
  quoteTokens: tokens.default(128).describe("most tokens, the last ones, of each draft that a distiller reads"),
  chooseTokens: tokens.default(16).describe("most tokens of a choice among drafts; thoughts of a model count"),
  k: z.int().min(1).max(100).default(2).describe("drafts in a workspace, for top-k and random-k"),
  rounds: z.int().min(2).max(20).default(2).describe("rounds of parallel-distill-refine, the last one included"),
  mostDrafts: z.int().min(1).max(1_000).default(16).describe("most drafts of a round, and most revisions"),
  temperature: z.number().min(0).max(5).default(0.7).describe("sampling temperature of all calls"),
  topP: z.number().positive().max(1).default(0.95).describe("nucleus sampling of all calls"),
});

export type RefineSettings = z.infer<typeof refineSettingsSchema>;

/** The settings with which prompts and replies fit a model's context: parts of it at most. */
export function settingsWithin(settings: RefineSettings, contextLength: number): RefineSettings {
  const part = (tokens: number, share: number) => Math.min(tokens, Math.max(1, Math.floor(contextLength * share)));
  return {
    ...settings,
    draftTokens: part(settings.draftTokens, 1 / 4),
    workspaceTokens: part(settings.workspaceTokens, 1 / 4),
    quoteTokens: part(settings.quoteTokens, 1 / 8),
    chooseTokens: part(settings.chooseTokens, 1 / 4),
  };
}
