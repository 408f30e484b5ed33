// The arms of the experiment: one training each, which differ in what is done when it goes wrong.
import { UserError } from "../../lib/errors.ts";
import type { MonitorConfig, TrainConfig } from "../../lib/train/mod.ts";
import type { ARMS, InstabilityConfig } from "./config.ts";

/** One way of training. */
export interface Arm {
  /** Name of its cell. */
  readonly name: string;
  /** What it does, for tables. */
  readonly what: string;
  readonly train: TrainConfig;
  readonly monitor: MonitorConfig;
}

/** All arms: those chosen, and one for each other ε. */
export function armsOf({ train, monitor, arms, epsilons }: InstabilityConfig): Arm[] {
  const told = acting(monitor, {});
  const actions: Record<(typeof ARMS)[number], Omit<Arm, "name" | "train">> = {
    plain: { what: "nothing", monitor: told },
    skip: { what: "skips the batch of a spike", monitor: acting(monitor, { spike: "skip" }) },
    rewind: {
      what: `goes back ${monitor.rewindSteps} steps at a spike`,
      monitor: acting(monitor, { spike: "rewind" }),
    },
    clip: {
      what: `clips to RMS ${monitor.clipRms} once warned`,
      monitor: acting(monitor, { instability: "clip" }),
    },
    epsilon: {
      what: `ε × ${monitor.epsilonFactor} at each warning`,
      monitor: acting(monitor, { instability: "epsilon" }),
    },
  };
  return [
    ...arms.map((name) => ({ name, train, ...actions[name] })),
    ...epsilons.map((epsilon) => ({
      name: `epsilon=${epsilon.toExponential()}`,
      what: `nothing, with ε ${epsilon.toExponential()}`,
      train: { ...train, epsilon },
      monitor: told,
    })),
  ];
}

interface Actions {
  readonly spike?: MonitorConfig["spike"]["action"];
  readonly instability?: MonitorConfig["instability"]["action"];
}

/** The detectors as they are set, with these actions; the others only tell. */
function acting(monitor: MonitorConfig, { spike = "alert", instability = "alert" }: Actions): MonitorConfig {
  return {
    ...monitor,
    every: 1,
    spike: { ...monitor.spike, action: spike },
    instability: { ...monitor.instability, action: instability },
    notFinite: { action: "stop" },
  };
}

/**
 * Refuses settings that say nothing.
 *
 * @throws UserError `instability.arms` for an arm or an ε that is named twice
 */
export function checkArms(config: InstabilityConfig): void {
  const names = armsOf(config).map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UserError("instability.arms", `Cannot train "${twice}" twice: arms and epsilons name each only once`);
  }
  if (config.epsilons.includes(config.train.epsilon)) {
    throw new UserError(
      "instability.arms",
      `epsilons names ${config.train.epsilon}, which is train.epsilon: that arm is "plain" already`,
    );
  }
}
