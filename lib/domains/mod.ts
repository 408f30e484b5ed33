// Domains that are found rather than named: clusters of unlabeled documents, and which of them deserve an expert.
export { assignDocuments, type Assignment, type AssignOptions } from "./assign.ts";
export { clusterTexts, type TextClusters } from "./cluster-texts.ts";
export { MOST_CLUSTERS } from "./clusters.ts";
export { CONFIG_FILE } from "./config-file.ts";
export { type ClusterDescription, type Clustering, clusteringSchema, loadDescription } from "./description.ts";
export type { ClusteringSchema, ClusterSchema } from "./inferred-types.ts";
export { discoverDomains, type DiscoverOptions, type DiscoveryProgress } from "./discover.ts";
export type { ClusterDrift, Drift, ShareDrift } from "./drift.ts";
export { type Encoder, openEncoder } from "./hidden.ts";
export { adjustedRandIndex } from "./rand-index.ts";
export { REPORT_FILE } from "./report.ts";
export { assignmentTable, clusteringFacts, clustersTable, overlapTable } from "./tables.ts";
export {
  type Agreement,
  allGains,
  bestGains,
  type Choice,
  type ChoiceOptions,
  type ChoiceStep,
  choiceTable,
  type ChoiceValue,
  choiceValues,
  chooseExperts,
  chooseGreedily,
  type DomainLosses,
  FEWEST_CANDIDATES,
  type Gain,
  gainAgreement,
  type GainMatrix,
  gainMatrixTable,
  type GainPair,
  gainsTable,
  type Interval,
  jointGain,
  meanLosses,
  type PlacedGain,
  type ProbeGains,
  probeGains,
  type ProbeLosses,
  rankingTable,
  rankingText,
  type RankRange,
  rankRanges,
  rankText,
  stitchMix,
  stitchMixTable,
  tokenizerRemark,
} from "./rank/mod.ts";
