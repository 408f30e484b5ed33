// What is done about a finding: the configured action while its limits allow it, and how it is told.
import type { Alert } from "./alert.ts";
import type { MonitorAction, MonitorConfig } from "./config.ts";
import { type Finding, QUIET_STEPS, short } from "./findings.ts";
import type { MonitorState } from "./state.ts";

/** An action as it is taken, and what the monitor remembers afterwards. */
export interface Settlement {
  readonly action: Alert["action"];
  readonly state: MonitorState;
  /** Absent when there is nothing new to tell. */
  readonly alert: Alert | undefined;
}

/** What an action depends on besides the settings. */
export interface Situation {
  /** Of AdamW, as it was configured. */
  readonly epsilon: number;
  /** Steps that are done after going back. */
  readonly back: number;
}

/** ε after it was lowered `times` times. */
export function loweredEpsilon(epsilon: number, { epsilonFactor }: MonitorConfig, times: number): number {
  return epsilon * epsilonFactor ** times;
}

/**
 * Decides on one finding. An action whose limit is reached becomes `alert`, or `stop` where numbers are not finite.
 *
 * @param situation AdamW's ε as it was configured, and the step that going back ends at
 */
export function settle(
  state: MonitorState,
  settings: MonitorConfig,
  finding: Finding,
  situation: Situation,
): Settlement {
  const { detector, step, values } = finding;
  const wanted: MonitorAction = settings[detector].action;
  const [action, why] = allowed(state, settings, finding, wanted);
  const after = remember(state, finding, action);
  const alert = action === "alert" && !finding.news ? undefined : {
    detector,
    level: action === "stop" ? "error" as const : "warning" as const,
    step,
    action,
    text: `${finding.text}. ${why}${SENTENCES[action](settings, situation, after)}`.trim(),
    values: Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value))),
  };
  return { action, state: after, alert };
}

/** The action that the limits allow, and why it is not the wanted one. */
function allowed(
  state: MonitorState,
  { limit }: MonitorConfig,
  { detector, step, news }: Finding,
  wanted: MonitorAction,
): [Alert["action"], string] {
  const instead = detector === "notFinite" ? "stop" : "alert";
  switch (wanted) {
    case "skip":
      return countSkipped(state, step) < limit ? [wanted, ""] : [instead, `${limit} batches were skipped already. `];
    case "rewind":
      return state.rewinds < limit ? [wanted, ""] : [instead, `Training went back ${limit} times already. `];
    case "epsilon":
      return news && state.lowered < limit ? [wanted, ""] : [instead, ""];
    case "clip":
      return state.clipping ? [instead, ""] : [wanted, ""];
    case "off":
    case "alert":
      return ["alert", ""];
    case "stop":
      return ["stop", ""];
  }
}

/** Batches that were skipped lately: a pause begins the count anew. */
function countSkipped({ skipped, skippedAt }: MonitorState, step: number): number {
  return skippedAt === null || step - skippedAt > QUIET_STEPS ? 0 : skipped;
}

function remember(state: MonitorState, { detector, step }: Finding, action: Alert["action"]): MonitorState {
  return {
    ...state,
    spiked: detector === "spike" ? step : state.spiked,
    bimodal: detector === "instability" ? step : state.bimodal,
    ...(action === "skip" ? { skipped: countSkipped(state, step) + 1, skippedAt: step } : {}),
    rewinds: action === "rewind" ? state.rewinds + 1 : state.rewinds,
    lowered: action === "epsilon" ? state.lowered + 1 : state.lowered,
    clipping: state.clipping || action === "clip",
  };
}

type Sentence = (settings: MonitorConfig, situation: Situation, after: MonitorState) => string;

const SENTENCES: Readonly<Record<Alert["action"], Sentence>> = {
  alert: () => "",
  skip: () => "Its batch is skipped.",
  rewind: (_, { back }) =>
    `Training goes back to ${back === 0 ? "the beginning" : `step ${back}`} and passes over the batches since.`,
  clip: ({ clipRms }) => `From now on the update ratio of each parameter is limited to an RMS of ${short(clipRms)}.`,
  epsilon: (settings, { epsilon }, { lowered }) =>
    `AdamW's ε is ${short(loweredEpsilon(epsilon, settings, lowered))} from now on.`,
  stop: () => "Training stops.",
};
