// The report's page and Markdown: complete, inert, whole on disk, and sound in a real browser.
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { reportMarkdown } from "../../lib/report/markdown.ts";
import { escapeMarkdown, gridMarkdown, gridOf, writeReport } from "../../lib/report/mod.ts";
import { reportHtml } from "../../lib/report/page.ts";
import { measureGrids } from "../../lib/report/results.ts";
import { foldEvents } from "../../lib/run/mod.ts";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { valuesBy } from "../run/results.ts";
import { EVIL, evilAbout, evilView, sampleEvents, sampleView } from "./sample.ts";

Deno.test("the table of bits per byte says that intervals take enough documents where some are missing", () => {
  const { results } = sampleView();
  const caption = () => measureGrids(results!, "scores")[0]!.caption;
  const withoutInterval = (group: (name: string) => boolean) => {
    for (const one of Object.values(results!.methods).flat()) if (group(one.group)) one.interval = null;
  };
  assert.match(caption(), /, with 95 % intervals; lower/);
  withoutInterval((name) => name === "code");
  assert.match(caption(), /, with 95 % intervals where there are enough documents; lower/);
  withoutInterval(() => true);
  assert.equal(caption(), "Held-out bits per byte; lower is better");
});

Deno.test("`reportHtml()` holds every score with its interval, and no script or foreign address", () => {
  const view = sampleView();
  const html = reportHtml(view);
  const { document } = parseHTML(html);
  for (const method of Object.values(view.results!.methods)) {
    for (const value of Object.values(valuesBy(method, "bpb"))) assert.ok(html.includes(value.toFixed(3)));
  }
  assert.equal(document.querySelectorAll("figure svg").length, 1 + 1 + 1 + 3 + 4 + 2 + 1 + 1);
  assert.equal(document.querySelectorAll("script, link, img, iframe").length, 0);
  assert.doesNotMatch(html.replaceAll("http://www.w3.org/2000/svg", ""), /https?:\/\/|url\(|@import/);
  assert.match(html, /In brackets: 95 % intervals/);
  assert.match(html, /<strong>1\.\d{3}<\/strong> <small>\[/);
});

Deno.test("`reportHtml()` and `reportMarkdown()` with what is beside the log have every curve, setting and fact", () => {
  const view = sampleView(), about = evilAbout();
  const { document } = parseHTML(reportHtml(view, about));
  const markdown = reportMarkdown(view, about).replaceAll("\\", "");
  const figure = document.querySelector("#figure-curves")!;
  const panels = [...figure.querySelectorAll("svg")].map((svg) => svg.getAttribute("aria-label"));
  assert.deepEqual(panels, ["lr by step", "tokensPerSecond by step"]);
  const { git, environment } = about.provenance[0]!;
  const facts = [git!.commit, environment.processor, "stitch.count", "good", "--set"];
  for (const fact of facts) {
    assert.ok(document.querySelector("main")!.textContent!.includes(fact), fact);
    assert.ok(markdown.includes(fact), fact);
  }
  for (const { name, metrics } of view.cells.filter(({ metrics }) => metrics.length > 0)) {
    const line = markdown.split("\n").find((line) => line.startsWith(`| ${name} | lr |`));
    assert.ok(line?.includes(`| ${metrics.length} |`), line);
  }
  assert.doesNotMatch(reportHtml(view), /figure-curves|>Provenance</);
});

Deno.test("`reportHtml()` shows markup in any name as text", () => {
  for (const about of [undefined, evilAbout()]) {
    const { document } = parseHTML(reportHtml(evilView(), about));
    assert.equal(document.querySelectorAll("script, img, a").length, 0);
    for (const element of document.querySelectorAll("*")) {
      for (const { name } of element.attributes) assert.ok(!name.startsWith("on"), name);
    }
    assert.ok(document.querySelector("h1")!.textContent!.includes(EVIL));
  }
});

Deno.test("`reportMarkdown()` keeps tables rectangular and markup inert", () => {
  const markdown = reportMarkdown(evilView(), evilAbout());
  const outside = markdown.replace(/^(`{3,})[^`\n]*\n[\s\S]*?\n\1$/gm, "");
  assert.doesNotMatch(outside, /<(script|img)|(?<!\\)\]\(javascript/);
  const pipes = (line: string) => line.replace(/\\\\/g, "").replace(/\\\|/g, "").split("|").length;
  for (const block of outside.split("\n\n").filter((block) => block.startsWith("| "))) {
    assert.equal(new Set(block.split("\n").map(pipes)).size, 1, block);
  }
});

Deno.test("`escapeMarkdown()` leaves plain words and numbers as they are", () => {
  assert.equal(escapeMarkdown("code expert 1.234 − 5 %"), "code expert 1.234 − 5 %");
});

Deno.test("`reportHtml()` and `reportMarkdown()` say when a run is not done", () => {
  for (const status of ["running", "failed", "stopped", "lost"] as const) {
    const view = { ...sampleView(), status, results: null, error: status === "failed" ? "Loss became NaN" : null };
    assert.match(reportHtml(view), /class="status"/);
    assert.match(reportMarkdown(view), /^> This run/m);
    if (status === "failed") assert.match(reportHtml(view), /Loss became NaN/);
  }
  assert.doesNotMatch(reportHtml(sampleView()), /class="status"/);
});

Deno.test("reports can be made at every moment of a run", () => {
  const events = sampleEvents();
  for (let end = 1; end <= events.length; end += 101) {
    const view = foldEvents(events.slice(0, end))!;
    assert.doesNotMatch(reportHtml(view) + reportMarkdown(view), /NaN|undefined/);
  }
});

Deno.test("`gridOf()` marks all ties of the best and no lone value", () => {
  const column = { key: "a", title: "a", kind: "number" as const, digits: 1, better: "lower" as const };
  const grid = (values: (number | null)[]) =>
    gridOf({ name: "t", title: "", columns: [column], rows: values.map((a) => ({ a })) }).rows.map(([cell]) =>
      cell!.best ?? false
    );
  assert.deepEqual(grid([2, 1, 1, null]), [false, true, true, false]);
  assert.deepEqual(grid([1, null]), [false, false]);
  assert.equal(gridMarkdown(gridOf({ name: "t", title: "", columns: [column], rows: [] })), "| a |\n| ---: |");
});

Deno.test("`gridOf()` writes whole numbers from 1,000 on alike, whether they were rounded or not", () => {
  const text = (value: number, digits?: number) =>
    gridOf({
      name: "t",
      title: "",
      columns: [{ key: "a", title: "a", kind: "number", ...(digits === undefined ? {} : { digits }) }],
      rows: [{ a: value }],
    }).rows[0]![0]!.text;
  assert.deepEqual(
    [text(22957.4, 0), text(6144, 0), text(6144), text(999.4, 0), text(-2000.4, 0), text(2062.5, 1), text(0.5)],
    ["22,957", "6,144", "6,144", "999", "−2,000", "2062.5", "0.5"],
  );
});

Deno.test("`gridOf()` shows a small difference as one", () => {
  const column = (key: string) => ({ key, title: key, kind: "number", digits: 4 }) as const;
  const table = {
    name: "comparisons",
    title: "",
    columns: ["difference", "low", "other"].map(column),
    rows: [{ difference: 0.00002, low: -0.1, other: 0.00002 }, { difference: 0, low: 1, other: 1 }],
  };
  assert.deepEqual(gridOf(table).rows.map((row) => row.map(({ text }) => text)), [
    ["0.00002", "−0.10000", "0.000020"],
    ["0.00000", "1.00000", "1.0000"],
  ]);
});

Deno.test("`gridOf()` marks nothing where all values print alike", () => {
  const column = { key: "a", title: "a", kind: "number" as const, digits: 1, better: "higher" as const };
  const grid = gridOf({ name: "t", title: "", columns: [column], rows: [{ a: 0 }, { a: 0.01 }, { a: 0 }] });
  assert.ok(grid.rows.every(([cell]) => !cell!.best));
});

Deno.test("`reportHtml()` and `reportMarkdown()` call experts alike, also where a stitch names them by domain", () => {
  const view = sampleView();
  const gates = view.cells.flatMap(({ tables }) => tables).find(({ name }) => name === "gates")!;
  for (const row of gates.rows) row.model = String(row.model).replace("expert:", "");
  const { document } = parseHTML(reportHtml(view));
  const words = [...document.querySelectorAll("figure text, figure span, table")].map((node) => node.textContent);
  assert.ok(words.includes("code expert"));
  assert.doesNotMatch(words.join("\n"), /expert:code/);
  assert.match(reportMarkdown(view), /\| stitch 1 \| H2E \| english \| code expert \|/);
});

Deno.test("`reportHtml()` folds a cell's files into a table under its folder, named once", () => {
  const view = sampleView();
  const file = (name: string, bytes: number) => ({ name, path: `.cells/ab12/${name}`, bytes, sha256: "" });
  view.cells[0]!.artifacts.push(file("starts.i32", 336), file("tokens.i32", 353_360), file("sub.bin", 8_343_828));
  const html = reportHtml(view);
  const { document } = parseHTML(html);
  const files = document.querySelector("details.files")!;
  assert.equal(files.hasAttribute("open"), false);
  assert.equal(files.querySelector("summary")!.textContent, "3 files, 8.7 MB");
  assert.equal(files.querySelector("caption")!.textContent, "runs/.cells/ab12/");
  const rows = [...files.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
  assert.deepEqual(rows, [["starts.i32", "336 B"], ["tokens.i32", "353 kB"], ["sub.bin", "8.3 MB"]]);
  assert.equal(html.match(/>[^<]*\.cells\/ab12/g)!.length, 1);
});

Deno.test("`writeReport()` writes both files whole and leaves nothing else", async () => {
  const folder = await Deno.makeTempDir();
  const view = sampleView();
  const { html, markdown } = await writeReport(folder, view);
  await writeReport(folder, view);
  assert.equal(html, join(folder, "report.html"));
  assert.equal(await Deno.readTextFile(markdown), reportMarkdown(view));
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["report.html", "report.md"]);
  await Deno.remove(folder, { recursive: true });
});

optionalTest("chromium", "the page asks for nothing, runs nothing and fits a phone in Chromium", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { html } = await writeReport(folder, evilView());
    await withPage(async (page) => {
      await page.setViewportSize({ width: 375, height: 800 });
      const requests: string[] = [], complaints: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      page.on("console", (message) => complaints.push(message.text()));
      page.on("dialog", (dialog) => complaints.push(dialog.message()));
      await page.goto(`file://${html}`);
      assert.deepEqual(requests, [`file://${html}`]);
      assert.deepEqual(complaints, []);
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 375);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, LOOSE);
