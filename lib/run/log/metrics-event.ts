// Recognizing metrics events without the schema: nearly all lines of a long log are metrics, and zod takes ten times as
// long for one.
import type { RunEvent } from "../events/events.ts";

type MetricsEvent = Extract<RunEvent, { kind: "metrics" }>;

/** The fields of a metrics event, in any order. */
const FIELDS: ReadonlySet<string> = new Set<keyof MetricsEvent>([
  "seq",
  "time",
  "kind",
  "cell",
  "step",
  "steps",
  "values",
]);

/**
 * The metrics event in a line's value. Undefined for any other kind, and where there is the slightest doubt: then the
 * schema decides. What this accepts, `eventSchema` accepts unchanged.
 */
export function metricsEvent(value: unknown): MetricsEvent | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const event = value as MetricsEvent;
  if (event.kind !== "metrics") return undefined;
  const fields = Object.keys(event);
  const sound = fields.length === FIELDS.size && fields.every((field) => FIELDS.has(field)) &&
    isCount(event.seq) && isCount(event.step) && isCount(event.steps) && event.steps > 0 &&
    typeof event.cell === "string" && event.cell !== "" && isStamp(event.time) && areValues(event.values);
  return sound ? event : undefined;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether a text is a time exactly as the writer's `toISOString()` writes it. */
function isStamp(text: unknown): boolean {
  if (typeof text !== "string" || text.length !== 24) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

function areValues(values: unknown): boolean {
  if (typeof values !== "object" || values === null || Array.isArray(values)) return false;
  return Object.entries(values).every(([name, value]) =>
    name !== "__proto__" && (value === null || Number.isFinite(value))
  );
}
