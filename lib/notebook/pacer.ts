// How often a live output may change: twice a second at most, and never more than a budget of bytes.

/** Milliseconds between two updates, at least. */
const LEAST_MS = 500;
/** Bytes that may be spent at once, for the first seconds and after a pause. */
const CREDIT = 120_000;
/** What is added to the credit: ten minutes of updates stay under 0.9 MB even if a front end keeps every one. */
const BYTES_PER_SECOND = 1_250;

/** Says how long to wait after an update of so many bytes, in milliseconds. */
export type Pause = (bytes: number) => number;

/** A pause between updates of one output that leaves ten minutes of them under 0.9 MB. */
export function pacer(now: () => number = () => performance.now()): Pause {
  let credit = CREDIT;
  let before = now();
  return (bytes) => {
    const time = now();
    credit = Math.min(CREDIT, credit + BYTES_PER_SECOND * (time - before) / 1_000) - bytes;
    before = time;
    // The next update is about as large as this one.
    return Math.max(LEAST_MS, ((bytes - credit) / BYTES_PER_SECOND) * 1_000);
  };
}

/** Bytes that a bundle takes in the notebook file, where it is JSON. */
export function bundleBytes(bundle: Readonly<Record<string, string>>): number {
  return new TextEncoder().encode(JSON.stringify(bundle)).length;
}
