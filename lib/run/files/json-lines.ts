// Files of JSON lines that people write: each line an object with an id of its own.
import type { z } from "zod";
import { UserError } from "../../errors.ts";

/**
 * The objects in JSON lines; blank lines are skipped.
 *
 * @param where the path for messages, and the code and hint of the error
 * @throws UserError with the line of what is wrong: not JSON, not as the schema says, or an id that an earlier line has
 */
export function parseJsonLines<Item extends { readonly id: string }>(
  text: string,
  schema: z.ZodType<Item>,
  { path, code, hint }: { readonly path: string; readonly code: string; readonly hint: string },
): Item[] {
  const lines = new Map<string, number>();
  return text.replace(/^\uFEFF/, "").split("\n").flatMap((line, i): Item[] => {
    if (line.trim() === "") return [];
    const refuse = (what: string): never => {
      throw new UserError(code, `${path}, line ${i + 1}: ${what}`, hint);
    };
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch (error) {
      refuse(`not JSON: ${(error as Error).message}`);
    }
    const { success, data, error } = schema.safeParse(json);
    if (!success) {
      const { path: place, message } = error.issues[0]!;
      return refuse(place.length === 0 ? message : `${place.join(".")}: ${message}`);
    }
    if (lines.has(data.id)) refuse(`the id ${JSON.stringify(data.id)} is that of line ${lines.get(data.id)}, too`);
    lines.set(data.id, i + 1);
    return [data];
  });
}
