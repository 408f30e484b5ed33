// The typed client against the app: what its types say is what the schemas say.
import assert from "node:assert/strict";
import { answerOf, apiClient, createAccess, createApp } from "../../lib/serve/mod.ts";
import { runResponseSchema } from "../../lib/serve/schemas.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";

Deno.test("`apiClient()` reads, changes with the server's token, and fails in the server's words", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 5 }));
    run.release();
    const access = createAccess();
    const app = createApp({ runsFolder, access, abilities: { edit: true, stop: true } });
    const client = (token?: string) =>
      apiClient("http://localhost:8420", {
        token,
        fetch: async (input, init) => {
          const headers = new Headers(init?.headers);
          headers.set("host", "localhost:8420");
          return await app.fetch(new Request(input, { ...init, headers }));
        },
      }).api;
    const reader = client(), owner = client(access.token);
    const param = { id: ID };

    const { runs } = await answerOf(reader.runs.$get({ query: {} }));
    assert.deepEqual(runs.map(({ id }) => id), [ID]);
    const { run: view } = runResponseSchema.parse(await answerOf(reader.runs[":id"].$get({ param, query: {} })));
    const status: string = (await answerOf(reader.runs[":id"].status.$get({ param }))).status;
    assert.equal(status, view.status);
    const { events } = await answerOf(reader.runs[":id"].events.$get({ param, query: { after: "7" } }));
    assert.equal(events[0]!.seq, 8);

    const { token } = await answerOf(owner.session.$get());
    const labels = await answerOf(owner.runs[":id"].labels.$post({
      param,
      header: { "x-stitchbook-token": token! },
      json: { kind: "name", name: "best so far" },
    }));
    assert.equal(labels.name, "best so far");

    assert.equal((await answerOf(reader.session.$get())).token, null);
    const refused = reader.runs[":id"].remove.$post({ param, header: { "x-stitchbook-token": token! }, json: {} });
    await assert.rejects(answerOf(refused), ({ message, cause }) => {
      assert.match(message, /token is missing: open the link/);
      return cause === "access.missing";
    });
    await assert.rejects(
      answerOf(reader.runs[":id"].$get({ param: { id: "20261122-101010-none" }, query: {} })),
      ({ cause }) => cause === "run.unknown",
    );
  }));
