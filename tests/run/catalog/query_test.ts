// Queries of the index: they only read, they end in time, and errors are explained.
import assert from "node:assert/strict";
import { UserError } from "../../../lib/errors.ts";
import { queryCommand } from "../../../lib/cli/query.ts";
import { beginRun, queryRuns } from "../../../lib/run/mod.ts";
import { readQuery } from "../../../lib/run/catalog/query-text.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";

for (
  const sql of [
    "select 1",
    "  SELECT 1;  ",
    "-- a; remark\nselect ';' as \";\", '--' /* ; delete */ ; ; ",
    "with a as (select 1) select * from a",
    "values (1)",
    "explain query plan select * from runs",
    "select 'it''s; fine'",
  ]
) {
  Deno.test(`\`readQuery()\` accepts ${JSON.stringify(sql)}`, () => {
    assert.match(readQuery(sql), /select|values/i);
  });
}

for (
  const [sql, code] of [
    ["", "query.empty"],
    [" ; -- nothing\n", "query.empty"],
    ["select 1; select 2", "query.several"],
    ["select 1; drop table runs", "query.several"],
    ["select ';' ; delete from runs", "query.several"],
    ["delete from runs", "query.not-read-only"],
    ["/* select */ update runs set name = 'x'", "query.not-read-only"],
    ["pragma journal_mode = delete", "query.not-read-only"],
    ["attach 'x' as y", "query.not-read-only"],
    ["vacuum into 'copy'", "query.not-read-only"],
    ["create temp table t (a)", "query.not-read-only"],
    ["(select 1)", "query.not-read-only"],
    ["with a as (select 1) delete from runs", "query.failed"],
    ["select nope from runs", "query.failed"],
    ["select * from nope", "query.failed"],
    ["select 'open", "query.failed"],
    ["select load_extension('x')", "query.failed"],
    ["select 1 as a, 2 as b, 3 as a", "query.failed"],
    ["select * from runs a, runs b", "query.failed"],
  ] as const
) {
  Deno.test(`\`queryRuns()\` refuses ${JSON.stringify(sql)} as ${code}`, () =>
    withFolder(async (folder) => {
      (await beginRun(options(folder))).finish(emptyResults);
      await assert.rejects(queryRuns(folder, sql), (error) => error instanceof UserError && error.code === code);
      if (code === "query.failed") assert.equal((await queryRuns(folder, "select id from runs")).rows.length, 1);
    }));
}

Deno.test("`queryCommand()` prints a table or JSON, or asks to narrow the query", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder, { title: "A \x1b[31mred\x1b[0m run" }));
    run.finish(emptyResults);
    const printed = async (...args: string[]) => {
      let text = "";
      await queryCommand([...args, "--runs", folder], (piece) => text += piece);
      return text;
    };
    const text = await printed("--sql", "select title, seed, error from runs");
    assert.match(text, /^1 row\ntitle +seed +error\n.*red.* +1 +–$/s);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /\x1b/);
    assert.deepEqual(JSON.parse(await printed("--json", "--sql", "select id, seed from runs")), [{
      id: run.id,
      seed: 1,
    }]);
    const numbers = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 50) select i from n";
    assert.match(await printed("--sql", numbers, "--limit", "5"), /The first 5 rows; there are more/);
    await assert.rejects(printed("--sql", numbers, "--limit", "5", "--json"), /more than 5 rows/);
    await assert.rejects(printed("--sql", numbers, "--limit", "x"), /whole number/);
    await assert.rejects(printed(), /--sql/);
    assert.match(await printed("--help"), /Usage: query/);
  }));

Deno.test("`queryCommand()` prints integers of any size with all their digits", () =>
  withFolder(async (folder) => {
    (await beginRun(options(folder))).finish(emptyResults);
    const sql =
      "select 9007199254740993 as above, -9223372036854775808 as least, 9007199254740991 as safe, 1.5 as half";
    const { rows } = await queryRuns(folder, sql);
    assert.deepEqual({ ...rows[0] }, { above: 9007199254740993n, least: -(2n ** 63n), safe: 2 ** 53 - 1, half: 1.5 });
    let text = "";
    const print = (piece: string) => text += piece;
    await queryCommand(["--runs", folder, "--sql", sql], print);
    assert.match(text, /^9007199254740993 +-9223372036854775808 +9007199254740991 +1.5$/m);
    text = "";
    await queryCommand(["--runs", folder, "--json", "--sql", sql], print);
    assert.equal(text, '[{"above":9007199254740993,"least":-9223372036854775808,"safe":9007199254740991,"half":1.5}]');
  }));

Deno.test("A query that never ends is canceled in time, with exit code 2", () =>
  withFolder(async (folder) => {
    const endless = "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n";
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "main.ts", "query", "--timeout", "1", "--runs", folder, "--sql", endless],
      cwd: new URL("../../../", import.meta.url),
    });
    const began = performance.now();
    const { code, stderr } = await child.output();
    assert.equal(code, 2);
    assert.match(new TextDecoder().decode(stderr), /longer than 1 s/);
    assert(performance.now() - began < 30_000);
  }));
