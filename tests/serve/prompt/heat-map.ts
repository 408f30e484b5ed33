// The heat map of a kept answer's gates in real Chromium: short and long texts, wide and narrow pages.
import assert from "node:assert/strict";
import { join } from "node:path";
import { keepPrompt, type Prompt } from "../../../lib/run/mod.ts";
import { serve } from "../../../lib/serve/mod.ts";
import { LOOSE, withPage } from "../../chromium.ts";
import { optionalTest } from "../../optional.ts";
import { demoBodies } from "../../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../../run/fake-run.ts";
import { boxOf, eventually } from "../../steady.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const MODELS = [["seed", "#7b8794"], ["expert:code", "#3a7fd5"], ["expert:multilingual", "#2b9a5b"]] as const;

/** An answer of `tokens` tokens, each of which listens to one model. */
function promptOf(tokens: number): Prompt {
  const row = (i: number) => MODELS.map((_, model) => model === i % MODELS.length ? 1 : 0);
  return {
    ...{ prompt: `${tokens} tokens`, chat: false, temperature: 0, maxTokens: tokens, seed: 0 },
    answers: [{
      ...{ model: "bts", without: null, tokens, seconds: 1, finish: "length" },
      pieces: Array.from({ length: tokens }, (_, i) => ({ text: `t${i + 1} `, gates: [row(i), row(i)] })),
      gates: {
        models: MODELS.map(([name, color]) => ({ name, color })),
        places: ["1", "2"].map((stitch) => ({
          title: `stitch ${stitch} (E2H) after layer ${stitch}`,
          models: MODELS.map((_, i) => i),
          shares: true,
        })),
      },
    }],
  };
}

/** In the page: whether an element is within the part of the heat map that is in sight. */
const IN_SIGHT = `(() => {
  const [at, box] = [".at", ".cells"].map((one) => document.querySelector(".heat-map " + one).getBoundingClientRect());
  return at.left >= box.left - 1 && at.right <= box.right + 1;
})()`;

/** In the page: the opaque pixels of the canvas's first row of gates, one number for each run of the same. */
const RUNS = `(() => {
  const { width } = document.querySelector(".heat-map canvas");
  const { data } = document.querySelector(".heat-map canvas").getContext("2d").getImageData(0, 20, width, 1);
  const opaque = Array.from({ length: width }, (_, x) => data[4 * x + 3] > 0);
  return opaque.filter((one, x) => one && !opaque[x - 1]).length;
})()`;

optionalTest("chromium", "the heat map fits the page, or scrolls beside its labels to every token", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 5 }));
    run.release();
    for (const tokens of [60, 600]) keepPrompt(join(runsFolder, ID), promptOf(tokens));
    const server = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (page, complaints) => {
        const open = async (tokens: number, width: number) => {
          await page.setViewportSize({ width, height: 900 });
          await page.goto(`${server.url}runs/${ID}`);
          await page.getByText("2 earlier prompts").click();
          const round = page.locator(".earlier .round", { has: page.getByText(`${tokens} tokens`, { exact: true }) });
          await round.getByRole("button", { name: "Show the gates" }).click();
          await page.locator(".heat-map .axis li").first().waitFor();
          await page.waitForFunction("document.documentElement.scrollWidth <= innerWidth");
          return page.locator(".heat-map");
        };
        const scrolls = () => page.locator(".cells").evaluate((box) => box.scrollWidth > box.clientWidth);
        const pixels = async () => await page.evaluate(RUNS) as number;

        for (const width of [1400, 390]) {
          const map = await open(60, width);
          await eventually(async () => {
            assert.equal(await pixels(), 20, "every third token listens to the seed");
            assert.equal(await scrolls(), false, `60 tokens on ${width} pixels`);
            assert.equal(await map.getByText("scroll sideways").count(), 0);
          });
        }

        const map = await open(600, 390);
        const sight = map.getByText("scroll sideways");
        const shown = async () =>
          (await sight.innerText()).match(/^Tokens (\d+) to (\d+) of 600/)!.slice(1).map(Number) as [number, number];
        let end = 0;
        await eventually(async () => {
          const [first, last] = await shown();
          assert.deepEqual([await scrolls(), first], [true, 1]);
          assert.ok(last > 40 && last < 120, `${last}`);
          end = last;
        });
        const label = map.locator("li", { hasText: "code expert" }).first();
        const labelX = async () => (await label.boundingBox())!.x;
        const before = await labelX();

        // The keys go through all of it, and what they select is in sight.
        const told = map.getByRole("status");
        await map.getByRole("application").focus();
        for (
          const [key, token] of [
            ...[["ArrowRight", 1], ["ArrowRight", 2], ["End", 600], ["ArrowLeft", 599], ["Home", 1]],
            ...[["PageDown", end], ["PageDown", 2 * end - 1], ["PageUp", end]],
          ] as const
        ) {
          await page.keyboard.press(key);
          await told.getByText(`Token ${token}, "t${token} "`).waitFor();
          await page.waitForFunction(IN_SIGHT);
          // The next key counts from what is in sight then.
          await eventually(async () => {
            const [first, last] = await shown();
            assert.ok(first <= token && token <= last, `${first} to ${last}`);
          });
        }
        await page.keyboard.press("End");
        await sight.getByText(/to 600 of 600/).waitFor();
        await eventually(async () => assert.ok(await pixels() > 10, "what is in sight is drawn"));
        assert.equal(await labelX(), before, "labels stay");

        // The pointer finds the token that is under it.
        const { x, y, width } = await boxOf(map.locator("canvas"));
        await page.mouse.move(x + width - 2, y + 20);
        await told.getByText('Token 600, "t600 " · stitch 1 (E2H) after layer 1: Seed').waitFor();
        assert.deepEqual(complaints, []);
      });
    } finally {
      await server.close();
    }
  });
}, LOOSE);
