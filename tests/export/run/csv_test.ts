// A run as CSV: read back by a CSV reader, every value is there once, whatever is in it.
import assert from "node:assert/strict";
// Its types pull in those of Node, which differ from Deno's.
// @ts-types="./csv-parse-sync.d.ts"
import { parse } from "csv-parse/sync";
import { csvFiles } from "../../../lib/export/run/csv.ts";
import { EVIL, evilAbout, evilView, sampleView } from "../../report/sample.ts";

const texts = (run: Parameters<typeof csvFiles>[0]) =>
  Object.fromEntries(csvFiles(run).map(({ name, content }) => [name, [...content].join("")]));
const rows = (text: string) => parse(text, { columns: true });
const noLabels = { name: null, tags: [], notes: [], damaged: 0 };

Deno.test("`csvFiles()` has every point, measurement, table value and cell once, with all digits", () => {
  const view = sampleView();
  const files = texts({ view, labels: noLabels, provenance: [] });
  assert.deepEqual(Object.keys(files), ["metrics.csv", "results.csv", "tables.csv", "cells.csv", "settings.csv"]);
  const points = view.cells.flatMap(({ name, metrics }) =>
    metrics.flatMap(({ step, values }) => Object.entries(values).map(([metric, value]) => [name, step, metric, value]))
  );
  assert.deepEqual(
    rows(files["metrics.csv"]!).map(({ cell, step, metric, value }) => [cell, Number(step), metric, Number(value)]),
    points,
  );
  const measured = Object.entries(view.results!.methods).flatMap(([method, list]) =>
    list.map(({ name, group, value, interval }) => [method, name, group, value, interval?.[0] ?? ""])
  );
  assert.deepEqual(
    rows(files["results.csv"]!).map(({ method, measure, group, value, low }) => [
      method,
      measure,
      group,
      Number(value),
      low === "" ? "" : Number(low),
    ]),
    measured,
  );
  const values = view.cells.flatMap(({ tables }) => tables).flatMap((table) =>
    table.rows.length * table.columns.length
  );
  assert.equal(rows(files["tables.csv"]!).length, values.reduce((sum, count) => sum + count));
  assert.deepEqual(rows(files["cells.csv"]!).map(({ cell }) => cell), view.cells.map(({ name }) => name));
  assert.deepEqual(rows(files["settings.csv"]!).find(({ setting }) => setting === "stitch.count"), {
    run: view.id,
    setting: "stitch.count",
    value: "4",
    from: "",
  });
});

Deno.test("`csvFiles()` keeps quotes, commas and line breaks of names, and writes points that are not finite as NaN", () => {
  const nasty = `${EVIL}, "quoted"\r\nnext line`;
  const view = { ...evilView(), id: nasty };
  const files = texts({ view, ...evilAbout() });
  for (const [name, text] of Object.entries(files)) {
    const read = rows(text);
    assert.ok(read.length > 0, name);
    assert.ok(read.every(({ run }) => run === nasty), name);
  }
  const metrics = rows(files["metrics.csv"]!);
  assert.deepEqual(
    new Set(metrics.filter(({ metric }) => metric === `../${EVIL}`).map(({ value }) => value)),
    new Set(["NaN"]),
  );
});

Deno.test("`csvFiles()` of a run without results and cells has headers only", () => {
  const view = { ...sampleView(), results: null, cells: [] };
  const files = texts({ view, labels: noLabels, provenance: [] });
  for (const name of ["metrics.csv", "results.csv", "tables.csv", "cells.csv"]) {
    assert.match(files[name]!, /^run,[a-z,]+\r\n$/);
  }
});
