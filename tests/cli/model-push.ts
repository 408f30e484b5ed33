// Uploading models to a hub of the test's own. The tests set the hub's environment variables, so they are registered by
// checkpoint_test.ts, the one file that does: files are tested in parallel, in one process.
import assert from "node:assert/strict";
import { join } from "node:path";
import { pushModelCommand } from "../../lib/cli/model-push.ts";
import { UserError } from "../../lib/errors.ts";
import { saveGguf } from "../../lib/gguf/mod.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { initialWeights, modelConfigSchema } from "../../lib/model/mod.ts";
import { runMainCommand } from "./process.ts";
import { withEnvironment } from "../pretrained/hub/server.ts";
import { startUploadHub, type UploadServer } from "../pretrained/hub/upload-server.ts";

const TOKEN = "hf_secret";
const ID = "somebody/new";
const config = modelConfigSchema.parse({ vocabSize: 66, width: 16, layers: 2, heads: 2, kvHeads: 2, inner: 32 });
const tensors = initialWeights(config, 1);

interface Place {
  readonly hub: UploadServer;
  /** A model folder with other files beside the model's. */
  readonly folder: string;
}

/** Runs `body` with a hub that knows the token, and a model folder. */
function withUploads(body: (place: Place) => Promise<void>, variables: Readonly<Record<string, string>> = {}) {
  return async () => {
    await using hub = startUploadHub(TOKEN);
    await withEnvironment({ HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN, ...variables }, async (home) => {
      const folder = join(home, "model");
      // Of several shards: one in several parts, one in a piece.
      await saveModelFolder(folder, { config, tensors }, { shardBytes: 10_000 });
      for (const name of ["README.md", "notes.txt", "optimizer.pt", ".env"]) {
        await Deno.writeTextFile(join(folder, name), name);
      }
      await body({ hub, folder });
    });
  };
}

async function push(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await pushModelCommand(args, (text) => lines.push(text));
  return lines.join("\n");
}

async function refused(args: readonly string[], code: string, words: RegExp): Promise<void> {
  const error = await push(...args).then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.code, code, error.message);
  const said = `${error.message}; ${error.hint}`;
  assert.match(said, words);
  assert.ok(!said.includes(TOKEN) && !error.message.includes("\n"), said);
}

/** The names that are uploaded, and that are not. */
const LEFT = [".env", "notes.txt", "optimizer.pt"];
const uploaded = (folder: string) =>
  Array.from(Deno.readDirSync(folder), ({ name }) => name).filter((name) => !LEFT.includes(name)).sort();

/** Registers the tests. */
export function pushTests(): void {
  Deno.test(
    "`model push` creates a repository and uploads the files of a model, and no other",
    withUploads(async ({ hub, folder }) => {
      const said = JSON.parse(await push(folder, ID, "--private", "--json"));
      assert.deepEqual([said.repository, said.revision, said.created, said.url], [
        ID,
        "main",
        true,
        `${hub.url}/${ID}`,
      ]);
      assert.deepEqual(said.left, LEFT);
      const { private: isPrivate, branches } = hub.repositories[ID]!;
      assert.equal(isPrivate, true);
      assert.deepEqual(Object.keys(branches["main"]!).sort(), uploaded(folder));
      for (const [name, bytes] of Object.entries(branches["main"]!)) {
        assert.deepEqual(bytes, await Deno.readFile(join(folder, name)), name);
      }
      assert.ok(uploaded(folder).filter((name) => name.endsWith(".safetensors")).length > 1);
      assert.ok(hub.asked.some(({ request }) => /^PUT \/[0-9a-f]{64}\/2$/.test(request)), "one file goes in parts");
      assert.ok(hub.asked.every(({ token, storage }) => token !== storage), "only the hub sees the token");
      // Again: the repository is there, and so are the large files.
      hub.asked.splice(0);
      assert.match(await push(folder, ID), /^Updated /m);
      assert.deepEqual(hub.asked.filter(({ request, storage }) => storage || request.includes("create")), []);
    }),
  );

  Deno.test(
    "`model push --revision` commits to a branch, and creates it",
    withUploads(async ({ hub, folder }) => {
      hub.repositories[ID] = { private: false, branches: { main: {} } };
      for (const _ of ["a new branch", "one that is there"]) await push(folder, ID, "--revision", "v1");
      assert.deepEqual(Object.keys(hub.repositories[ID]!.branches["v1"]!).sort(), uploaded(folder));
      assert.deepEqual(hub.repositories[ID]!.branches["main"], {});
    }),
  );

  Deno.test(
    "`model push --dry-run` lists files and sizes, and asks nobody",
    withUploads(async ({ hub, folder }) => {
      Deno.env.delete("HF_TOKEN");
      const text = await push(folder, ID, "--dry-run");
      const lines = text.split("\n").filter((line) => line.startsWith("  ")).map((line) => line.trim().split("  "));
      assert.deepEqual(lines.map(([name]) => name), uploaded(folder));
      assert.ok(lines.every(([, size]) => /^[\d.]+ k?B$/.test(size!)), text);
      assert.match(text, /^Not part of the model, so not uploaded: .env, notes.txt, optimizer.pt$/m);
      assert.match(text, /^\d+ files, [\d.]+ kB, would be pushed to somebody\/new at main$/m);
      assert.deepEqual(hub.asked, []);
    }),
  );

  Deno.test(
    "`model push` takes folders with GGUF files and models with code of their own",
    withUploads(async ({ hub, folder }) => {
      const ggufs = join(folder, "gguf");
      await Deno.mkdir(ggufs);
      await saveGguf(join(ggufs, "model.gguf"), { config, tensors }, "Q8_0");
      assert.match(await push(ggufs, ID), /^warning: there is no README.md/m);
      assert.deepEqual(Object.keys(hub.repositories[ID]!.branches["main"]!), ["model.gguf"]);
      const json = JSON.parse(await Deno.readTextFile(join(folder, "config.json")));
      const auto_map = { AutoConfig: "modeling_own.OwnConfig", AutoModelForCausalLM: "modeling_own.OwnForCausalLM" };
      await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify({ ...json, auto_map }));
      await refused(
        [folder, ID],
        "push.code",
        /config.json needs the code in modeling_own.py, which .*; copy the file/,
      );
      await Deno.writeTextFile(join(folder, "setup.py"), "");
      await Deno.writeTextFile(join(folder, "modeling_own.py"), "from .parts import x");
      await refused([folder, ID, "--dry-run"], "push.code", /modeling_own.py needs the code in parts.py/);
      await Deno.writeTextFile(join(folder, "parts.py"), "x = 1");
      const { files, left } = JSON.parse(await push(folder, ID, "--dry-run", "--json"));
      const code = files.map(({ path }: { path: string }) => path).filter((path: string) => path.endsWith(".py"));
      assert.deepEqual(code, ["modeling_own.py", "parts.py"]);
      assert.deepEqual(left, [...LEFT.slice(0, 1), "gguf", ...LEFT.slice(1), "setup.py"]);
    }),
  );

  Deno.test(
    "`model push` refuses folders that are no sound model before it asks anybody",
    withUploads(async ({ hub, folder }) => {
      const pickles = await Deno.makeTempDir({ dir: folder });
      await Deno.writeTextFile(join(pickles, "config.json"), "{}");
      await Deno.writeTextFile(join(pickles, "pytorch_model.bin"), "");
      await refused([pickles, ID], "push.pickle", /a pickle \("pytorch_model.bin"\).*; convert it to safetensors/);
      await refused([join(folder, "none"), ID], "push.folder", /there is no such folder/);
      await refused([join(folder, "README.md"), ID], "push.folder", /it is not a folder/);
      await Deno.remove(join(pickles, "pytorch_model.bin"));
      await refused([pickles, ID], "push.folder", /has no model.safetensors and no GGUF file; deno task export model/);
      for (const name of ["new", "a/b/c", "a b/c", "../x", "a/--b"]) {
        await refused([folder, name], "push.repository", /has the form owner\/name/);
        await refused([folder, name, "--dry-run"], "push.repository", /has the form owner\/name/);
      }
      await refused([folder, ID, "--revision", "../v1"], "push.revision", /not the name of a branch/);
      const secret = await Deno.makeTempFile();
      await Deno.symlink(secret, join(folder, "LICENSE"));
      await refused([folder, ID, "--dry-run"], "push.folder", /"LICENSE" is a link to .*, outside of the folder/);
      await Deno.remove(join(folder, "LICENSE"));
      await Deno.mkdir(join(folder, "LICENSE"));
      await refused([folder, ID], "push.folder", /"LICENSE" is not a file/);
      await Deno.remove(join(folder, "LICENSE"));
      await Deno.remove(secret);
      const shard = uploaded(folder).find((name) => name.endsWith(".safetensors"))!;
      await Deno.truncate(join(folder, shard), 5000);
      await assert.rejects(push(folder, ID), (error) => error instanceof UserError && error.message.includes(shard));
      assert.deepEqual(hub.asked, []);
    }),
  );

  Deno.test(
    "`model push` says what a hub refuses, in one sentence without the token",
    withUploads(async ({ hub, folder }) => {
      hub.repositories["somebody/open"] = { private: false, branches: { main: {} } };
      await refused([folder, "somebody/open", "--private"], "push.public", /exists and is public/);
      const answer = (status: number, error: string) => () => Response.json({ error }, { status });
      hub.answers["POST /api/repos/create"] = answer(403, "You don't have the rights\nto create a model here");
      await refused(
        [folder, ID],
        "push.access",
        /does not allow it \(You don't have the rights to create.*; use a token/,
      );
      hub.answers["POST /api/repos/create"] = answer(500, "");
      await refused([folder, ID], "hub.server", /answered with status 500; try again later/);
      hub.answers["POST /api/models/somebody/open/commit/main"] = answer(
        400,
        'Invalid metadata in README.md: "license"',
      );
      await refused([folder, "somebody/open"], "hub.server", /status 400 \(Invalid metadata in README.md: "license"\)/);
      assert.deepEqual(hub.repositories["somebody/open"]!.branches["main"], {}, "all or nothing");
      hub.answers["GET /api/models/somebody/open/revision/HEAD"] = () => new Response("<html>");
      await refused([folder, "somebody/open"], "hub.server", /does not answer as a Hugging Face hub does/);
      Deno.env.set("HF_TOKEN", "hf_wrong");
      await refused([folder, ID], "push.token", /does not accept the access token \(Invalid credentials\)/);
      Deno.env.delete("HF_TOKEN");
      await refused([folder, ID], "push.token", /no access token is set; set HF_TOKEN .*hf auth login/);
      Deno.env.set("HF_HUB_OFFLINE", "1");
      await refused([folder, ID], "hub.offline", /HF_HUB_OFFLINE forbids it/);
      Deno.env.delete("HF_HUB_OFFLINE");
      Deno.env.set("HF_TOKEN", TOKEN);
      Deno.env.set("HF_ENDPOINT", "http://127.0.0.1:1");
      await refused([folder, ID], "hub.network", /no connection to 127.0.0.1:1 .*not sent again/);
      Deno.env.set("HF_ENDPOINT", hub.url);
      const { code, stdout, stderr } = await runMainCommand(["model", "push", folder, ID], {
        HF_ENDPOINT: hub.url,
        HF_TOKEN: "hf_wrong",
      });
      assert.equal(code, 2);
      assert.match(stderr, /does not accept the access token/);
      assert.doesNotMatch(stdout + stderr, /hf_wrong|\n {4}at /);
    }),
  );
}
