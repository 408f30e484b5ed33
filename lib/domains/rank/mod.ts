// Which domains deserve an expert, by short probes: gains, ranks, a choice, and the tables of them.
export {
  type Agreement,
  type ChoiceValue,
  choiceValues,
  FEWEST_CANDIDATES,
  gainAgreement,
  type GainPair,
} from "./agreement.ts";
export { type Choice, type ChoiceOptions, type ChoiceStep, chooseExperts, type Interval } from "./choice.ts";
export { bestGains, chooseGreedily, type GainMatrix, jointGain, stitchMix } from "./choose.ts";
export { type Gain, type PlacedGain, type ProbeGains, probeGains, verdictOf } from "./gains.ts";
export { type DomainLosses, meanLosses, type ProbeLosses } from "./losses.ts";
export { type RankRange, rankRanges, rankText } from "./ranks.ts";
export { allGains, choiceTable, gainMatrixTable, gainsTable, rankingTable, stitchMixTable } from "./tables.ts";
export { tokenizerRemark } from "./tokenizer-remark.ts";
export { rankingText } from "./verdict.ts";
