// Filters that look at documents or rewrite answers: what the harness's make of the same answers.
import assert from "node:assert/strict";
import { readFilters } from "../../lib/harness/filters.ts";
import { readYamlFile } from "../../lib/harness/yaml-file.ts";
import { PYTHON } from "./expected.ts";
import { withTask } from "./fakes.ts";

Deno.test("`multi_choice_regex` and `format_span` find what the harness finds", () =>
  withTask("", "", async (path) => {
    const file = await readYamlFile(path);
    for (const { filter: name, settings, doc, answers, filtered } of PYTHON.filters) {
      const steps = [{ function: name, ...settings }, { function: "take_first" }];
      const [filter] = readFilters(file, "generate_until", [{ name, filter: steps }]);
      assert.deepEqual(answers.map((answer) => filter!.apply([answer], doc)), filtered, JSON.stringify(settings));
    }
  }));

Deno.test("`multi_choice_regex` names what a document lacks", () =>
  withTask("", "", async (path) => {
    const file = await readYamlFile(path);
    const steps = [{ function: "multi_choice_regex" }, { function: "take_first" }];
    const [filter] = readFilters(file, "generate_until", [{ name: "letter", filter: steps }]);
    assert.throws(() => filter!.apply(["A"], {}), /needs a field choices with a list of texts/);
    assert.throws(() => filter!.apply(["A"], { choices: Array(27).fill("a") }), /26 choices, not 27/);
  }));
