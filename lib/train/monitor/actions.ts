// Responses to findings: the configured action while its limit allows it, and the alert.
import type { Alert } from "./alert.ts";
import type { MonitorAction, MonitorConfig } from "./config.ts";
import { type Finding, QUIET_STEPS, short } from "./findings.ts";
import type { MonitorState } from "./state.ts";

/** The action taken, and the monitor's state after it. */
export interface Reaction {
  readonly action: Alert["action"];
  readonly state: MonitorState;
  /** Absent when there is nothing new to report. */
  readonly alert: Alert | undefined;
}

/** The facts about the training that alerts mention. */
export interface Situation {
  /** AdamW's ε, as configured. */
  readonly epsilon: number;
  /** The step that a rewind would end at. */
  readonly back: number;
}

/** ε after it has been lowered `times` times. */
export function loweredEpsilon(epsilon: number, { epsilonFactor }: MonitorConfig, times: number): number {
  return epsilon * epsilonFactor ** times;
}

/**
 * Decides on the action for a finding. An action whose limit has been reached becomes `alert`, or `stop` when numbers
 * are not finite.
 */
export function respond(
  state: MonitorState,
  settings: MonitorConfig,
  finding: Finding,
  situation: Situation,
): Reaction {
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

/** The action that the limit allows, and the reason if it is not the wanted one. */
function allowed(
  state: MonitorState,
  { limit }: MonitorConfig,
  { detector, step, news }: Finding,
  wanted: MonitorAction,
): [Alert["action"], string] {
  const instead = detector === "notFinite" ? "stop" : "alert";
  switch (wanted) {
    case "skip":
      return countSkipped(state, step) < limit
        ? [wanted, ""]
        : [instead, `${limit} batches have been skipped already. `];
    case "rewind":
      return state.rewinds < limit ? [wanted, ""] : [instead, `Training has been rewound ${limit} times already. `];
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

/** Batches skipped recently: a pause resets the count. */
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
    `Training rewinds to ${back === 0 ? "the beginning" : `step ${back}`} and skips the batches since then.`,
  clip: ({ clipRms }) => `From now on, the update ratio of each parameter is clipped to an RMS of ${short(clipRms)}.`,
  epsilon: (settings, { epsilon }, { lowered }) =>
    `AdamW's ε is ${short(loweredEpsilon(epsilon, settings, lowered))} from now on.`,
  stop: () => "Training stops.",
};
