// Objects that show themselves: what they say, as HTML and as text; nothing is changed by showing, and markup is inert.
import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";
import * as tf from "@tensorflow/tfjs";
import { parseHTML } from "linkedom";
import { openTokenizer, trainTokenizer } from "../../../lib/data/mod.ts";
import { DISPLAY, type Displayable, type MediaBundle } from "../../../lib/notebook/display.ts";
import { lab } from "../../../lib/notebook/mod.ts";
import { gatesBundle } from "../../../lib/notebook/show/gates.ts";
import { pngUrl } from "../../../lib/notebook/show/png.ts";
import { showTensors, statisticsOf, tensorBundle } from "../../../lib/notebook/show/tensor.ts";
import { openDevice } from "../../../lib/tensor/mod.ts";

const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(2)>`;

/** What is shown, the same at every showing and without anything that runs. */
async function shows(value: Displayable): Promise<MediaBundle> {
  const before = JSON.stringify(value);
  const bundle = await value[DISPLAY]();
  assert.deepEqual(await value[DISPLAY](), bundle);
  assert.equal(JSON.stringify(value), before);
  const { document } = parseHTML(`<html><body>${bundle["text/html"] ?? bundle["image/svg+xml"]}</body></html>`);
  assert.equal(document.querySelectorAll("script, img[onerror]").length, 0);
  assert.ok((bundle["text/plain"] ?? "") !== "");
  return bundle;
}

Deno.test("`lab.table()` is the array of its rows and shows them, long ones at their ends", async () => {
  const rows = lab.table([{ name: EVIL, loss: 1.25, whole: 3 }, { name: "b", loss: null, whole: 4 }], "Some & more");
  assert.equal(rows[0]!.loss, 1.25);
  const { "text/html": html, "text/plain": text } = await shows(rows);
  assert.match(html!, /Some &amp; more.*&lt;script&gt;.*1\.250/s);
  assert.match(text!, /b +– +4/);
  const long = lab.table(Array.from({ length: 1_000 }, (_, step) => ({ step })));
  assert.match((await shows(long))["text/plain"]!, /^1000 rows, 980 of them .*left out$/m);
  assert.equal(long.length, 1_000);
  const small = lab.table([{ difference: 2.345e-8 }, { difference: 0 }]);
  assert.match((await shows(small))["text/plain"]!, / 2\.35e-8\n +0$/);
  const many = lab.table(Array.from({ length: 300_000 }, (_, i) => ({ value: i / 7 })));
  assert.match((await shows(many))["text/plain"]!, /300000 rows/);
  assert.equal(Deno.inspect(lab.table([{ a: 1 }])).trim(), "a\n─\n1");
});

Deno.test("`lab.datamix()` shows shares that sum to 1 and refuses weights that have none", async () => {
  const mix = lab.datamix({ code: 3, [EVIL]: 1 });
  assert.deepEqual(Object.values(mix), [0.75, 0.25]);
  const { "text/plain": text, "text/html": html } = await shows(mix);
  assert.match(text!, /^ {2}75\.0 % code$/m);
  assert.match(html!, /width:180\.0px/);
  assert.throws(() => lab.datamix({ code: -1 }), { code: "datamix.weight" });
});

Deno.test("`lab.tokens()` shows every token with its id, and characters of several tokens once", async () => {
  const tokenizer = openTokenizer(trainTokenizer(["the cat sat on the mat. ".repeat(30)], { vocabSize: 280 }));
  const text = `the cat é 猫\n${EVIL}`;
  const tokens = lab.tokens(tokenizer, text);
  assert.deepEqual(tokens.map(({ id }) => id), tokenizer.encode(text));
  assert.equal(tokens.map(({ text }) => text).join(""), text);
  assert.ok(tokens.some(({ text }) => text === ""), "a part of a character");
  const { "text/html": html, "text/plain": plain } = await shows(tokens);
  const { document } = parseHTML(`<html><body>${html}</body></html>`);
  assert.equal(document.querySelectorAll("span[title]").length, tokens.length);
  assert.match(plain!, new RegExp(`^${tokens.length} tokens, ${new TextEncoder().encode(text).length} bytes`, "m"));
  assert.match((await shows(lab.tokens(tokenizer, "")))["text/plain"]!, /0 tokens, 0 bytes/);
});

Deno.test("gates show each token in the color of the model that speaks, with the means by place", () => {
  const gates = {
    places: [
      { title: "stitch 1 (H2E)", models: [1], shares: false },
      { title: "stitch 2 (E2H)", models: [0, 1], shares: true },
    ],
    models: [{ name: "seed", color: "#7b8794" }, { name: "expert:code", color: "#3a7fd5" }],
    switchable: [],
  };
  const token = (text: string, share: number) => ({
    id: 1,
    text,
    gates: [[0.5], [share, 1 - share]],
    generated: false,
  });
  const { "text/html": html, "text/plain": text } = gatesBundle({
    model: "bts",
    gates,
    tokens: [{ id: 0, text: "⏹", gates: null, generated: false }, token(EVIL, 0.9), token("x", 0.2), token("y", 0.4)],
  });
  const { document } = parseHTML(`<html><body>${html}</body></html>`);
  assert.equal(document.querySelectorAll("script, img").length, 0);
  const colors = [...document.querySelectorAll("pre span")].map((span) => span.getAttribute("style")!.slice(11, 18));
  assert.deepEqual(colors.slice(1), ["#7b8794", "#3a7fd5", "#3a7fd5"]);
  const rows = [...document.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("td")].map((cell) => cell.textContent)
  );
  assert.deepEqual(rows, [["stitch 1 (H2E)", "–", "50.0"], ["stitch 2 (E2H)", "50.0", "50.0"]]);
  assert.match(text!, /code expert speaks at 2 of 4 tokens/);
});

Deno.test("tensors show shape, type, statistics and a heat map, and are only read", async () => {
  await using _ = await openDevice("reference");
  showTensors();
  const before = tf.memory().numTensors;
  const tensor = tf.tensor2d([[1, -2, NaN], [3, 0, 2]]);
  const bundle = await tensorBundle(tensor);
  assert.match(
    bundle["text/plain"]!,
    /^Tensor float32 \[2, 3\]\nmin -2 · max 3 · mean 0\.8 · standard deviation 1\.72/,
  );
  assert.match(bundle["text/plain"]!, /1 of 6 values are not finite$/);
  assert.deepEqual(await (tensor as unknown as Displayable)[DISPLAY](), bundle);
  assert.equal(tf.memory().numTensors, before + 1);
  tensor.dispose();
  assert.match((await tensorBundle(tensor))["text/plain"]!, /disposed$/);
  assert.equal((await tensorBundle(tf.scalar(2.5)))["text/plain"], "Tensor float32 []: 2.5");
  assert.match((await tensorBundle(tf.zeros([2, 0])))["text/plain"]!, /empty$/);
  assert.match((await tensorBundle(tf.tensor(["a", EVIL])))["text/plain"]!, /^Tensor string \[2\]$/);
  const large = await tensorBundle(tf.randomNormal([2, 300, 200], 0, 1, "float32", 1));
  assert.ok(JSON.stringify(large).length < 12_000, String(JSON.stringify(large).length));
  tf.disposeVariables();
});

Deno.test("`statisticsOf()` agrees with the definitions, and counts what is not finite", () => {
  assert.deepEqual(statisticsOf([1, 2, 3, 4, Infinity]), {
    min: 1,
    max: 4,
    mean: 2.5,
    deviation: Math.sqrt(1.25),
    notFinite: 1,
  });
  assert.deepEqual(statisticsOf([NaN]), { min: NaN, max: NaN, mean: NaN, deviation: NaN, notFinite: 1 });
});

Deno.test("`pngUrl()` writes an image whose pixels come back", () => {
  const rgb = Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => i * 7);
  const bytes = Uint8Array.fromBase64(pngUrl(rgb, 3, 2).replace("data:image/png;base64,", ""));
  const view = new DataView(bytes.buffer);
  assert.deepEqual([view.getUint32(16), view.getUint32(20)], [3, 2]);
  const length = view.getUint32(33);
  const rows = inflateSync(bytes.subarray(41, 41 + length));
  assert.deepEqual([...rows], [0, ...rgb.subarray(0, 9), 0, ...rgb.subarray(9)]);
});

Deno.test("`lab.plot()` draws a table in one line, or marks", async () => {
  const rows = Array.from({ length: 9 }, (_, step) => ({ step, loss: 1 / (step + 1) }));
  assert.match((await shows(lab.plot(rows, { x: "step", y: "loss" })))["image/svg+xml"]!, /Plot of loss by step/);
  const bars = [{ model: "seed", score: 2, of: "x" }, { model: "a rather long name of a model", score: 3, of: EVIL }];
  const { document } = parseHTML(
    (await shows(lab.plot(bars, { x: "score", y: "model", color: "of" })))["image/svg+xml"]!,
  );
  const texts = [...document.querySelectorAll("text")].map((text) => text.textContent!.trim());
  for (const text of ["seed", bars[1]!.model, "x", EVIL]) assert.ok(texts.includes(text), `${text} in ${texts.join()}`);
  assert.match((await shows(lab.plot({ marks: [] })))["image/svg+xml"]!, /^<svg /);
});

Deno.test("`lab.curves()` shows points as they come, in one output, and the last ones at the end", async () => {
  const calls: { displayId: string; update: boolean }[] = [];
  const bundles: MediaBundle[] = [];
  const curves = lab.curves("Training", {
    log: ["loss"],
    show: (bundle, call) => {
      bundles.push(bundle);
      calls.push(call);
      return Promise.resolve();
    },
    pause: () => 3_600_000,
  });
  for (let step = 1; step <= 5; step++) await curves.add(step, { loss: 6 - step, rate: step });
  assert.equal(calls.length, 1, "the rest comes within the pause");
  await curves.end();
  assert.deepEqual(calls.map(({ update }) => update), [false, true]);
  assert.equal(new Set(calls.map(({ displayId }) => displayId)).size, 1);
  assert.match(bundles.at(-1)!["image/svg+xml"]!, /loss by step.*rate by step/s);
  assert.deepEqual(curves.rows.at(-1), { loss: 1, rate: 5, step: 5 });
});
