// Makes docs/prompt.png: the prompt box of a run's page, asked about a text that changes its domain. First, in a second
// terminal, `deno task serve:edit --models last`; then, with the link that it prints, followed by the run's page:
//   deno run -A docs/prompt-picture.ts 'http://127.0.0.1:8420/runs/<id>?token=…' docs/prompt.png
import { withPage } from "../tests/chromium.ts";

const [address, file] = Deno.args;
if (address === undefined || file === undefined) {
  console.error("Usage: deno run -A docs/prompt-picture.ts <address of a run's page> <file>");
  Deno.exit(2);
}
/** Models may be slow on a busy machine. */
const PATIENCE_MS = 300_000;

await withPage(async (page) => {
  page.setDefaultTimeout(PATIENCE_MS);
  await page.setViewportSize({ width: 1400, height: 1000 });
  await page.goto(address);
  const box = page.locator(".prompt");
  await box.getByRole("button", { name: "A text that changes its domain" }).click();
  const ask = box.getByRole("button", { name: "Ask", exact: true });
  await ask.click();
  await box.locator('.answer[aria-busy="true"]').first().waitFor();
  await ask.waitFor();
  const stitched = box.locator(".round").first().locator(".answer").last();
  await stitched.getByRole("button", { name: "Color the prompt, too" }).click();
  await stitched.getByRole("button", { name: "Color the prompt, too" }).waitFor({ state: "detached" });
  await stitched.getByRole("button", { name: "Show the gates" }).click();
  // Neither earlier prompts nor the bar that floats above the page belong to the picture.
  await page.evaluate(() => {
    document.querySelector(".prompt .earlier")?.remove();
    document.querySelector("header.bar")?.remove();
  });
  await box.screenshot({ path: file });
});
Deno.exit(); // playwright keeps timers
