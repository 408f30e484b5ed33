// Posting alerts: which events are posted, and that a failed post does not affect the run.
import assert from "node:assert/strict";
import { z } from "zod";
import { UserError } from "../../../lib/errors.ts";
import { beginRun, withRun } from "../../../lib/run/cells/run.ts";
import { openAlarms } from "../../../lib/run/alerts/alarms.ts";
import type { Run } from "../../../lib/run/cells/cell.ts";
import type { RunListener } from "../../../lib/run/log/run-writer.ts";
import { openWebhook, type WebhookPost, webhookUrl, withoutWebhook } from "../../../lib/run/alerts/webhook.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";

const RUN = () => ({ id: "20261122-051207-bts-quick-k3f9", title: "A run" });
const note = (text: string, level: "info" | "warning" | "error", more = {}) =>
  ({ kind: "note", seq: 1, time: "2026-11-22T05:12:07.000Z", level, text, ...more }) as const;

/** Serves on this machine while `use` runs; gives what was posted. */
async function served(
  answer: (request: Request, body: WebhookPost) => Response | Promise<Response>,
  use: (url: URL) => Promise<void>,
): Promise<WebhookPost[]> {
  const posts: WebhookPost[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = await request.json() as WebhookPost;
    posts.push(body);
    return await answer(request, body);
  });
  try {
    await use(new URL(`http://127.0.0.1:${server.addr.port}/hook/s3cret?key=s3cret`));
  } finally {
    await server.shutdown();
  }
  return posts;
}

Deno.test("`openWebhook()` posts alerts and errors in order, and no replayed events", async () => {
  const headers: (string | null)[] = [];
  const posts = await served((request) => {
    headers.push(`${request.method} ${request.headers.get("content-type")}`);
    return new Response("ok");
  }, async (url) => {
    const hook = openWebhook({ url, run: RUN, onTrouble: assert.fail });
    const alert = { detector: "spike", action: "skip", step: 7, values: { loss: 3 } };
    hook.onEvent(note("all is well", "info"), false);
    hook.onEvent(note("few questions", "warning"), false);
    hook.onEvent(note("The loss spikes", "warning", { cell: "seed", alert }), false);
    hook.onEvent(note("said before", "warning", { alert }), true);
    hook.onEvent(note("It broke", "error"), false);
    hook.onEvent({ kind: "run.end", seq: 9, time: note("", "info").time, status: "done", seconds: 1 }, false);
    hook.onEvent(
      { kind: "run.end", seq: 9, time: note("", "info").time, status: "failed", seconds: 1, error: "NaN" },
      false,
    );
    await hook.close();
  });
  assert.deepEqual([...new Set(headers)], ["POST application/json"]);
  assert.deepEqual(posts.map(({ level, text }) => [level, text]), [
    ["warning", "A run, seed: The loss spikes"],
    ["error", "A run: It broke"],
    ["error", "A run: the run failed. NaN"],
  ]);
  const { host, ...first } = posts[0]!;
  assert.ok(host.length > 0);
  assert.deepEqual(first, {
    text: "A run, seed: The loss spikes",
    level: "warning",
    time: "2026-11-22T05:12:07.000Z",
    run: RUN().id,
    title: "A run",
    cell: "seed",
    detector: "spike",
    action: "skip",
    step: 7,
    values: { loss: 3 },
  });
});

Deno.test("`openWebhook()` reports once that posts fail, without the URL's secrets", async () => {
  const troubles: string[] = [];
  const attempt = async (url: URL, timeout = 2_000) => {
    const hook = openWebhook({ url, run: RUN, onTrouble: (text) => troubles.push(text), timeout });
    for (let i = 0; i < 3; i++) hook.onEvent(note("It broke", "error"), false);
    await hook.close();
  };
  await served(() => new Response("no", { status: 500 }), (url) => attempt(url));
  await served(() => Response.redirect("http://127.0.0.1:1/elsewhere"), (url) => attempt(url));
  const waits: (() => void)[] = [];
  await served(() => new Promise((resolve) => waits.push(() => resolve(new Response("late")))), async (url) => {
    await attempt(url, 50);
    waits.forEach((go) => go());
  });
  await attempt(new URL("http://127.0.0.1:1/s3cret"));
  assert.equal(troubles.length, 4, String(troubles));
  assert.match(troubles[0]!, /^Alerts do not reach the webhook at 127\.0\.0\.1:\d+: it answered 500$/);
  assert.match(troubles[2]!, /no answer within 0\.05 s/);
  for (const text of troubles) assert.doesNotMatch(text, /s3cret/);
});

Deno.test("A run whose webhook fails continues and ends as done, even if that cannot be reported", () =>
  withFolder(async (folder) => {
    const trouble: string[] = [];
    const hook = openWebhook({
      url: new URL("http://127.0.0.1:1/s3cret"),
      run: RUN,
      onTrouble: (text) => {
        trouble.push(text);
        throw new Error("the log is closed");
      },
    });
    const run = await beginRun(options(folder, { onEvent: [hook.onEvent] }));
    run.note("careful", "error");
    run.finish(emptyResults);
    await hook.close();
    assert.equal(trouble.length, 1);
  }));

/** What `use` prints with `console.error()`. */
async function printed(use: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const print = console.error;
  console.error = (...values: unknown[]) => void lines.push(values.join(" "));
  try {
    await use();
  } finally {
    console.error = print;
  }
  return lines;
}

Deno.test("`openAlarms()` warns once of a dead webhook: in the log while it is open, otherwise on stderr", () =>
  withFolder(async (folder) => {
    for (const early of [true, false]) {
      const notes: string[] = [];
      let open: Run | undefined;
      const lines = await printed(async () => {
        const alarms = openAlarms({
          folder,
          title: "A run",
          run: () => open,
          webhook: new URL("http://127.0.0.1:1/s3cret"),
        });
        const hear: RunListener = (event) => {
          if (event.kind === "note" && event.level === "warning") notes.push(event.text);
        };
        const ended = withRun(options(folder, { onEvent: [alarms.onEvent, hear] }), async (run) => {
          open = run;
          if (early) {
            run.note("It broke", "error");
            for (let i = 0; i < 500 && notes.length === 0; i++) await new Promise((next) => setTimeout(next, 10));
          }
          throw new Error("NaN");
        }).finally(() => alarms.close());
        await assert.rejects(ended, /^Error: NaN$/);
      });
      const warning = "Alerts do not reach the webhook at 127.0.0.1:1: it could not be reached";
      assert.deepEqual(notes, early ? [warning] : []);
      assert.deepEqual(lines, early ? [] : [`warning: ${warning}`]);
    }
  }));

Deno.test("Listeners learn which events are replayed; a replayed alert keeps its values", () =>
  withFolder(async (folder) => {
    const heard: string[] = [];
    const once = async () => {
      const run = await beginRun(options(folder, {
        onEvent: [(event, replayed) => {
          if (event.kind === "note") heard.push(`${event.text} ${replayed} ${event.alert?.values["loss"]}`);
        }],
      }));
      const spec = {
        name: "one",
        title: "One",
        description: "",
        inputs: {},
        code: import.meta,
        output: z.null(),
      };
      await run.cell(spec, (cell) => {
        cell.note("a spike", "warning", { detector: "spike", action: "skip", step: 3, values: { loss: 7.5 } });
        return Promise.resolve(null);
      });
      run.finish(emptyResults);
    };
    await once();
    await once();
    assert.deepEqual(heard, ["a spike false 7.5", "a spike true 7.5"]);
  }));

Deno.test("`webhookUrl()` accepts only http and https, and never repeats the URL in its message", () => {
  assert.equal(webhookUrl("https://hooks.example.com/x?y=1", "--webhook").host, "hooks.example.com");
  for (const wrong of ["ftp://s3cret.example.com", "file:///etc/s3cret", "s3cret", "", "javascript:s3cret()"]) {
    assert.throws(
      () => webhookUrl(wrong, "--webhook"),
      (error) => error instanceof UserError && error.code === "command.webhook" && !error.message.includes("s3cret"),
    );
  }
});

Deno.test("`withoutWebhook()` removes the option and its URL from a command line", () => {
  assert.deepEqual(withoutWebhook(["--seed", "1", "--webhook", "https://x/s3cret", "--json"]), [
    "--seed",
    "1",
    "--json",
  ]);
  assert.deepEqual(withoutWebhook(["--webhook=https://x/s3cret", "--name", "--webhooks"]), ["--name", "--webhooks"]);
});
