// Why a run ended early, in words. Pure: the browser loads this file.

/** Why a run ended early; null when it did not. A requested stop is not an error. */
export function endReason(run: { readonly status: string; readonly error: string | null }): string | null {
  if (run.status !== "stopped") return run.error;
  const why = /^(?:StopError: )?Stopped (by .+)$/.exec(run.error ?? "")?.[1];
  return `stopped${why === undefined ? "" : ` ${why}`}; re-run the same command to resume (finished cells are cached)`;
}
