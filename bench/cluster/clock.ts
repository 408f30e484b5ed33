// Virtual time: what sleeps is woken in order, one at a time, as soon as nothing else is under way, however long it would
// have slept. What is done between two sleeps, such as reading and writing files, takes no virtual time.
import type { Clock } from "../../lib/engine/mod.ts";

export interface VirtualClock extends Clock {
  /** Sleeps, unless the signal is aborted, which wakes early. What is in `owner` can be put to sleep for ever. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal; readonly owner?: object }): Promise<void>;
  /** Does something later. */
  at(ms: number, act: () => void | Promise<void>): void;
  /** Starts something that sleeps on this clock. */
  spawn(work: () => Promise<void>): void;
  /** Never wakes what an owner has under way: its process is killed. */
  forget(owner: object): void;
  /** Lets the time pass until `work`, which sleeps on this clock, has ended. */
  run<Value>(work: () => Promise<Value>): Promise<Value>;
}

interface Sleeper {
  readonly at: number;
  /** Of those that wake at the same time, the first that slept wakes first. */
  readonly order: number;
  readonly wake: () => void;
  readonly owner: object | undefined;
}

/** A clock that begins at 0. */
export function virtualClock(): VirtualClock {
  let now = 0;
  let orders = 0;
  /** What is under way: neither asleep nor over. */
  let active = 0;
  let idle: (() => void) | undefined;
  const sleepers: Sleeper[] = [];
  const forgotten = new WeakSet<object>();
  const rest = () => {
    if (--active === 0) idle?.();
  };
  const add = (sleeper: Sleeper) => {
    // Most sleep shorter than those that are asleep, or longer than all: a search from the end is short enough.
    let at = sleepers.length;
    while (at > 0 && later(sleepers[at - 1]!, sleeper)) at--;
    sleepers.splice(at, 0, sleeper);
  };
  const sleep: VirtualClock["sleep"] = (ms, { signal, owner } = {}) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let asleep = true;
    const sleeper: Sleeper = {
      at: now + ms,
      order: orders++,
      owner,
      wake() {
        if (!asleep) return;
        asleep = false;
        active++;
        resolve();
      },
    };
    add(sleeper);
    signal?.addEventListener("abort", () => {
      if (asleep) add({ ...sleeper, at: now, order: orders++ });
    }, { once: true });
    rest();
    return promise;
  };
  const spawn = (work: () => Promise<void>) => {
    active++;
    work().finally(rest);
  };
  return {
    now: () => now,
    sleep,
    spawn,
    at: (ms, act) =>
      add({
        at: now + ms,
        order: orders++,
        owner: undefined,
        wake: () => spawn(async () => void await act()),
      }),
    forget: (owner) => void forgotten.add(owner),
    async run<Value>(work: () => Promise<Value>) {
      const { promise, resolve, reject } = Promise.withResolvers<Value>();
      let over = false;
      spawn(() => work().then(resolve, reject).finally(() => over = true));
      for (;;) {
        if (active > 0) await new Promise<void>((wake) => idle = wake);
        idle = undefined;
        if (over) return await promise;
        const next = sleepers.shift();
        if (next === undefined) throw new Error(`Nothing happens any more at ${now / 1000} s`);
        if (next.owner !== undefined && forgotten.has(next.owner)) continue;
        now = Math.max(now, next.at);
        next.wake();
      }
    },
  };
}

const later = (a: Sleeper, b: Sleeper) => a.at > b.at || (a.at === b.at && a.order > b.order);
