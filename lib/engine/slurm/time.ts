// Times as Slurm writes and reads them.

/**
 * Seconds of `1-12:00:00`, `1-12`, `2:00:00`, `30:00` (minutes and seconds) or `90` (minutes).
 *
 * @returns undefined for no limit, null for anything else
 */
export function secondsOfTime(text: string): number | undefined | null {
  if (/^(infinite|unlimited)$/i.test(text)) return undefined;
  const parts = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text);
  if (parts === null) return null;
  const [days, ...rest] = parts.slice(1).map((part) => part === undefined ? undefined : Number(part));
  const given = rest.filter((part) => part !== undefined);
  // With days the first is hours; without, one or two parts are minutes and seconds.
  const [hours = 0, minutes = 0, seconds = 0] = days !== undefined || given.length === 3 ? given : [0, ...given];
  return 86_400 * (days ?? 0) + 3600 * hours + 60 * minutes + seconds;
}
