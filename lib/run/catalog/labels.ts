// What people say about a run: a name, tags and notes, in a small append-only file next to the event log.
import { join } from "node:path";
import { z } from "zod";
import { absent, attempt, systemReason, UserError } from "../../errors.ts";
import type { Labels } from "../events/views.ts";
import { printable } from "../view/mod.ts";
import { appendLine } from "../files/files.ts";
import { isRunId } from "../files/run-id.ts";
import type { LabelSchema } from "../inferred-types.ts";

/** Name of the file in a run's folder. Unlike the event log, it may have any number of writers. */
export const LABELS_FILE = "labels.jsonl";

const text = z.string().max(10_000);
const labelSchema: LabelSchema = z.discriminatedUnion("kind", [
  z.strictObject({ time: z.iso.datetime(), kind: z.literal("name"), name: z.string().max(200).nullable() }),
  z.strictObject({ time: z.iso.datetime(), kind: z.literal("tags"), add: z.array(text), remove: z.array(text) }),
  z.strictObject({ time: z.iso.datetime(), kind: z.literal("note"), text }),
]);

type Label = z.infer<typeof labelSchema>;
/** A change of a run's labels, without the time. */
export type LabelBody = Label extends infer L ? L extends unknown ? Omit<L, "time"> : never : never;

const SWEEP_TAG = "sweep:";

/** The tag of a sweep's trials. */
export function sweepTag(sweep: string): string {
  return SWEEP_TAG + sweep;
}

/** The sweep that a run's tags name; undefined if there is none among them. */
export function sweepOf(tags: readonly string[]): string | undefined {
  return tags.find((tag) => tag.startsWith(SWEEP_TAG))?.slice(SWEEP_TAG.length);
}

/** The labels of the run in this folder; none when there is no such file. */
export async function readLabels(folder: string): Promise<Labels> {
  const content = await Deno.readTextFile(join(folder, LABELS_FILE)).catch(absent) ?? "";
  let name: string | null = null;
  let damaged = 0;
  const tags = new Set<string>();
  const notes: { time: string; text: string }[] = [];
  for (const line of content.split("\n")) {
    if (line === "") continue;
    const label = attempt(() => labelSchema.parse(JSON.parse(line)));
    if (label === undefined) damaged++;
    else if (label.kind === "name") name = label.name;
    else if (label.kind === "note") notes.push({ time: label.time, text: label.text });
    else {
      for (const tag of label.remove) tags.delete(tag);
      for (const tag of label.add) tags.add(tag);
    }
  }
  return { name, tags: [...tags].sort(), notes, damaged };
}

/**
 * Adds one change to a run's labels. Any number of processes may do so at the same time: each appends one whole line.
 *
 * @throws UserError `labels.write` when the folder cannot be written
 */
export function addLabel(folder: string, body: LabelBody): void {
  const path = join(folder, LABELS_FILE);
  try {
    const line = JSON.stringify(labelSchema.parse({ time: new Date().toISOString(), ...body })) + "\n";
    appendLine(path, new TextEncoder().encode(line));
  } catch (error) {
    if (error instanceof z.ZodError) throw error;
    throw new UserError(
      "labels.write",
      `Cannot write ${path}: ${systemReason(error) ?? error}`,
      "check the permissions of the run's folder",
    );
  }
}

/**
 * Refuses names, tags and notes that are not allowed.
 *
 * @throws UserError `label.name`, `label.tag`, `label.note`
 */
export function checkLabel(label: LabelBody): void {
  if (label.kind === "name") {
    if (label.name !== null) checkName(label.name);
  } else if (label.kind === "note") checkNote(label.text);
  else {
    for (const tag of [...label.add, ...label.remove]) checkTag(tag);
    const both = label.add.find((tag) => label.remove.includes(tag));
    if (both !== undefined) throw new UserError("label.tag", `Cannot both add and remove the tag "${both}"`);
  }
}

/**
 * Refuses what cannot be the name of a run or a sweep: an id or `last`, several lines, too many characters.
 *
 * @throws UserError with `code`
 */
export function checkName(name: string, what: "run" | "sweep" = "run", code = "label.name"): void {
  if (name === "last" || isRunId(name)) {
    throw new UserError(code, `Cannot name a ${what} "${name}": that already means a ${what}`, "choose another name");
  }
  if (name.trim() === "" || name !== printable(name) || name.length > 200) {
    throw new UserError(
      code,
      `Cannot name a ${what} ${JSON.stringify(name.slice(0, 50))}: expected one line of at most 200 characters`,
    );
  }
}

function checkNote(text: string): void {
  if (text.trim() === "") throw new UserError("label.note", "Cannot add an empty note: expected some text");
  if (text.length > 10_000) {
    throw new UserError("label.note", `Cannot add a note of ${text.length} characters: expected at most 10000`);
  }
}

function checkTag(tag: string): void {
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_.:/-]{0,63}$/u.test(tag)) return;
  throw new UserError(
    "label.tag",
    `Cannot use the tag ${JSON.stringify(tag.slice(0, 50))}: expected at most 64 letters, digits and _ . : / -`,
    "a note may be any text: deno task note <run> <text>",
  );
}
