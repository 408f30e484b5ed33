// `deno task results`: its plan, the command on its page, and stopping it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { resultsCommand } from "../../experiments/results.ts";
import { PAGES } from "../../experiments/studies/all.ts";
import { explainError, UserError } from "../../lib/errors.ts";
import { readRun, repositoryRoot, runIds } from "../../lib/run/mod.ts";
import { printed } from "../printed.ts";

const results = (...args: string[]) =>
  new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "experiments/results.ts", ...args],
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("`results --dry-run` shows every study with its preset and time, and writes nothing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-results-" });
  try {
    const out = join(folder, "page.md");
    const planOf = async (...more: string[]) => {
      const args = ["--dry-run", "--preset", "smoke", "--runs", join(folder, "runs"), "--out", out, ...more];
      return await printed(() => resultsCommand(args));
    };
    const all = await planOf();
    for (const { name } of PAGES.paper.sections) assert.match(all, new RegExp(`^${name} +smoke +3 `, "m"));
    assert.match(all, /^all .*\d (s|min)$/m);
    const some = await planOf("--only", "bts,hub", "--main", "lab", "--seeds", "1,2");
    assert.match(some, /^bts +lab +2 [^]*^hub +smoke +2 /m);
    assert.doesNotMatch(some, /^gates/m);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("`results --finished` names a study without a finished run, and the pages have their own studies", async () => {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-results-" });
  try {
    const runs = join(folder, "runs"), out = join(folder, "page.md");
    const given = ["--page", "domains", "--runs", runs, "--out", out];
    await assert.rejects(
      resultsCommand([...given, "--finished"]),
      /has no finished run of the study domains with the preset quick and seed 1/,
    );
    await assert.rejects(
      resultsCommand([...given, "--only", "hub"]),
      /--only has "hub": expected domains, many-experts/,
    );
    await assert.rejects(resultsCommand(["--page", "domain"]), /--page has "domain": expected paper, domains/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the results page has the command that generates it again, with its folder and page", async () => {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook results " });
  try {
    const runs = join(folder, "runs"), out = join(folder, "page.md");
    const given = ["--seeds", "1", "--only", "initialization", "--runs", runs, "--out", out];
    const { code, stderr } = await results("--preset", "smoke", ...given).output();
    assert.equal(code, 0, text(stderr));
    assert.equal(
      text(stderr).match(/No questions for translation/g)?.length ?? 1,
      1,
      "a warning of several cells is shown once",
    );
    assert.match(text(stderr), /Studies to run[^]*initialization +smoke[^]*=== Initialization/);
    const page = await Deno.readTextFile(out);
    const again = `deno task results --preset smoke --seeds 1 --only initialization --runs '${runs}' --out '${out}'`;
    assert.ok(page.includes(again), page.slice(0, 600));
    assert.match(page, /seed 1, 1 run\n/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "Ctrl-C on `results` stops the running study with a checkpoint, and exits with code 130",
  ignore: Deno.build.os === "windows",
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-stop-" });
  try {
    const runs = join(folder, "runs");
    const only = ["--only", "initialization", "--preset", "smoke", "--seeds", "1"];
    const child = results(...only, "--runs", runs, "--out", join(folder, "page.md")).spawn();
    const ended = child.output();
    const view = async () => {
      const [id] = await runIds(runs);
      return id === undefined ? undefined : await readRun(runs, id);
    };
    for (let i = 0; (await view())?.cells.some(({ metrics }) => metrics.length > 0) !== true; i++) {
      assert.ok(i < 600, "no training began in 60 s");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    assert.equal(code, 130, text(stderr));
    assert.equal((await view())!.status, "stopped");
    await assert.rejects(Deno.stat(join(folder, "page.md")), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "a study stops with a checkpoint when the `results` process that started it is killed",
  ignore: Deno.build.os === "windows",
}, async () => {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-orphan-" });
  try {
    // As `results` starts a study, with a training that takes minutes.
    const long = "--preset smoke --no-serve --set train.seed.steps=100000";
    const shell = new Deno.Command("sh", {
      args: [
        "-c",
        `STITCHBOOK_PARENT=$$ "${Deno.execPath()}" run -A experiments/bts.ts ${long} --runs "${runs}"; true`,
      ],
      cwd: repositoryRoot,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const statusOf = async () => {
      const [id] = await runIds(runs).catch(() => []);
      return id === undefined ? undefined : await readRun(runs, id).catch(() => undefined);
    };
    const until = async (holds: (view: Awaited<ReturnType<typeof statusOf>>) => boolean) => {
      for (let i = 0; i < 300; i++) {
        const view = await statusOf();
        if (holds(view)) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.fail(`after 30 s: ${(await statusOf())?.status}`);
    };
    await until((view) => view?.cells.some(({ name, metrics }) => name === "seed" && metrics.length > 0) ?? false);
    shell.kill("SIGKILL");
    await shell.status;
    await until((view) => view?.status === "stopped");
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

Deno.test("`deno task results` refuses wrong options before anything is trained", async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["--preset", "smok"], /--preset has "smok": expected smoke, quick, study, lab\n.*did you mean smoke\?/],
    [["--main", "lap"], /--main has "lap".*did you mean lab\?/s],
    [["--only", "hubs"], /--only has "hubs".*did you mean hub\?/s],
    [["--seeds", "1,x"], /expected a number or a range, not "x"/],
    [["--out", "none/such/page.md"], /there is no folder none\/such\n.*make it first/],
    [["--out", "docs"], /Cannot write docs: it is a folder\n.*name a file/],
  ];
  for (const [args, message] of cases) {
    await assert.rejects(
      resultsCommand(args),
      (error) => error instanceof UserError && message.test(explainError(error)),
      args.join(" "),
    );
  }
});
