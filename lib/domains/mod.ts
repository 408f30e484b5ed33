// Domains that are found rather than named: clusters of unlabeled documents.
export { MOST_CLUSTERS } from "./clusters.ts";
export { CONFIG_FILE } from "./config-file.ts";
export { type ClusterDescription, type Clustering, clusteringSchema, loadDescription } from "./description.ts";
export type { ClusteringSchema, ClusterSchema } from "./inferred-types.ts";
export { discoverDomains, type DiscoverOptions, type DiscoveryProgress } from "./discover.ts";
export { REPORT_FILE } from "./report.ts";
export { clusteringFacts, clustersTable, overlapTable } from "./tables.ts";
