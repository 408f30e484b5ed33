// Models on the Hugging Face hub, downloaded from a server of the test's own. Tests that set the hub's environment variables
// belong in this file: files are tested in parallel, in one process.
import assert from "node:assert/strict";
import { btsDefinition, completeFromCheckpoints } from "../../../lib/bts/mod.ts";
import { mergeCommand } from "../../../lib/cli/merge.ts";
import { trainTokenizer } from "../../../lib/data/mod.ts";
import { UserError } from "../../../lib/errors.ts";
import { loadModelFolder, saveModelFolder, writeSafetensors } from "../../../lib/huggingface/mod.ts";
import { initialWeights, modelConfigSchema } from "../../../lib/model/mod.ts";
import { hubCheckpoint, isHubId, openPretrained } from "../../../lib/pretrained/mod.ts";
import { parseExperimentArguments } from "../../../lib/run/mod.ts";
import { modelCommand } from "../../../lib/cli/model.ts";
import { copyFromHub } from "../../../lib/cli/model-get.ts";
import { runMainCommand } from "../../cli/process.ts";
import { optionalTest, python } from "../../optional.ts";
import { pushTests } from "../../cli/model-push.ts";
import { type Behavior, blobName, type HubServer, startHub, withEnvironment } from "./server.ts";

const ID = "somebody/tiny";
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const tokenizer = trainTokenizer(["the cat sat on the mat ".repeat(20)], { vocabSize: 266 });
const config = modelConfigSchema.parse({
  vocabSize: 266,
  width: 16,
  layers: 1,
  heads: 2,
  kvHeads: 2,
  inner: 32,
  contextLength: 32,
});
const tensors = initialWeights(config, 1);
const files = await modelFiles();
const weights = files["model.safetensors"]!;

async function modelFiles(): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const folder = await Deno.makeTempDir();
  await saveModelFolder(folder, { config, tensors, tokenizer, chatTemplate: "{{ messages }}" });
  const entries = Array.from(Deno.readDirSync(folder), ({ name }) => [name, Deno.readFileSync(`${folder}/${name}`)]);
  await Deno.remove(folder, { recursive: true });
  const text = (words: string) => new TextEncoder().encode(words);
  return {
    ...Object.fromEntries(entries),
    "chat_template.jinja": text("{{ messages }}"),
    "pytorch_model.bin": text("pickle"),
    "README.md": text("A model."),
    "run.py": text("import os"),
    "consolidated.safetensors": text("another copy"),
  };
}

interface Place {
  readonly hub: HubServer;
  /** `HF_HOME` */
  readonly home: string;
  readonly repository: string;
}

/** Runs `body` with a hub and an empty cache. */
async function withHub(behavior: Partial<Behavior>, body: (place: Place) => Promise<void>): Promise<void> {
  await using hub = startHub({ id: ID, commit: COMMIT, files, cuts: [], ...behavior });
  await withEnvironment(
    { HF_ENDPOINT: hub.url },
    (home) => body({ hub, home, repository: `${home}/hub/models--somebody--tiny` }),
  );
}

const get = (source = ID) => hubCheckpoint(source, `Cannot get "${source}"`);
const names = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Asserts a refusal in one sentence, after which the cache has no snapshot, no ref and no blob under a final name. */
async function refused(promise: Promise<unknown>, repository: string, code: string, words: RegExp): Promise<UserError> {
  const error = await promise.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(`${error.message}; ${error.hint}`, words);
  assert.doesNotMatch(error.message, /\n/);
  for (const folder of ["snapshots", "refs"]) assert.ok(!await exists(`${repository}/${folder}`), folder);
  return error;
}

const EXPECTED = [
  "chat_template.jinja",
  "config.json",
  "generation_config.json",
  "model.safetensors",
  "special_tokens_map.json",
  "tokenizer.json",
  "tokenizer_config.json",
];

Deno.test("a model is downloaded into the layout of Python's cache, without pickles and scripts", () =>
  withHub({}, async ({ hub, repository }) => {
    const { folder, pinned } = await get();
    assert.equal(pinned, `${ID}@${COMMIT}`);
    assert.equal(folder, `${repository}/snapshots/${COMMIT}`);
    assert.deepEqual(names(folder), EXPECTED);
    for (const name of EXPECTED) {
      const hash = blobName(files[name]!);
      assert.equal(await Deno.readLink(`${folder}/${name}`), `../../blobs/${hash}`);
      assert.deepEqual(await Deno.readFile(`${repository}/blobs/${hash}`), files[name]);
    }
    assert.equal(names(`${repository}/blobs`).length, new Set(EXPECTED.map((name) => blobName(files[name]!))).size);
    assert.equal(await Deno.readTextFile(`${repository}/refs/main`), COMMIT);
    hub.asked();
    await get();
    assert.deepEqual(hub.asked().storage, [], "nothing is downloaded twice");
    await get(pinned);
    assert.deepEqual(hub.asked().hub, [], "a commit in the cache needs no network");
    await get(`${ID}@v1`);
    assert.equal(await Deno.readTextFile(`${repository}/refs/v1`), COMMIT);
  }));

Deno.test("a checkpoint on the hub opens like a folder, and names its commit", () =>
  withHub({}, async () => {
    const model = await openPretrained(ID, "pretrained.seed");
    assert.equal(model.source, `${ID}@${COMMIT}`);
    assert.deepEqual(model.config, config);
    assert.deepEqual(await model.load(), tensors);
    await assert.rejects(openPretrained("somebody/none", "pretrained.seed"), (error: unknown) => {
      assert.ok(error instanceof UserError && error.code === "hub.missing");
      assert.match(error.message, /^Cannot use pretrained.seed="somebody\/none" \(no such path/);
      return true;
    });
  }));

Deno.test("a run's settings name the commit that a branch is at", () =>
  withHub({}, async () => {
    const parsed = parseExperimentArguments(
      ["--preset", "smoke", "--set", `pretrained.seed=${ID}`, "--set", `pretrained.code=${ID}@v1`],
      btsDefinition,
    );
    assert.ok(parsed.kind === "run");
    const { pretrained } = await completeFromCheckpoints(parsed.config, parsed.origins);
    assert.deepEqual(pretrained, { seed: `${ID}@${COMMIT}`, code: `${ID}@${COMMIT}` });
  }));

optionalTest("python-torch", "Python finds the model in the cache", () =>
  withHub({}, async () => {
    const { folder } = await get();
    Deno.env.set("HF_HUB_OFFLINE", "1");
    const script = `
from huggingface_hub import scan_cache_dir, snapshot_download
from transformers import AutoTokenizer
[repo] = scan_cache_dir().repos
[revision] = repo.revisions
print(snapshot_download("${ID}"))
print(repo.repo_id, revision.commit_hash, *revision.refs, len(AutoTokenizer.from_pretrained("${ID}")))
`;
    assert.equal(python(["-c", script]), `${folder}\n${ID} ${COMMIT} main 266\n`);
  }));

Deno.test("a download that is cut resumes where it ended, in the same process and in a later one", () =>
  withHub({ cuts: [1000, 500] }, async ({ hub, repository }) => {
    const { folder } = await get();
    assert.deepEqual(await Deno.readFile(`${folder}/model.safetensors`), weights);
    const ranges = hub.asked().storage.filter(({ path }) => path === "/model.safetensors").map(({ range }) => range);
    assert.equal(ranges.length, 3);
    assert.equal(ranges[0], null);
    assert.match(ranges[2]!, /^bytes=[1-9]\d*-$/);
    await Deno.remove(repository, { recursive: true });
    const blobs = `${repository}/blobs`;
    await Deno.mkdir(blobs, { recursive: true });
    await Deno.writeFile(`${blobs}/${blobName(weights)}.incomplete`, weights.subarray(0, 1234));
    await get();
    const again = hub.asked().storage.filter(({ path }) => path === "/model.safetensors");
    assert.deepEqual(again.map(({ range }) => range), ["bytes=1234-"]);
    assert.deepEqual(await Deno.readFile(`${folder}/model.safetensors`), weights);
  }));

Deno.test("a download starts over where the server does not know ranges", () =>
  withHub({ wholeOnly: true }, async ({ repository }) => {
    await Deno.mkdir(`${repository}/blobs`, { recursive: true });
    await Deno.writeFile(`${repository}/blobs/${blobName(weights)}.incomplete`, weights.subarray(0, 1234));
    assert.deepEqual(await Deno.readFile(`${(await get()).folder}/model.safetensors`), weights);
  }));

Deno.test("a file with another hash or size is refused and removed; the next download gets it", () =>
  withHub({}, async ({ hub, repository }) => {
    const changed = weights.slice();
    changed[changed.length - 1]! ^= 1;
    const wrong: readonly [Uint8Array<ArrayBuffer>, RegExp][] = [
      [changed, /"model.safetensors" was damaged .*its hash is [0-9a-f]{64}, not/],
      [new Uint8Array([...weights, 0]), /it has \d+ bytes, not/],
    ];
    for (const [damaged, words] of wrong) {
      hub.behavior.damaged = damaged;
      await refused(get(), repository, "hub.damaged", words);
      assert.ok(!names(`${repository}/blobs`).some((name) => name.startsWith(blobName(weights))));
    }
    delete hub.behavior.damaged;
    assert.deepEqual(names((await get()).folder), EXPECTED);
  }));

Deno.test("a gated model takes a token, which only the hub sees, and no message", () =>
  withHub({ token: "hf_secret" }, async ({ hub, home, repository }) => {
    await refused(get(), repository, "hub.gated", /gated or private, and no token is set.*set HF_TOKEN/);
    Deno.env.set("HF_TOKEN", "hf_other");
    const error = await refused(get(), repository, "hub.access", /your token gives no access/);
    assert.doesNotMatch(String(error.stack), /hf_other/);
    Deno.env.set("HF_TOKEN", "hf_with\nbreak");
    assert.doesNotMatch(String((await refused(get(), repository, "hub.token", /HF_TOKEN/)).stack), /break/);
    Deno.env.delete("HF_TOKEN");
    await Deno.writeTextFile(`${home}/token`, "hf_secret\n");
    hub.asked();
    await get();
    const { hub: api, storage } = hub.asked();
    assert.ok(api.length > 0 && api.every(({ token }) => token === "Bearer hf_secret"));
    assert.ok(storage.length > 0 && storage.every(({ token }) => token === null));
  }));

Deno.test("unknown ids and revisions, other servers and no network are refused", () =>
  withHub({}, async ({ hub, repository }) => {
    await refused(
      get("somebody/tiny2"),
      repository,
      "hub.missing",
      /has no such model, or it is private.*check the id/,
    );
    await refused(get(`${ID}@v2`), repository, "hub.revision", /no such revision/);
    hub.behavior.answer = () => new Response("<html>Please log in</html>");
    await refused(get(), repository, "hub.server", /does not answer as a Hugging Face hub does/);
    hub.behavior.answer = () => new Response("", { status: 503 });
    await refused(get(), repository, "hub.server", /status 503/);
    Deno.env.set("HF_ENDPOINT", "hub");
    await refused(get(), repository, "hub.endpoint", /HF_ENDPOINT="hub" is not an address/);
    const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    closed.close();
    Deno.env.set("HF_ENDPOINT", `http://127.0.0.1:${closed.addr.port}`);
    await refused(get(), repository, "hub.network", /no connection to 127.0.0.1:\d+.*HTTPS_PROXY/);
  }));

Deno.test("a connection that is cut for good is refused, and what came stays for the next download", () =>
  withHub({ cuts: [1000, 0, 0, 0, 0, 0, 0] }, async ({ hub, repository }) => {
    await refused(get(), repository, "hub.network", /a download that was cut resumes/);
    assert.ok(names(`${repository}/blobs`).includes(`${blobName(weights)}.incomplete`));
    hub.behavior.cuts = [];
    assert.deepEqual(await Deno.readFile(`${(await get()).folder}/model.safetensors`), weights);
  }));

Deno.test("offline only the cache is used", () =>
  withHub({}, async ({ hub, repository }) => {
    Deno.env.set("HF_HUB_OFFLINE", "1");
    await refused(get(), repository, "hub.offline", /not complete in the cache.*model get somebody\/tiny/);
    Deno.env.delete("HF_HUB_OFFLINE");
    const { folder, pinned } = await get();
    hub.asked();
    Deno.env.set("HF_HUB_OFFLINE", "1");
    for (const id of [ID, pinned]) assert.deepEqual(await get(id), { folder, pinned });
    await Deno.remove(`${folder}/tokenizer.json`);
    await assert.rejects(get(), /not complete/);
    assert.deepEqual(hub.asked(), { hub: [], storage: [] });
  }));

Deno.test("repositories without safetensors or tokenizer, and full or unusable disks are refused before the download", () =>
  withHub({}, async ({ hub, home, repository }) => {
    const { "model.safetensors": _, ...pickled } = files;
    const { "pytorch_model.bin": __, ...bare } = pickled;
    const { "tokenizer.json": ___, ...noTokenizer } = files;
    const wrong: readonly [Partial<Behavior>, string, RegExp][] = [
      [{ files: pickled }, "hub.pickle", /a pickle \("pytorch_model.bin"\)/],
      [{ files: bare }, "hub.weights", /no model.safetensors/],
      [{ files: noTokenizer }, "hub.files", /no tokenizer.json/],
      [{ files, claimedSize: 1e15 }, "hub.disk", /takes 1,000,000,\d\d\d(\.\d)? MB, and the disk/],
    ];
    for (const [behavior, code, words] of wrong) {
      Object.assign(hub.behavior, behavior);
      await refused(get(), repository, code, words);
      assert.deepEqual(names(home), []);
    }
    delete hub.behavior.claimedSize;
    await Deno.writeTextFile(`${home}/file`, "");
    Deno.env.set("HF_HOME", `${home}/file`);
    await refused(get(), repository, "hub.cache", /the cache ".*" cannot be used/);
  }));

Deno.test({
  name: "a disk that fills up during the download is refused",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withHub({}, async ({ repository }) => {
      await Deno.mkdir(`${repository}/blobs`, { recursive: true });
      await Deno.symlink("/dev/full", `${repository}/blobs/${blobName(weights)}.incomplete`);
      await refused(get(), repository, "hub.cache", /the disk is full.*set HF_HOME/);
    }),
});

Deno.test("sharded weights are downloaded with their index", () => {
  const index = new TextEncoder().encode(JSON.stringify({ weight_map: { "a": "model-00001-of-00001.safetensors" } }));
  const { "model.safetensors": shard, ...rest } = files;
  const sharded = { ...rest, "model.safetensors.index.json": index, "model-00001-of-00001.safetensors": shard! };
  return withHub({ files: sharded }, async () => {
    const found = names((await get()).folder).filter((name) => name.includes("safetensors"));
    assert.deepEqual(found, ["model-00001-of-00001.safetensors", "model.safetensors.index.json"]);
  });
});

Deno.test("`deno task merge` takes models and LoRAs on the hub", async () => {
  const out = await Deno.makeTempDir();
  const merge = (model: string, folder: string) =>
    mergeCommand(["-m", "passthrough", model, "-o", `${out}/${folder}`], () => {});
  try {
    const { "pytorch_model.bin": _, ...plain } = files;
    await withHub({ files: plain }, async ({ repository }) => {
      await merge(ID, "copy");
      assert.deepEqual((await loadModelFolder(`${out}/copy`)).tensors, tensors);
      await refused(
        merge(`${out}/copy+${ID}`, "none"),
        `${repository}/none`,
        "hub.weights",
        /adapter_model\.safetensors/,
      );
    });
    const name = "model.layers.0.mlp.up_proj";
    const lora = Object.fromEntries(
      [["A", [1, 16]], ["B", [32, 1]]].map(([part, shape]) => [`base_model.model.${name}.lora_${part}.weight`, {
        shape: shape as number[],
        data: new Float32Array((shape as number[]).reduce((a, b) => a * b)).fill(0.5),
      }]),
    );
    await writeSafetensors(`${out}/adapter_model.safetensors`, lora);
    const adapter = {
      "adapter_config.json": new TextEncoder().encode(
        JSON.stringify({ peft_type: "LORA", r: 1, lora_alpha: 2, base_model_name_or_path: "somebody/copy" }),
      ),
      "adapter_model.safetensors": await Deno.readFile(`${out}/adapter_model.safetensors`),
    };
    await withHub({ files: adapter }, async () => {
      await merge(`${out}/copy+${ID}`, "adapted");
      const merged = (await loadModelFolder(`${out}/adapted`)).tensors[`${name}.weight`]!.data;
      assert.deepEqual(merged, tensors[`${name}.weight`]!.data.map((value) => value + 0.5));
    });
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("ids of the hub are told from paths", () => {
  for (const id of [ID, `${ID}@v1`, `${ID}@refs/pr/1`, `${ID}@${COMMIT}`]) assert.ok(isHubId(id), id);
  for (
    const path of [
      "tiny",
      "./a/b",
      "../a",
      "a/../b",
      "/a/b",
      "a/b/c",
      "models/a.gguf",
      `${ID}@`,
      `${ID}@../x`,
      "a/b@x/..",
      "a b/c",
    ]
  ) {
    assert.ok(!isHubId(path), path);
  }
});

Deno.test("`model get` downloads through a proxy, and refuses in one sentence with exit code 2", () =>
  withHub({}, async ({ hub, repository }) => {
    // The hub's own name cannot be resolved: only the proxy knows it, which is the server itself. Its storage has no proxy.
    const direct = { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" };
    const env = {
      ...direct,
      http_proxy: hub.url,
      HF_ENDPOINT: "http://hub.invalid",
      HTTP_PROXY: hub.url,
      HF_TOKEN: "hf_secret",
    };
    const missing = await runMainCommand(["model", "get", "somebody/none"], env);
    assert.equal(missing.code, 2, missing.stderr);
    assert.match(missing.stderr, /Cannot get "somebody\/none": hub.invalid has no such model/);
    assert.doesNotMatch(missing.stdout + missing.stderr, /hf_secret|\n {4}at /);
    const { code, stdout, stderr } = await runMainCommand(["model", "get", ID, "--json"], env);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { folder: `${repository}/snapshots/${COMMIT}`, pinned: `${ID}@${COMMIT}` });
    assert.doesNotMatch(stdout + stderr, /hf_secret/);
  }));

Deno.test("a plan fetches everything but the weights, and says how large they are", () =>
  withHub({}, async ({ hub, repository }) => {
    const parsed = parseExperimentArguments(["--preset", "smoke", "--set", `pretrained.seed=${ID}`], btsDefinition);
    assert.ok(parsed.kind === "run");
    const complete = (plan: boolean) => completeFromCheckpoints(parsed.config, parsed.origins, { plan });
    const said = await errorOutput(() => complete(true));
    assert.deepEqual(said, [`A run downloads ${ID}@${COMMIT} from the hub (${(weights.length / 1e6).toFixed(1)} MB)`]);
    const planned = await complete(true);
    assert.ok(!hub.asked().storage.some(({ path }) => path.includes("safetensors")));
    assert.deepEqual(
      names(`${repository}/snapshots/${COMMIT}`),
      EXPECTED.filter((name) => !name.endsWith("safetensors")),
    );
    assert.deepEqual(await complete(false), planned);
    assert.deepEqual(names(`${repository}/snapshots/${COMMIT}`), EXPECTED);
    assert.deepEqual(await errorOutput(() => complete(true)), []);
  }));

/** The lines that `body` writes to the standard error. */
async function errorOutput(body: () => Promise<unknown>): Promise<string[]> {
  const { error } = console;
  const lines: string[] = [];
  console.error = (text: string) => lines.push(text);
  try {
    await body();
  } finally {
    console.error = error;
  }
  return lines;
}

Deno.test("`model show` of an id on the hub says what a folder with it says, from headers alone", () =>
  withHub({}, async ({ hub }) => {
    const show = async (...args: string[]) => {
      const lines: string[] = [];
      await modelCommand(["show", ...args], (text) => lines.push(text));
      return lines.join("\n").split("\n");
    };
    for (const wholeOnly of [false, true]) {
      hub.behavior.wholeOnly = wholeOnly;
      const [title, ...facts] = await show(ID);
      assert.match(title!, new RegExp(`^${ID}@${COMMIT}: Hugging Face hub, .* to download$`));
      assert.ok(facts.some((line) => /parameters +[\d,]+$/.test(line)), facts.join("\n"));
      assert.ok(facts.some((line) => /generation +ends at 0; do_sample false/.test(line)), facts.join("\n"));
      assert.ok(await missing(`${place(hub)}/model.safetensors`), "the weights are not downloaded");
    }
    const before = await show(ID);
    const { folder } = await get();
    assert.deepEqual((await show(folder)).slice(1), before.slice(1));
    assert.match((await show(ID))[0]!, /in the cache$/);
  }));

const place = (_: HubServer) => `${Deno.env.get("HF_HOME")}/hub/models--somebody--tiny/snapshots/${COMMIT}`;
const missing = async (path: string) => !await exists(path);

Deno.test("a model is copied from the hub to a folder, or not at all if the hub cannot be reached", () =>
  withHub({}, async ({ home }) => {
    const out = `${home}/models/tiny`;
    const copy = await copyFromHub({ base: ID }, out);
    assert.equal(copy!.pinned, `${ID}@${COMMIT}`);
    assert.deepEqual(names(out), EXPECTED);
    assert.deepEqual(await Deno.readFile(`${out}/model.safetensors`), weights);
    assert.ok((await Deno.lstat(`${out}/model.safetensors`)).isFile, "no link into the cache");
    await assert.rejects(copyFromHub({ base: ID }, out), /it is a folder with files/);
    Deno.env.set("HF_ENDPOINT", "http://127.0.0.1:1");
    const said: string[] = [];
    assert.equal(await copyFromHub({ base: ID }, `${home}/models/other`, (text) => said.push(text)), undefined);
    assert.match(said.join(), /no connection to 127\.0\.0\.1:1/);
    assert.deepEqual(names(`${home}/models`), ["tiny"]);
  }));

pushTests();
