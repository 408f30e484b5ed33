// The stitch room's public face: Branch-Train-Stitch's layers and the stitched model.
export { placeStitches, type StitchConfig, stitchConfigSchema, type StitchPlace } from "./config.ts";
export { checkStitchConfig } from "./check.ts";
export type { ParameterSpec, Role, StitchFlops, StitchKind, StitchParameters } from "./kinds/kind.ts";
export { STITCH_KINDS, stitchKind } from "./kinds/registry.ts";
export type { StitchKindName } from "../stitch-kinds.ts";
export { initialStitches, stitchParameterCount, type StitchSize, stitchSize, undecayed } from "./weights.ts";
export { beforeFirstStitch, stitchedHiddenStates, stitchModels, throughStitches } from "./model.ts";
export { stitchedLanguageModel } from "./language-model.ts";
export { type FrozenHashes, loadStitches, saveStitches, type StitchFile } from "./file.ts";
export { type GateColumns, type MeanGate, meanGates } from "./gates.ts";
export { withExpert, withExpertsMerged, withoutExpert } from "./modular.ts";
export { type GateSummary, summarizeGates, type TokenGates, tokenGates } from "./token-gates.ts";
export type { FrozenModels } from "./frozen-models.ts";
export { disposeFrozen, freezeModels, hashFrozen } from "./stacks.ts";
export { streamGroups } from "./stream-groups.ts";
export type { StitchedModel } from "./stitched-model.ts";
export type { StitchConfigSchema } from "./inferred-types.ts";
