// Why a run ended early, in words for people. Pure, and without imports: the browser loads it too.

/** Why a run ended early, or null when it did not: a stop that someone asked for is no error. */
export function endingText(run: { readonly status: string; readonly error: string | null }): string | null {
  if (run.status !== "stopped") return run.error;
  const why = /^(?:StopError: )?Stopped (by .+)$/.exec(run.error ?? "")?.[1];
  return `stopped${
    why === undefined ? "" : ` ${why}`
  }; finished cells stay cached, so the same command goes on from there`;
}
