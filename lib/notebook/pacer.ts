// How often a live output may change: at least a second apart, and never more than a budget of bytes.

/** Average bytes per second of updates: ten minutes stay under 0.9 MB even if every update is kept. */
const BYTES_PER_SECOND = 1_500;
const LEAST_MS = 1_000;

/** Milliseconds to wait after an update of so many bytes. */
export function pause(bytes: number): number {
  return Math.max(LEAST_MS, (bytes / BYTES_PER_SECOND) * 1_000);
}

/** Bytes that a bundle takes in the notebook file, where it is JSON. */
export function bundleBytes(bundle: Readonly<Record<string, string>>): number {
  return new TextEncoder().encode(JSON.stringify(bundle)).length;
}
