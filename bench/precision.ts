// How exact matrix products are: errors against float64 of everything that computes them here, and of PyTorch.
//
//   deno task bench:precision [--size 512] [--json]
//
// The product of two square matrices of standard normal numbers. An error is |c − exact| / Σ|a·b|, in units of 2^-24,
// half a float32 number's last bit.
import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import { pythonCommand } from "../lib/host/mod.ts";
import { random } from "../lib/random.ts";
import { formatTable } from "../lib/run/mod.ts";
import { describeDevices, openDevice, type Products } from "../lib/tensor/mod.ts";
import { readCount, readFlags } from "./flags.ts";

const flags = readFlags(import.meta.url, {
  size: { type: "string", default: "512" },
  json: { type: "boolean", default: false },
});
const n = readCount("--size", flags.size);
const stream = random(0, "precision");
const normal = () => Float32Array.from({ length: n * n }, () => stream.normal());
const [a, b] = [normal(), normal()];
const { exact, sizes } = inFloat64();

const { native, blas } = await describeDevices();
const kinds: readonly Products[] = [
  ...native.map(({ level }) => level),
  ...(blas === undefined ? [] : ["blas"] as const),
  "wasm",
];
const rows: { name: string; rms: number; worst: number }[] = [];
for (const products of kinds) {
  const device = await openDevice("cpu", { products });
  const c = tf.tidy(() => tf.matMul(tf.tensor2d(a, [n, n]), tf.tensor2d(b, [n, n])).dataSync() as Float32Array);
  rows.push({
    name: device.description.replace(/.*products by /, "").replace(/.*SIMD$/, "WebAssembly"),
    ...errorsOf(c),
  });
  await device.close();
}
const torch = await byTorch();
if (torch !== undefined) rows.push({ name: "PyTorch, float32", ...errorsOf(torch) });

if (flags.json) console.log(JSON.stringify({ size: n, rows }));
else {
  const columns = [
    { key: "name", title: "products by", kind: "text" as const },
    { key: "rms", title: "root mean square", kind: "number" as const, digits: 4 },
    { key: "worst", title: "worst", kind: "number" as const, digits: 3 },
  ];
  const title = `Errors of ${n}³ products against float64, in 2^-24 of Σ|a·b|`;
  console.log(formatTable({ name: "precision", title, columns, rows }));
}

function inFloat64(): { readonly exact: Float64Array; readonly sizes: Float64Array } {
  const exact = new Float64Array(n * n);
  const sizes = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = a[i * n + k]!;
      for (let j = 0; j < n; j++) {
        const product = x * b[k * n + j]!;
        exact[i * n + j]! += product;
        sizes[i * n + j]! += Math.abs(product);
      }
    }
  }
  return { exact, sizes };
}

function errorsOf(c: Float32Array): { readonly rms: number; readonly worst: number } {
  let [squares, worst] = [0, 0];
  for (let i = 0; i < c.length; i++) {
    const error = 2 ** 24 * Math.abs(c[i]! - exact[i]!) / sizes[i]!;
    squares += error ** 2;
    worst = Math.max(worst, error);
  }
  return { rms: Math.sqrt(squares / c.length), worst };
}

/** PyTorch's product, where it is installed. */
async function byTorch(): Promise<Float32Array | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(join(folder, "a"), new Uint8Array(a.buffer));
    await Deno.writeFile(join(folder, "b"), new Uint8Array(b.buffer));
    const script = [
      "import sys, torch",
      "read = lambda name: torch.frombuffer(bytearray(open(name, 'rb').read()), dtype=torch.float32)",
      `a, b = (read(sys.argv[1] + '/' + name).view(${n}, ${n}) for name in 'ab')`,
      "open(sys.argv[1] + '/c', 'wb').write((a @ b).numpy().tobytes())",
    ].join("\n");
    const { success } = await new Deno.Command(pythonCommand(), {
      args: ["-c", script, folder],
      stdout: "null",
      stderr: "null",
    }).output();
    return success ? new Float32Array((await Deno.readFile(join(folder, "c"))).buffer) : undefined;
  } catch {
    return undefined;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
