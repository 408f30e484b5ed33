// What a reader should know of attempts before trusting their score.
import type { AttemptRecord, KeptReply, MethodName } from "../../lib/refine/mod.ts";
import type { CellContext } from "../../lib/run/mod.ts";

type Cell = Pick<CellContext, "note">;

/** Notes what a score alone does not show: attempts without room, without drafts, without an answer, without a text. */
export function noteAttempts(
  cell: Cell,
  method: MethodName,
  records: readonly AttemptRecord[],
  replies: readonly KeptReply[],
): void {
  noteUnanswered(cell, records);
  if (method.startsWith("pdr-")) noteWithoutDrafts(cell, records);
  noteUnstated(cell, records);
  noteWithoutText(cell, replies);
}

function noteUnanswered(cell: Cell, records: readonly AttemptRecord[]) {
  const cut = records.filter(({ calls }) => calls === 0);
  if (cut.length === 0) return;
  cell.note(
    `${cut.length} attempts had no room for an answer and count as wrong: a prompt alone takes the ${budgets(cut)} ` +
      "tokens, or the model's context",
    "warning",
  );
}

function noteWithoutDrafts(cell: Cell, records: readonly AttemptRecord[]) {
  const without = records.filter(({ trace }) => trace.length > 0 && trace.every(({ role }) => role !== "draft"));
  if (without.length === 0) return;
  cell.note(
    `${without.length} attempts had no room for drafts, in the budget or in the model's context, and are one chain of thought (budgets ${
      budgets(without)
    }): give ` +
      "larger budgets, or smaller division.draftTokens, workspaceTokens and quoteTokens",
    "warning",
  );
}

function noteUnstated(cell: Cell, records: readonly AttemptRecord[]) {
  const unstated = records.filter(({ calls, answer }) => calls > 0 && answer === null);
  if (unstated.length === 0) return;
  cell.note(`${unstated.length} of ${records.length} solutions state no answer and count as wrong`);
}

function noteWithoutText(cell: Cell, replies: readonly KeptReply[]) {
  const empty = replies.filter(({ text, output, finish }) => text.trim() === "" && output > 0 && finish === "length");
  if (empty.length === 0) return;
  cell.note(
    `${empty.length} of ${replies.length} replies have no text, because the model was still thinking when its tokens ` +
      "were used up: give larger budgets, or larger division.draftTokens, workspaceTokens and chooseTokens",
    "warning",
  );
}

const budgets = (records: readonly AttemptRecord[]) =>
  [...new Set(records.map(({ allowance }) => allowance))].join(", ");
