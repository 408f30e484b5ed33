// The arms of the experiment: trainings that differ in the actions of their monitor.
import { UserError } from "../../lib/errors.ts";
import type { MonitorConfig, TrainConfig } from "../../lib/train/mod.ts";
import type { ARMS, InstabilityConfig } from "./config.ts";

/** One way of training. */
export interface Arm {
  /** Name of its cell. */
  readonly name: string;
  /** Description for tables. */
  readonly what: string;
  /** Whether its monitor only raises alerts. */
  readonly passive: boolean;
  readonly train: TrainConfig;
  readonly monitor: MonitorConfig;
}

/** The chosen arms, and one for each other ε. */
export function armsOf({ train, monitor, arms, epsilons }: InstabilityConfig): Arm[] {
  const passive = { passive: true, monitor: acting(monitor, {}) };
  const active = (actions: Actions) => ({ passive: false, monitor: acting(monitor, actions) });
  const actions: Record<(typeof ARMS)[number], Omit<Arm, "name" | "train">> = {
    plain: { what: "no action", ...passive },
    skip: { what: "skips the batch of a spike", ...active({ spike: "skip" }) },
    rewind: { what: `rewinds ${monitor.rewindSteps} steps at a spike`, ...active({ spike: "rewind" }) },
    clip: { what: `clips to RMS ${monitor.clipRms} after a warning`, ...active({ instability: "clip" }) },
    epsilon: { what: `ε × ${monitor.epsilonFactor} at each warning`, ...active({ instability: "epsilon" }) },
  };
  return [
    ...arms.map((name) => ({ name, train, ...actions[name] })),
    ...epsilons.map((epsilon) => ({
      name: `epsilon=${epsilon.toExponential()}`,
      what: `no action, ε = ${epsilon.toExponential()}`,
      train: { ...train, epsilon },
      ...passive,
    })),
  ];
}

interface Actions {
  readonly spike?: MonitorConfig["spike"]["action"];
  readonly instability?: MonitorConfig["instability"]["action"];
}

/** The monitor's settings with these actions; other detectors only raise alerts. */
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
 * Checks the arms.
 *
 * @throws UserError `instability.arms` for an arm or an ε that is given twice
 */
export function checkArms(config: InstabilityConfig): void {
  const names = armsOf(config).map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UserError(
      "instability.arms",
      `Cannot train the arm "${twice}" twice: give each only once in arms and epsilons`,
    );
  }
  if (config.epsilons.includes(config.train.epsilon)) {
    throw new UserError(
      "instability.arms",
      `epsilons has ${config.train.epsilon}, which is train.epsilon: the arm "plain" already has it`,
    );
  }
}
