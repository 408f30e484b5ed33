// `--limit`: the first of what there is, or a share of it.
import { UserError } from "../errors.ts";

/** A whole number from 1, or a share below 1. @throws UserError `command.number` */
export function readLimit(text: string): number {
  const limit = Number(text);
  if (limit > 0 && (limit < 1 || Number.isSafeInteger(limit))) return limit;
  throw new UserError(
    "command.number",
    `--limit is "${text}": expected a whole number from 1, or a share below 1 such as 0.1`,
  );
}
