// What a cell logs, told from what an earlier attempt at it has logged: every point once, whatever was interrupted.
import { canonicalJson } from "../files/canonical.ts";
import { type EventBody, eventSchema, type RunEvent } from "../events/events.ts";

/** Kinds of events that belong to a cell's account of itself: kept with it, and logged again on a cache hit. */
const KINDS = ["metrics", "note", "table", "cell.rewind"] as const;

/** An event of a cell's own account, without its stamp. */
export type CellEvent = Extract<EventBody, { kind: (typeof KINDS)[number] }>;

/** The log of one cell. */
export interface CellLog {
  /** Writes an event, unless an earlier attempt has. */
  write(event: CellEvent): void;
  /** The cell's whole account so far, as lines for a file beside its results. */
  lines(): string;
}

/**
 * The log of a cell that `past` attempts in the same run have logged to: steps done again after a checkpoint give the
 * same points, which are not written twice.
 */
export function cellLog(write: (event: CellEvent) => RunEvent, past: readonly RunEvent[]): CellLog {
  const logged = new Map<string, { count: number; readonly step: number }>();
  const forget = (step: number) => {
    for (const [key, known] of logged) if (known.step > step) logged.delete(key);
  };
  for (const event of past) {
    if (!isCellEvent(event)) continue;
    if (event.kind === "cell.rewind") forget(event.step);
    else logged.set(identity(event), { count: 1 + (logged.get(identity(event))?.count ?? 0), step: stepOf(event) });
  }
  /** Takes one equal event from those that were logged before. */
  const takes = (event: CellEvent): boolean => {
    const known = logged.get(identity(event));
    return known !== undefined && known.count-- > 0;
  };
  const account: string[] = [];
  return {
    write(event) {
      // Going back is always said again: what was logged after it may be done again too.
      if (event.kind === "cell.rewind") forget(event.step);
      const again = event.kind !== "cell.rewind" && takes(event);
      const stamped = again ? { seq: 0, time: new Date().toISOString(), ...event } : write(event);
      account.push(JSON.stringify(stamped) + "\n");
    },
    lines: () => account.join(""),
  };
}

/** A cell's account from its file; undefined when a line does not fit the schema. */
export function parseCellEvents(text: string): CellEvent[] | undefined {
  const events: CellEvent[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const parsed = eventSchema.safeParse(JSON.parse(line));
    if (!parsed.success) return undefined;
    if (!isCellEvent(parsed.data)) continue;
    const { seq: _seq, time: _time, ...event } = parsed.data;
    events.push(event);
  }
  return events;
}

/** Whether an event belongs to a cell's account of itself. */
export function isCellEvent<Event extends { readonly kind: string }>(
  event: Event,
): event is Extract<Event, { kind: (typeof KINDS)[number] }> {
  return (KINDS as readonly string[]).includes(event.kind);
}

/** Equal for events that say the same; of metrics the step and the names count, for speeds differ every time. */
function identity(event: CellEvent): string {
  if (event.kind === "metrics") return `${event.step} ${Object.keys(event.values).sort().join(" ")}`;
  const { seq: _seq, time: _time, cell: _cell, ...body } = event as Partial<RunEvent> & CellEvent;
  return canonicalJson(body);
}

function stepOf(event: CellEvent): number {
  return event.kind === "metrics" ? event.step : -1;
}
