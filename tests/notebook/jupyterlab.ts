// JupyterLab in real Chromium: opens a notebook, runs all of it, and sees its live card change in place.
//   deno run -A tests/notebook/jupyterlab.ts [--picture docs/notebooks.png]
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import type { Page } from "playwright-core";
import { pythonCommand } from "../../lib/host/mod.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { withPage } from "../chromium.ts";

const NOTEBOOK = "01-branch-train-stitch.ipynb";
const TOKEN = "a-token-for-this-test";
/** The machine may be busy. */
const PATIENCE_MS = 300_000;

const picture = Deno.args[0] === "--picture" ? Deno.args[1] : undefined;
// Inside the repository, so that the kernel finds its deno.json; a copy, because JupyterLab saves what it opens.
const folder = await Deno.makeTempDir({ dir: join(repositoryRoot, "notebooks"), prefix: "jupyterlab-" });
const outside = await Deno.makeTempDir({ prefix: "jupyterlab-" });
let server: Awaited<ReturnType<typeof startServer>> | undefined;
let status = 1;
try {
  const { origin } = server = await startServer();
  await withPage(async (page) => {
    page.setDefaultTimeout(PATIENCE_MS);
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.goto(`${origin}/lab/tree/${NOTEBOOK}?token=${TOKEN}`);
    await page.locator(".jp-Notebook .jp-CodeCell").first().waitFor();
    await runAll(page);
    const states = await watchCard(page);
    const curves = new Set(states.flatMap(({ curve }) => curve ?? []));
    assert.ok(states.length >= 3, `the card was seen in ${states.length} states`);
    assert.ok(curves.size >= 2, `its curve was seen in ${curves.size} states`);
    assert.match(states[0]!.text, /running/);
    assert.match(states.at(-1)!.text, /done/);
    console.log(`ok: the card changed in place, ${states.length} states, ${curves.size} different curves`);
    // The last cell that shows something attaches to the run again: everything before it has run.
    await page.waitForFunction(() => document.querySelectorAll(".jp-CodeCell .jp-InputPrompt").length > 0);
    await page.locator(".jp-CodeCell").last().locator(".jp-OutputArea-output", { hasText: "done" }).waitFor();
    const errors = await page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').count();
    assert.equal(errors, 0, "no cell failed");
    const images = page.locator('.jp-OutputArea-output[data-mime-type="image/svg+xml"]');
    await images.nth(4).waitFor();
    console.log(`ok: all cells ran without an error and show ${await images.count()} figures`);
  });
  status = 0;
} catch (error) {
  console.error(error);
} finally {
  server?.stop();
  await Deno.remove(folder, { recursive: true });
  await Deno.remove(outside, { recursive: true }).catch(() => {});
  Deno.exit(status); // playwright keeps timers
}

/** Starts a server for the folder alone, with Deno's kernel registered where only it looks. */
async function startServer() {
  const notebook = JSON.parse(await Deno.readTextFile(join(repositoryRoot, "notebooks", NOTEBOOK)));
  for (const cell of notebook.cells) {
    if (cell.cell_type === "code") Object.assign(cell, { outputs: [], execution_count: null });
  }
  await Deno.writeTextFile(join(folder, NOTEBOOK), JSON.stringify(notebook));
  const kernel = join(outside, "kernels", "deno");
  await Deno.mkdir(kernel, { recursive: true });
  const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  await Deno.writeTextFile(
    join(kernel, "kernel.json"),
    JSON.stringify({ argv, display_name: "Deno", language: "typescript" }),
  );
  await Deno.mkdir(join(outside, "settings"));
  const overrides = {
    // Cells out of sight are attached, too.
    "@jupyterlab/notebook-extension:tracker": { windowingMode: "none" },
    "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
  };
  await Deno.writeTextFile(join(outside, "settings", "overrides.json"), JSON.stringify(overrides));
  const process = new Deno.Command(pythonCommand(), {
    args: [
      "-m",
      "jupyter",
      "lab",
      "--no-browser",
      "--allow-root",
      "--ServerApp.ip=127.0.0.1",
      "--ServerApp.port=0",
      `--ServerApp.root_dir=${folder}`,
      `--IdentityProvider.token=${TOKEN}`,
      `--LabApp.app_settings_dir=${join(outside, "settings")}`,
      "--LabApp.expose_app_in_browser=True",
    ],
    env: {
      JUPYTER_PATH: outside,
      JUPYTER_CONFIG_DIR: join(outside, "config"),
      JUPYTER_RUNTIME_DIR: join(outside, "runtime"),
      STITCHBOOK_RUNS: join(outside, "runs"),
      STITCHBOOK_PRESET: "smoke",
      NO_COLOR: "1",
    },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  const origin = await (async () => {
    for (;;) {
      const { done, value } = await lines.read();
      if (done) throw new Error(`JupyterLab did not start: ${said}`);
      said += value;
      const [, port] = /http:\/\/127\.0\.0\.1:(\d+)\/lab/.exec(said) ?? [];
      if (port !== undefined) return `http://127.0.0.1:${port}`;
    }
  })();
  void (async () => {
    while (!(await lines.read()).done); // a full pipe would stop it
  })().catch(() => {});
  return { origin, stop: () => process.kill("SIGTERM") };
}

/** Runs all cells once the kernel is there. */
async function runAll(page: Page): Promise<void> {
  await page.waitForFunction((name) => {
    const { jupyterapp } = globalThis as unknown as { jupyterapp?: { shell: { currentWidget?: unknown } } };
    const widget = jupyterapp?.shell.currentWidget as
      | { title: { label: string }; sessionContext?: { session?: { kernel?: { status: string } } } }
      | undefined;
    return widget?.title.label === name && widget.sessionContext?.session?.kernel?.status === "idle";
  }, basename(NOTEBOOK));
  await page.evaluate(() => {
    const { jupyterapp } = globalThis as unknown as {
      jupyterapp: { commands: { execute(command: string): Promise<unknown> } };
    };
    void jupyterapp.commands.execute("notebook:run-all-cells");
  });
}

/** The card's states until the run is done. */
async function watchCard(page: Page): Promise<{ text: string; curve: string | undefined }[]> {
  const states: { text: string; curve: string | undefined }[] = [];
  const deadline = Date.now() + PATIENCE_MS;
  let taken = false;
  while (Date.now() < deadline) {
    const state = await page.evaluate(() => {
      const cell = [...document.querySelectorAll(".jp-CodeCell")]
        .find((one) => one.querySelector(".jp-InputArea")?.textContent?.includes("run.watch()"));
      const cards = cell?.querySelectorAll(".jp-OutputArea-output");
      if (cards === undefined || cards.length === 0) return undefined;
      return {
        count: cards.length,
        text: cards[0]!.textContent ?? "",
        curve: cards[0]!.querySelector('g[data-mark="line"] path')?.getAttribute("d") ?? undefined,
      };
    });
    if (state !== undefined) {
      assert.equal(state.count, 1, "one output, replaced in place");
      if (state.text !== states.at(-1)?.text) states.push({ text: state.text, curve: state.curve });
      if (picture !== undefined && !taken && state.curve !== undefined && state.curve.length > 200) {
        taken = true;
        await page.locator(".jp-CodeCell", { hasText: "lab.start(" }).first().evaluate((cell) => cell.scrollIntoView());
        await page.locator(".jp-NotebookPanel").screenshot({ path: picture });
      }
      if (/ · done · /.test(state.text)) return states;
    }
    await page.waitForTimeout(100);
  }
  throw new Error("The card did not reach the end of the run");
}
