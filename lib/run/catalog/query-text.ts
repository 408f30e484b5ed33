// Checking SQL: one statement that begins like a query. SQLite itself also opens the file read-only.
import { UserError } from "../../errors.ts";

/**
 * The single statement in a text, without its semicolon.
 *
 * @throws UserError `query.empty`, `query.several`, `query.not-read-only`
 */
export function readQuery(text: string): string {
  const bare = withoutTextsAndComments(text);
  const end = bare.indexOf(";");
  if (bare.replaceAll(";", "").trim() === "") {
    throw new UserError(
      "query.empty",
      "Cannot run an empty query",
      'deno task query --sql "select id, status from runs"',
    );
  }
  if (end >= 0 && bare.slice(end).replaceAll(";", "").trim() !== "") {
    throw new UserError(
      "query.several",
      "Cannot run several statements: expected one",
      "remove everything after the first ;",
    );
  }
  const word = bare.match(/\S+/)![0].match(/^\w*/)![0].toLowerCase();
  if (!["select", "with", "values", "explain"].includes(word)) {
    throw new UserError(
      "query.not-read-only",
      `Cannot run "${
        word === "" ? text.trim().slice(0, 20) : word
      }": a query must begin with select, with, values or explain`,
      "the index is built from the logs and is read-only; deno task tag, note and rename change a run's labels",
    );
  }
  return end < 0 ? text : text.slice(0, end);
}

/** The text with strings, quoted names and comments blanked out, at the same positions. */
function withoutTextsAndComments(sql: string): string {
  const blank = (piece: string) => " ".repeat(piece.length);
  const quoted = /'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?/;
  const comments = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/;
  return sql.replace(
    new RegExp(`${comments.source}|${quoted.source}`, "g"),
    (piece) => piece.startsWith("--") || piece.startsWith("/*") ? blank(piece) : "x".repeat(piece.length),
  );
}
