// Documents from CSV: the types that pandas gives to columns (the task `animals` compares them with the harness), and faults.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { csvDocuments } from "../../lib/harness/csv-documents.ts";
import { pythonText } from "../../lib/harness/python-values.ts";
import { taskOf, withTask } from "./fakes.ts";

const TASK = `task: mine
dataset_path: csv
dataset_kwargs: { data_files: { test: test.jsonl } }
test_split: test
output_type: multiple_choice
doc_to_choice: ["yes", "no"]
doc_to_text: q
`;

/** A column as the harness writes it into prompts. */
function written(...cells: string[]): string[] {
  const rows = cells.map((cell, i) => ({ place: `t.csv line ${i + 2}`, cells: [cell] }));
  return csvDocuments({ columns: ["x"], rows }, "t.csv").map(({ fields }) => pythonText(fields["x"]));
}

Deno.test("`csvDocuments()` gives each column one type", () => {
  assert.deepEqual(written("1", "-2", "+3", " 4"), ["1", "-2", "3", "4"]);
  assert.deepEqual(written("1", "NA", "2"), ["1.0", "None", "2.0"]);
  assert.deepEqual(written("1", "0.5", ".25", "1e3", "-inf"), ["1.0", "0.5", "0.25", "1000.0", "-inf"]);
  assert.deepEqual(written("true", "FALSE", ""), ["True", "False", "None"]);
  assert.deepEqual(written("true", "1"), ["true", "1"]);
  assert.deepEqual(written("007", "7a", "null"), ["007", "7a", "None"]);
  assert.deepEqual(written("", "n/a"), ["None", "None"]);
  assert.deepEqual(written("12345678901234567890", "1"), ["12345678901234567890", "1"]);
});

for (
  const [what, data, message] of [
    ["a row that is too short", "q,right\nx,0\ny\n", /line 3 has 1 fields, but the first line names 2/],
    ["a quotation mark that stays open", 'q,right\n"x,0\n', /a quotation mark that opens in record 1 is never closed/],
    ["two columns of one name", "q,q,right\nx,y,0\n", /two columns are called "q"/],
    ["a missing answer", "q,right\nx,\n", /line 2: its target None is not among the 2 choices/],
    ["an answer outside the choices", "q,right\nx,2\n", /line 2: its target 2 is not among the 2 choices/],
    ["nothing", "", /there are no documents/],
  ] as const
) {
  Deno.test(`${what} in CSV is refused with its place`, () =>
    withTask("", data, async (path) => {
      await assert.rejects(
        async () => (await taskOf(path)).items(),
        (error) => error instanceof UserError && message.test(error.message) || assert.fail(String(error)),
      );
    }, TASK));
}
