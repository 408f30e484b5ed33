// Domains that are found rather than named: clusters of unlabeled documents.
export { assignDocuments, type Assignment, type AssignOptions } from "./assign.ts";
export { MOST_CLUSTERS } from "./clusters.ts";
export { CONFIG_FILE } from "./config-file.ts";
export { type ClusterDescription, type Clustering, clusteringSchema, loadDescription } from "./description.ts";
export type { ClusteringSchema, ClusterSchema } from "./inferred-types.ts";
export { discoverDomains, type DiscoverOptions, type DiscoveryProgress } from "./discover.ts";
export type { ClusterDrift, Drift, ShareDrift } from "./drift.ts";
export { type Encoder, openEncoder } from "./hidden.ts";
export { REPORT_FILE } from "./report.ts";
export { assignmentTable, clusteringFacts, clustersTable, overlapTable } from "./tables.ts";
