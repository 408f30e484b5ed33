// Filtering a list of runs by what a person types.
import assert from "node:assert/strict";
import {
  checkFilter,
  type FilteredRun,
  flatSettings,
  matchesFilter,
  parseFilter,
} from "../../../lib/run/view/run-filter.ts";

const run: FilteredRun = {
  id: "20261122-101010-bts-quick-aaaa",
  name: "Best so far",
  title: "Branch-Train-Stitch",
  experiment: "bts",
  preset: "quick",
  seed: 2,
  device: "CPU, 2 threads",
  status: "done",
  tags: ["good", "sweep:lr"],
  settings: flatSettings({
    model: { width: 64 },
    stitch: { count: 4, kinds: ["E2H"] },
    train: { seed: { lr: 1e-3 } },
    hub: "seed",
    data: { code: "builtin" },
  }),
};
const finds = (text: string, other: Partial<FilteredRun> = {}) =>
  matchesFilter({ ...run, ...other }, parseFilter(text));

Deno.test("words match names, tags, status and settings, in any case", () => {
  for (const text of ["", "best", "BEST far", "quick done", "good", "stitch.count=4", "width=64", "aaaa"]) {
    assert.ok(finds(text), text);
  }
  for (const text of ["worst", "best worst", "stitch.count=5"]) assert.ok(!finds(text), text);
});

Deno.test("`seed 2` and `seed:2` ask for the seed, not for any 2", () => {
  for (const text of ["seed 2", "seed:2", "Seed 2 best"]) {
    assert.ok(finds(text), text);
    assert.ok(!finds(text, { seed: 12 }), text);
    assert.ok(!finds(text, { seed: 1 }), `${text}: a run with 2 threads and seed 1`);
  }
});

Deno.test("`field:value` asks for fields and settings, by the end of their key too", () => {
  for (
    const text of [
      "tag:good",
      "status:done",
      "preset:quick",
      "name:best",
      'name:"best so far"',
      "stitch.count:4",
      "count:4",
      "model.width:>32",
      "width:<=64",
      "lr:1e-3",
      "train.seed.lr:0.001",
      "kinds:e2h",
      "hub:=seed",
      "tag:sweep:lr",
    ]
  ) {
    assert.ok(finds(text), text);
  }
  for (
    const text of [
      "tag:bad",
      "status:running",
      "count:5",
      "model.width:>64",
      "width:<64",
      "lr:1e-4",
      "unknown.key:1",
      '"best far"',
      "hub:=see",
      "seed:best",
    ]
  ) {
    assert.ok(!finds(text), text);
  }
});

Deno.test("a run without a name is found by its title", () => assert.ok(finds("name:branch", { name: null })));

Deno.test("half-typed filters hide nothing that they should not", () => {
  for (const text of ['"best', "tag:", "seed", "best:", ":", '""']) assert.doesNotThrow(() => parseFilter(text), text);
  assert.ok(finds('"best so'));
  assert.ok(finds("tag:", { tags: ["tagged"] }));
});

Deno.test("`checkFilter()` names the terms that cannot be meant, and keeps the others", () => {
  const check = (text: string) => checkFilter(text, (field) => ["width", "stitch/loss"].includes(field));
  assert.deepEqual(check("seed:2 width:>64 stitch/loss:<2 word").problems, []);
  for (
    const [text, says] of [
      ["nosuch:1", /No run has "nosuch"/],
      ["width:>x", /Cannot compare width with "x"/],
      ["width:>", /Cannot compare width with ""/],
      ["tag:", /"tag:" has no value/],
      ['"open', /not closed/],
    ] as const
  ) {
    const { terms, problems } = check(`seed:2 ${text}`);
    assert.equal(problems.length, 1, text);
    assert.match(problems[0]!, says);
    assert.deepEqual(terms[0], { kind: "field", field: "seed", value: "2" }, text);
    assert.ok(!terms.some((term) => term.kind === "field" && term.field !== "seed"), text);
  }
});
