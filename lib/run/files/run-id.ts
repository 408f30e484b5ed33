// Run ids: sortable by time, readable, and safe as a folder name.

const RUN_ID = /^\d{8}-\d{6}(?:-[a-z0-9]+)+$/;
const LONGEST = 100;
const ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";

/** Whether a text has the form of a run id. */
export function isRunId(text: string): boolean {
  return text.length <= LONGEST && RUN_ID.test(text);
}

/** A new id, `20261122-051207-bts-quick-k3f9`: UTC date and time, experiment, preset, four random characters. */
export function makeRunId(experiment: string, preset: string, now: Date = new Date()): string {
  const [date, time] = now.toISOString().replace(/[-:]/g, "").split(/[T.]/);
  const random = Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => ALPHABET[byte % ALPHABET.length]);
  return [date, time, slug(experiment), slug(preset), random.join("")].filter((part) => part !== "").join("-");
}

/** The time in a run id, ISO 8601 in UTC; the start of 1970 when its digits are no time. */
export function timeOfRunId(id: string): string {
  const time = new Date(id.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-.*$/, "$1-$2-$3T$4:$5:$6Z"));
  return new Date(Number.isNaN(time.getTime()) ? 0 : time).toISOString();
}

function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 32).replace(/^-+|-+$/g, "");
}
