// The prompt box in real Chromium: models that are asked, colors and numbers of gates, what is kept, what is missing. The
// heat map's tests run here as well, in the same browser.
import assert from "node:assert/strict";
import { isApiPath } from "../../lib/api/mod.ts";
import { type EventBody, linkTo, readPrompts } from "../../lib/run/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { withStitchedApi } from "../api/stitched-api.ts";
import { LOOSE, WAIT, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";
import { eventually } from "../steady.ts";
import "./prompt/heat-map.ts";

const ID = "20261122-101010-bts-demo-aaaa";

/** A finished run in a folder of its own. */
const withRun = (body: (runsFolder: string) => Promise<void>) =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 5 }));
    run.release();
    await body(runsFolder);
  });

/** The prompts that are kept beside the run, once there are so many: the page keeps one after it shows the answers. */
async function keptPrompts(runsFolder: string, count: number) {
  let kept: Awaited<ReturnType<typeof readPrompts>> = [];
  await eventually(async () => {
    kept = await readPrompts(`${runsFolder}/${ID}`);
    assert.equal(kept.length, count);
  });
  return kept;
}

optionalTest("chromium", "the prompt box asks the models of a run side by side, and keeps what they say", async () => {
  await withRun((runsFolder) =>
    withStitchedApi(ID, async (api) => {
      const beside = { takes: isApiPath, fetch: async (request: Request) => await api.fetch(request) };
      const server = serve({ runsFolder, port: 0, beside, abilities: { edit: true, stop: false } });
      try {
        await withPage(async (page, complaints) => {
          await page.goto(linkTo(`${server.url}runs/${ID}`, server.token));
          const box = page.locator(".prompt");
          await box.getByLabel("Prompt").fill("<b>let</b> x");
          const length = box.getByLabel("Length");
          await box.locator('input[name="maxTokens"][max="62"]').waitFor(); // what a context of 64 has room for
          await length.fill("6");
          await box.getByRole("button", { name: "Ask", exact: true }).click();
          const cards = box.locator(".answer");
          await cards.getByText("6 tokens", { exact: false }).nth(1).waitFor(WAIT);
          const tokens = cards.nth(1).locator(".tokens span");
          await eventually(async () => {
            const names = (await cards.locator("h3").allInnerTexts()).map((text) => text.split("\n")[0]);
            assert.deepEqual(names, ["Seed", "BTS"]);
            // Tokens are colored, with their numbers, only of the model that has gates.
            assert.equal(await cards.nth(0).locator(".tokens span").count(), 0);
            assert.equal(await tokens.count(), 6);
            const first = tokens.first();
            assert.match(
              await first.getAttribute("title") ?? "",
              /^stitch 2 \(E2H\) after layer 2: Seed [\d.]+ %, code expert/,
            );
            const color = await first.evaluate((token) => getComputedStyle(token as Element).backgroundColor);
            assert.ok(color !== "rgba(0, 0, 0, 0)", color);
            assert.match(await cards.nth(1).locator(".legend").innerText(), /Seed\s+\d+ %[^]*math expert\s+\d+ %/);
          });

          // The heat map by keyboard, with the prompt's tokens.
          await cards.nth(1).getByRole("button", { name: "Color the prompt, too" }).click();
          await tokens.nth(6 + 12 - 1).waitFor(WAIT); // each byte of the prompt is a token
          await cards.nth(1).getByRole("button", { name: "Show the gates" }).click();
          await cards.nth(1).getByRole("application").focus();
          await page.keyboard.press("ArrowRight");
          const told = cards.nth(1).locator(".told");
          await told.getByText(/^Token 1, "<" · stitch 1 .*: code expert [\d.]+ %$/).waitFor();
          await page.keyboard.press("ArrowDown");
          await told.getByText(/math expert/).waitFor();

          // The next question's answer does not begin with this prompt.
          await box.getByLabel("Prompt").fill("yes");
          await box.getByLabel("Length").fill("5");
          await box.getByRole("button", { name: "Ask", exact: true }).click();
          await cards.nth(1).getByText("5 tokens", { exact: false }).waitFor(WAIT);
          await eventually(async () => assert.equal(await tokens.count(), 5));

          await keptPrompts(runsFolder, 2);
          // With an expert switched off, beside the whole model.
          await box.getByLabel("Prompt").fill("<b>let</b> x");
          await box.getByLabel("Length").fill("6");
          await box.getByLabel("Also without").selectOption("expert:code");
          await box.getByLabel("Seed", { exact: true }).first().uncheck();
          await box.getByLabel("BTX top-2").check(); // cannot do without it
          await box.getByRole("button", { name: "Ask", exact: true }).click();
          await box.locator(".round").first().getByText("BTS without the code expert").waitFor(WAIT);
          await box.getByRole("button", { name: "Ask", exact: true }).waitFor(WAIT);
          assert.deepEqual(await box.locator(".answer .error").allInnerTexts(), []);
          await box.getByText("2 earlier prompts").click();
          const kept = await keptPrompts(runsFolder, 3);
          assert.deepEqual(kept.map(({ prompt }) => prompt), ["<b>let</b> x", "yes", "<b>let</b> x"]);
          assert.deepEqual(kept[2]!.answers.map(({ model, without }) => [model, without]), [
            ["btx-top2", null],
            ["bts", null],
            ["bts", "expert:code"],
          ]);
          for (const { gates } of kept[2]!.answers[2]!.pieces) assert.equal(gates!.at(-1)![1], 0);

          await page.reload();
          await box.getByText("3 earlier prompts").click();
          await box.locator(".earlier .answer").nth(6).waitFor(WAIT);
          assert.equal(await box.locator(".earlier b").count(), 0, "markup stays text");
          assert.deepEqual(complaints, []);
        });
      } finally {
        await server.close();
      }
    })
  );
}, LOOSE);

optionalTest("chromium", "the prompt box keeps answers that were stopped before their first token", async () => {
  await withRun((runsFolder) =>
    withStitchedApi(ID, async (api) => {
      // Only the seed answers; the others wait until the reader has had enough.
      const fetch = async (request: Request) => {
        const { model } = request.method === "POST" ? await request.clone().json() : { model: "" };
        if (model === "run/bts") await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
        return await api.fetch(request);
      };
      const server = serve({
        runsFolder,
        port: 0,
        beside: { takes: isApiPath, fetch },
        abilities: { edit: true, stop: false },
      });
      try {
        await withPage(async (page, complaints) => {
          await page.goto(linkTo(`${server.url}runs/${ID}`, server.token));
          const box = page.locator(".prompt");
          await box.getByLabel("Prompt").fill("let x");
          await box.getByLabel("Length").fill("6");
          await box.getByRole("button", { name: "Ask", exact: true }).click();
          const cards = box.locator(".answer");
          await cards.nth(0).getByText("6 tokens", { exact: false }).waitFor();
          await box.getByRole("button", { name: "Stop", exact: true }).click();
          await cards.nth(1).getByText("Stopped before the first token").waitFor();
          await box.getByRole("button", { name: "Ask", exact: true }).waitFor();
          await keptPrompts(runsFolder, 1);
          // Alone, too: nothing but that it was asked is left of it.
          await box.getByLabel("Seed", { exact: true }).first().uncheck();
          await box.getByRole("button", { name: "Ask", exact: true }).click();
          await box.getByRole("button", { name: "Stop", exact: true }).click();
          await box.getByText("1 earlier prompt").waitFor();
          const kept = await keptPrompts(runsFolder, 2);
          await page.reload();
          await box.getByText("2 earlier prompts").click();
          await box.locator(".earlier .answer").nth(2).waitFor();
          assert.deepEqual(
            kept.map(({ answers }) => answers.map(({ model, pieces, finish }) => [model, pieces.length > 0, finish])),
            [
              [["seed", true, "length"], ["bts", false, "cancelled"]],
              [["bts", false, "cancelled"]],
            ],
          );
          await box.locator(".earlier").getByText("Stopped before the first token").nth(1).waitFor();
          assert.deepEqual(complaints, []);
        });
      } finally {
        await server.close();
      }
    })
  );
}, LOOSE);

optionalTest("chromium", "the prompt box says how to start models, and that nothing is kept", async () => {
  await withRun(async (runsFolder) => {
    const alone = serve({ runsFolder, port: 0 });
    try {
      await withPage(async (page, complaints) => {
        await page.goto(`${alone.url}runs/${ID}`);
        const command = page.locator(".prompt code");
        await command.getByText(new RegExp(`^deno task serve:edit --models ${ID} --runs `)).waitFor(WAIT);

        // There is no command that would work for a run without stitches, and nothing to say where there are no models.
        const bodies = demoBodies({ id: ID, steps: 2 });
        const untrained = fakeRun(runsFolder, ID.replace(/aaaa$/, "bbbb"));
        untrained.append(
          bodies.slice(0, bodies.findIndex((body) => body.kind === "cell.start" && body.cell === "stitch")),
        );
        await page.goto(`${alone.url}runs/${untrained.id}`);
        await page.locator(".prompt .notice", { hasText: "can be asked once the stitches are trained" }).waitFor(WAIT);
        untrained.append([{ kind: "run.end", status: "stopped", seconds: 1 }]);
        untrained.release();
        await page.locator(".prompt .notice", { hasText: "ended before its stitches were trained" }).waitFor(WAIT);
        assert.equal(await page.locator(".prompt code").count(), 0);
        const other = fakeRun(runsFolder, ID.replace(/aaaa$/, "cccc"));
        const models = /^(seed|expert:.*|stitch)$/;
        other.append(
          bodies.flatMap((body): EventBody[] =>
            body.kind === "run.start"
              ? [{
                ...body,
                plan: body.plan.filter(({ cell }) => !models.test(cell)).map(({ cell, title }) => ({ cell, title })),
              }]
              : "cell" in body && models.test(body.cell ?? "")
              ? []
              : [body]
          ),
        );
        other.release();
        await page.goto(`${alone.url}runs/${other.id}`);
        await page.locator("#results h2").waitFor(WAIT);
        assert.equal(await page.getByText("Ask the models").count(), 0);
        assert.deepEqual(complaints, []);
      });
    } finally {
      await alone.close();
    }
    await withStitchedApi(ID, async (api) => {
      const beside = { takes: isApiPath, fetch: async (request: Request) => await api.fetch(request) };
      const server = serve({ runsFolder, port: 0, beside, abilities: { edit: false, stop: false } });
      try {
        await withPage(async (page) => {
          await page.goto(`${server.url}runs/${ID}`);
          const box = page.locator(".prompt");
          await box.getByLabel("Prompt").fill("x".repeat(80)); // longer than the context
          await page.keyboard.press("Control+Enter");
          await box.locator(".answer .error", { hasText: "context has 64 tokens" }).nth(1).waitFor(WAIT);
          await box.getByLabel("Prompt").fill("x");
          await box.getByLabel("Length").fill("3");
          await box.getByRole("button", { name: "Ask", exact: true }).click();
          await box.getByText("This prompt is not kept").waitFor(WAIT);
          assert.deepEqual(await readPrompts(`${runsFolder}/${ID}`), []);
        });
      } finally {
        await server.close();
      }
    });
  });
}, LOOSE);
