// The pages by keyboard alone: whole tasks, from what a person presses to what is seen.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { LOOSE, withPage } from "../chromium.ts";
import { optionalTest } from "../optional.ts";
import { variedId } from "../run/varied-runs.ts";
import { withAllPages } from "./all-pages.ts";

/** Presses Tab until an element with this role and name has the focus. */
async function tabTo(page: Page, role: Parameters<Page["getByRole"]>[0], name: string | RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: typeof name === "string" }).first();
  await wanted.waitFor();
  for (let presses = 0; presses < 200; presses++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${role} ${name}`);
}

optionalTest(
  "chromium",
  "runs are compared, tagged, removed and restored by keyboard alone",
  () =>
    withAllPages((_, link) =>
      withPage(async (page, complaints) => {
        page.setDefaultTimeout(120_000);
        await page.goto(link);
        const press = async (role: Parameters<Page["getByRole"]>[0], name: string | RegExp, key = "Enter") => {
          await tabTo(page, role, name);
          await page.keyboard.press(key);
        };
        await press("checkbox", "Select Run 5", "Space");
        await press("checkbox", "Select Run 4", "Space");
        await tabTo(page, "textbox", "Tag");
        await page.keyboard.type("kept");
        await page.keyboard.press("Enter");
        await page.locator("td", { hasText: "kept" }).nth(1).waitFor();
        await press("link", "Compare");
        await page.getByRole("heading", { name: "Compare 2 runs" }).waitFor();
        await page.goBack();

        await press("checkbox", "Select Run 5", "Space");
        await press("button", "Remove");
        await press("button", "Remove 1 run?");
        await page.getByRole("link", { name: "Run 5", exact: true }).waitFor({ state: "detached" });
        await press("link", "Trash");
        await page.locator("code", { hasText: variedId(5) }).waitFor();
        await press("button", /^Restore/);
        await page.locator("code", { hasText: variedId(5) }).waitFor({ state: "detached" });
        await press("link", "Runs");

        await press("link", "Run 5");
        await page.getByRole("heading", { name: "Run 5" }).waitFor();
        await tabTo(page, "button", /^Pretrain the seed · loss/);
        await page.keyboard.press("Space");
        const curve = page.getByRole("button", { name: /^Pretrain the seed · loss/, pressed: false });
        await curve.waitFor();
        assert.ok(await curve.evaluate((button) => button === document.activeElement), "it keeps the focus");
        await tabTo(page, "button", "Full screen");
        const menu = page.locator(".curves .chart-save");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await menu.getByRole("link", { name: "CSV" }).waitFor();
        await page.keyboard.press("Tab");
        await page.keyboard.press("Escape");
        await menu.getByRole("link", { name: "CSV" }).waitFor({ state: "hidden" });
        assert.ok(await menu.locator("summary").evaluate((button) => button === document.activeElement));
        assert.deepEqual(complaints, []);
      })
    ),
  LOOSE,
);
