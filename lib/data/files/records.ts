// Turns a record of the user's data into a document, by the same rule for every format.
import { nearest, UserError } from "../../errors.ts";
import type { Document } from "../types.ts";
import { conversation } from "./conversation.ts";
import type { LoadOptions } from "./options.ts";
import { decodeUtf8 } from "./utf8.ts";

/** The field with a conversation, if a record does not have the one for text. */
export const MESSAGES = "messages";

/** The place of a record: a file, and a line, row or element in it. */
export interface RecordPlace {
  readonly path: string;
  readonly unit: "line" | "row" | "element";
  /** From 1. */
  readonly number: number;
}

/** The place in words: `file line 7`. */
export function placeName({ path, unit, number }: RecordPlace): string {
  return `${path} ${unit} ${number}`;
}

/**
 * The document of a record, which is an object with the text in a field, or the text itself. Undefined if the text is null
 * or blank. A list in this field, or in the field `messages` of a record without it, is a conversation.
 *
 * @param options.textField name of the field or, if there is no such field, a path into nested ones such as `meta.text`
 * @throws UserError if there is no such field, or it holds neither text nor a conversation
 */
export function recordDocument(record: unknown, place: RecordPlace, options: LoadOptions): Document | undefined {
  const first = options.textField.split(".", 1)[0]!;
  const isChat = isRecord(record) && Object.hasOwn(record, MESSAGES) &&
    ![options.textField, first].some((name) => Object.hasOwn(record, name));
  const textField = isChat ? MESSAGES : options.textField;
  const value = typeof record === "string" ? record : fieldOf(record, place, textField);
  if (value === null) return undefined;
  if (Array.isArray(value)) {
    const tools = isRecord(record) ? record["tools"] : undefined;
    const id = `${place.path}#${place.number}`;
    return { id, ...conversation(value, tools, `${placeName(place)}: the field "${textField}"`, options) };
  }
  const text = value instanceof Uint8Array ? decodeUtf8(value, placeName(place)) : value;
  if (typeof text !== "string" || !text.isWellFormed() || text.includes("\0")) {
    const wrong = typeof text !== "string"
      ? `is ${typeof text === "object" ? "an object" : `a ${typeof text}`}, not text`
      : text.isWellFormed()
      ? "has a NUL character"
      : "has half of a surrogate pair, which is not Unicode text";
    throw new UserError(
      "data.bad-text",
      `${placeName(place)}: the field "${textField}" ${wrong}`,
      "Correct or remove the record, or skip such records with data.skipBad=true",
    );
  }
  return text.trim() === "" ? undefined : { id: `${place.path}#${place.number}`, text };
}

function fieldOf(record: unknown, place: RecordPlace, textField: string): unknown {
  if (!isRecord(record)) {
    throw new UserError(
      "data.bad-json",
      `${placeName(place)} is ${record === null ? "null" : `a ${Array.isArray(record) ? "list" : typeof record}`}, ` +
        "not a JSON object",
      `Expected {"${textField}": "…"}`,
    );
  }
  if (Object.hasOwn(record, textField)) return record[textField];
  let value: unknown = record;
  for (const name of textField.split(".")) {
    if (value === null) return null;
    if (typeof value !== "object" || !Object.hasOwn(value as object, name)) {
      throw missingField(placeName(place), textField, fieldNames(record));
    }
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names of the fields; for fields with nested ones, the paths of those. */
function fieldNames(record: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(record).flatMap(([name, value]) =>
    isRecord(value) && !(value instanceof Uint8Array) ? Object.keys(value).map((inner) => `${name}.${inner}`) : [name]
  );
}

/** The error for a record or table without the text field. */
export function missingField(where: string, textField: string, fields: readonly string[]): UserError {
  const meant = fields.includes(MESSAGES)
    ? MESSAGES
    : fields.find((field) => field.endsWith(`.${textField}`)) ?? nearest(textField, fields) ?? fields[0];
  return new UserError(
    "data.missing-field",
    `${where} has no field "${textField}": it has ${fields.slice(0, 12).join(", ") || "none"}`,
    meant === undefined ? "Name the field with data.textField" : `Name the field, such as data.textField=${meant}`,
  );
}
