// The time, as engines see it: simulations give their own.
import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = { now: () => performance.now(), sleep: (ms) => delay(ms) };
