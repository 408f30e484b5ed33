// Settings that are refused, each by its name and line.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { readTasks } from "../../lib/harness/task-files.ts";
import { CHOICE, withTask } from "./fakes.ts";

const REST = 'doc_to_text: "?"';

const MISTAKES: Readonly<Record<string, readonly [settings: string, message: RegExp]>> = {
  "a function": [
    "doc_to_text: !function utils.text",
    /task\.yaml line 7: cannot use !function utils\.text: it is Python code/,
  ],
  "another tag": ["doc_to_text: !python/name:os.system", /line 7: cannot use !python/],
  "process_docs": [`${REST}\nprocess_docs: utils.docs`, /line 8: cannot use process_docs: it is Python code/],
  "an image": [`${REST}\ndoc_to_image: image`, /line 8: cannot use doc_to_image: models here read text only/],
  "an unknown setting": [`${REST}\ndoc_to_txet: a`, /line 8: unknown setting "doc_to_txet"/],
  "an unknown setting of examples": [
    `${REST}\nfewshot_config:\n  smapler: first_n`,
    /line 9: unknown setting "fewshot_config\.smapler"/,
  ],
  "numbers of few-shot examples, which the harness ignores": [
    `${REST}\nfewshot_config:\n  sampler: default\n  fewshot_indices: [0, 1]`,
    /line 10: cannot use fewshot_config\.fewshot_indices: the harness 0\.4\.13 reads it/,
  ],
  "far too many answers": [`${REST}\nrepeats: 1000000000`, /line 8: repeats is 1000000000/],
  "an unknown kind": [`${REST}\noutput_type: multiple_choices`, /multiple_choices/],
  "a data set on the network": [
    `${REST}\ndataset_path: allenai/arc`,
    /cannot load the data set "allenai\/arc": expected json, csv or parquet/,
  ],
  "an unknown metric": [
    `${REST}\nmetric_list:\n  - metric: acc\n  - metric: bleu`,
    /line 10: cannot compute the metric "bleu" of multiple_choice/,
  ],
  "another aggregation": [
    `${REST}\nmetric_list:\n  - { metric: acc, aggregation: f1 }`,
    /line 9: cannot aggregate acc by "f1": expected mean, nanmean, median$/,
  ],
  "a filter of scores": [
    `${REST}\nfilter_list: [{ name: a, filter: [{ function: take_first }] }]`,
    /line 8: filter_list is for generated/,
  ],
  "a wrong type": [`${REST}\nnum_fewshot: many`, /line 8: num_fewshot is "many"/],
  "no documents to ask about": [
    `${REST}\nvalidation_split: null\ntest_split: null`,
    /neither test_split nor validation_split/,
  ],
  "aliases of aliases": [
    `${REST}\na: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n${
      [..."abcdefg"].slice(1).map((one, i) => `${one}: &${one} [${Array(9).fill(`*${"abcdefg"[i]}`).join(", ")}]`).join(
        "\n",
      )
    }`,
    /task\.yaml: its aliases \(\*\) repeat too much/,
  ],
  "what is not YAML": [`${REST}\na: [1`, /task\.yaml line \d+ is not YAML/],
  "an include that is not there": [
    `${REST}\ninclude: other.yaml`,
    /line 8: Cannot read .*other\.yaml: it does not exist/,
  ],
  "an include of itself": [`${REST}\ninclude: task.yaml`, /its includes lead back to itself/],
};

const GENERATION = CHOICE.replace("multiple_choice", "generate_until").replace(/\ndoc_to_choice.*/, "") + "\n#\n";

const GENERATION_MISTAKES: typeof MISTAKES = {
  "an unknown filter": [
    `${REST}\nfilter_list:\n  - name: a\n    filter:\n      - function: regexp`,
    /line 11: unknown filter "regexp"/,
  ],
  "a filter that we do not have": [
    `${REST}\nfilter_list: [{ name: a, filter: [{ function: custom }] }]`,
    /cannot use filter "custom"/,
  ],
  "two filters of one name": [
    `${REST}\nfilter_list:\n  - { name: a, filter: [{ function: take_first }] }\n  - { name: a, filter: [{ function: take_first }] }`,
    /line \d+: there is another filter of the name "a"/,
  ],
  "a list of answers": [
    `${REST}\nfilter_list: [{ name: a, filter: [{ function: lowercase }] }]`,
    /"a" must end with take_first/,
  ],
  "a wrong expression": [
    `${REST}\nfilter_list: [{ name: a, filter: [{ function: regex, regex_pattern: "(" }] }]`,
    /its regular expression cannot be read/,
  ],
  "a wrong setting of a metric": [
    `${REST}\nmetric_list: [{ metric: exact_match, ignore_cases: true }]`,
    /exact_match has no setting "ignore_cases"/,
  ],
  "sampling without a temperature": [
    `${REST}\ngeneration_kwargs:\n  do_sample: true`,
    /line 9: do_sample needs a temperature/,
  ],
};

for (const [common, mistakes] of [[`${CHOICE}\n`, MISTAKES], [GENERATION, GENERATION_MISTAKES]] as const) {
  for (const [what, [settings, message]] of Object.entries(mistakes)) {
    Deno.test(`${what} is refused with its line`, () =>
      withTask(settings, '{"right": 0}', async (path) => {
        await assert.rejects(
          readTasks([path]),
          (error) => error instanceof UserError && message.test(error.message) || assert.fail(String(error)),
        );
      }, common));
  }
}

Deno.test("`readTasks()` names a missing file, a folder without tasks, and tasks of one name", () =>
  withTask(REST, "", async (path) => {
    await assert.rejects(readTasks(["none.yaml"]), /Cannot read none\.yaml: it does not exist/);
    const folder = join(path, "..");
    await Deno.copyFile(path, join(folder, "copy.yaml"));
    await assert.rejects(readTasks([folder]), /another task of the name "mine"/);
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace("task: mine", "task: a/b"));
    await Deno.writeTextFile(join(folder, "copy.yaml"), text.replace("task: mine", "task: a_b"));
    await assert.rejects(
      readTasks([folder]),
      /file of answers of "a(\/|_)b" has the same name as that of the task "a(\/|_)b"/,
    );
    await Deno.remove(path);
    await Deno.remove(join(folder, "copy.yaml"));
    await assert.rejects(readTasks([folder]), /has no tasks/);
  }));

Deno.test("a group that names an unknown task or metric is refused with its line", () =>
  withTask(REST, "", async (path) => {
    const group = join(path, "..", "group.yaml");
    await Deno.writeTextFile(group, "group: all\ntask:\n  - mine\n  - yours\n");
    await assert.rejects(readTasks([join(path, "..")]), /group\.yaml line 2: there is no task, group or tag "yours"/);
    await Deno.writeTextFile(group, "group: all\ntask: mine\naggregate_metric_list:\n  - aggregation: median\n");
    await assert.rejects(readTasks([join(path, "..")]), /group\.yaml line 4/);
  }));
