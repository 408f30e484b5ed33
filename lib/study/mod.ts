// Public API: the engine of the studies, and the page with their results.
export { type Direction, direction, directionsTable, type PaperFinding, verdictOf } from "./directions.ts";
export { forecast, forecastSeconds, forecastTable } from "./forecast.ts";
export { studyPresets } from "./presets.ts";
export { counted, resultsMarkdown, type ResultsPage, type StudyRuns } from "./results.ts";
export type { Section } from "./section.ts";
export { type Study, studyDefinition, studyScript, type Variant } from "./definition.ts";
export { reportVariants } from "./report.ts";
export { studyExperiment, studyMain } from "./study.ts";
export { type StitchedVariant, variantFlops } from "./variant.ts";
export { variantsTable } from "./variants-table.ts";
