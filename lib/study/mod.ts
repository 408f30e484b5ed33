export { type Direction, verdictOf } from "./directions.ts";
export { forecast, forecastSeconds, forecastTable } from "./forecast.ts";
export { planStudy } from "./plan.ts";
export { studyPresets } from "./presets.ts";
export { counted, resultsMarkdown, type StudyRuns } from "./results.ts";
export type { Section } from "./section.ts";
export {
  reportVariants,
  type StitchedVariant,
  type Study,
  studyDefinition,
  studyMain,
  studyScript,
  type Variant,
} from "./study.ts";
