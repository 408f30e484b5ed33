// `deno task doctor`: what this machine has. Nothing here is required; each line says what it is used for.
import { UserError } from "../errors.ts";
import { chromiumPath, findJupyter, findKernel, kernelFault, pythonCommand } from "../host/mod.ts";
import { machineProtection } from "../sandbox/mod.ts";
import { describeDevices, openDevice } from "../tensor/mod.ts";

/** The result of one check. */
export interface Finding {
  readonly name: string;
  readonly found: boolean;
  /** What was found, or what its absence means and how to install it. */
  readonly detail: string;
}

/** Checks for everything that Stitchbook can use. */
export async function diagnose(): Promise<Finding[]> {
  const devices = await describeDevices();
  const { adapter, simd, cores, native, blas } = devices;
  const { total, available } = Deno.systemMemoryInfo();
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const browser = chromiumPath();
  const python = await pythonModules(["torch", "transformers", "tokenizers", "safetensors"]);
  return [
    { name: "Deno", found: true, detail: `${Deno.version.deno}, V8 ${Deno.version.v8}, ${Deno.build.target}` },
    { name: "Cores", found: true, detail: `${cores}; ${simd === "relaxed" ? "relaxed SIMD" : "plain SIMD"}` },
    { name: "Memory", found: true, detail: `${gigabytes(available)} GB free of ${gigabytes(total)} GB` },
    { name: "CPU", ...await cpuDevice() },
    {
      name: "WebGPU",
      found: adapter !== undefined && !adapter.software,
      detail: adapter === undefined
        ? "no adapter: training runs on the CPU (a GPU needs its Vulkan, Metal or DirectX driver)"
        : adapter.software
        ? `${[adapter.name, ...adapter.features].join(", ")}: ` +
          "a software adapter, good for checking kernels only; training runs on the CPU"
        : [adapter.name, ...adapter.features].join(", "),
    },
    {
      name: "Native",
      found: native.length > 0,
      detail: native.length > 0
        ? `matrix products by our own ${native[0]!.name} kernels; STITCHBOOK_PRODUCTS=wasm turns them off`
        : "none: our native kernels need Linux on x86-64 with AVX2",
    },
    {
      name: "BLAS",
      found: blas !== undefined,
      detail: blas === undefined
        ? `none: matrix products use our own ${native.length > 0 ? "" : "WebAssembly "}kernels (Debian: libopenblas0)`
        : `${blas.name} (${blas.path}): ` +
          (native.length > 0
            ? "the native kernels go before it; STITCHBOOK_PRODUCTS=blas uses it"
            : "matrix products go to it; STITCHBOOK_BLAS=off keeps them here"),
    },
    { name: "Sandbox", ...await sandbox() },
    { name: "Jupyter", ...await notebooks() },
    {
      name: "Chromium",
      found: browser !== undefined,
      detail: browser ?? "none: only the browser tests need it (Debian: chromium)",
    },
    {
      name: "Python",
      found: python !== undefined,
      detail: python === undefined
        ? "none: only tests against Python's libraries need it"
        : python.length === 0
        ? "without torch, transformers, tokenizers, safetensors: tests against them are skipped"
        : `with ${python.join(", ")}`,
    },
  ];
}

/** What training on the CPU computes with, under the current environment. */
async function cpuDevice(): Promise<Omit<Finding, "name">> {
  try {
    const device = await openDevice("cpu");
    await device.close();
    return { found: true, detail: device.description.replace("CPU, ", "") };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { found: false, detail: error.hint === undefined ? error.message : `${error.message}: ${error.hint}` };
  }
}

/** What protects this machine from generated programs, besides Deno's permissions. */
async function sandbox(): Promise<Omit<Finding, "name">> {
  const { limits, ownMemory, endsWithParent } = await machineProtection();
  const missing = [
    ...(limits ? [] : ["no limits of processor time and written files (they need a Unix shell)"]),
    ...(ownMemory === undefined ? ["memory outside V8's heap is not limited (that needs Linux)"] : []),
    ...(endsWithParent ? [] : ["a blocked program outlives Stitchbook until its time is up (setpriv of util-linux)"]),
  ];
  return missing.length === 0
    ? { found: true, detail: "generated programs run without permissions, with limits on time, memory and files" }
    : { found: false, detail: `generated programs run without permissions, but: ${missing.join("; ")}` };
}

/** Jupyter, and whether it can start Deno's kernel. */
async function notebooks(): Promise<Omit<Finding, "name">> {
  const jupyter = await findJupyter();
  if (jupyter === undefined) {
    return { found: false, detail: "none: notebooks need it (pip install jupyterlab)" };
  }
  const command = jupyter.join(" ");
  const kernel = await findKernel(jupyter);
  if (kernel === undefined) {
    return { found: false, detail: `${command}, without Deno's kernel: run deno task notebook:install` };
  }
  const fault = kernelFault(kernel.spec?.argv ?? []);
  return fault === undefined
    ? { found: true, detail: `${command}, with Deno's kernel` }
    : { found: false, detail: `${command}; Deno's kernel: ${fault}` };
}

/** The findings, one per line. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings.map(({ name, found, detail }) => `${found ? "✓" : "–"} ${name.padEnd(9)} ${detail}`).join("\n");
}

async function pythonModules(names: readonly string[]): Promise<string[] | undefined> {
  const program = `import importlib.util as u; print(*[n for n in ${JSON.stringify(names)} if u.find_spec(n)])`;
  try {
    const { success, stdout } = await new Deno.Command(pythonCommand(), { args: ["-c", program], stderr: "null" })
      .output();
    return success ? new TextDecoder().decode(stdout).trim().split(" ").filter(Boolean) : undefined;
  } catch {
    return undefined;
  }
}
