// Figures of the viewer: time and bytes of a request as a browser makes it, medians, and tables of them.
import { request } from "node:http";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";

/** One measurement. Bytes are null where nothing is sent. */
export interface Cost {
  readonly ms: number;
  readonly bytes: number | null;
}

/** A line of a table. */
export interface Measured extends Cost {
  readonly what: string;
  /** Lowest and highest time of all rounds. */
  readonly range: readonly [number, number];
}

/** An answer and its cost: the bytes of its body as they are sent. */
export interface Answered extends Cost {
  readonly status: number;
  readonly bytes: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  text(): string;
}

/** Asks as a browser does, which takes compressed answers. `fetch` would not say how many bytes were sent. */
export function ask(url: URL | string, headers: Record<string, string> = {}): Promise<Answered> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { "accept-encoding": "gzip", ...headers } }, (response) => {
      const parts: Uint8Array[] = [];
      response.on("data", (part) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const ms = performance.now() - began;
        const body = Buffer.concat(parts);
        const text = () => {
          const plain = response.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
          return new TextDecoder().decode(plain);
        };
        const status = response.statusCode!;
        if (status >= 400) return reject(new Error(`${url} answered ${status}: ${text()}`));
        resolve({ ms, bytes: body.length, status, headers: response.headers, text });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** How long something takes. */
export async function timed(body: () => Promise<unknown> | unknown): Promise<Cost> {
  const began = performance.now();
  await body();
  return { ms: performance.now() - began, bytes: null };
}

/** The median of some rounds. */
export function median(what: string, costs: readonly Cost[]): Measured {
  const sorted = costs.toSorted((a, b) => a.ms - b.ms);
  const bytes = costs.flatMap(({ bytes }) => bytes ?? []).sort((a, b) => a - b);
  return {
    what,
    ms: sorted[sorted.length >> 1]!.ms,
    range: [sorted[0]!.ms, sorted.at(-1)!.ms],
    bytes: bytes[bytes.length >> 1] ?? null,
  };
}

/** Measures several times. */
export async function repeat(what: string, rounds: number, body: () => Promise<Cost>): Promise<Measured> {
  const costs: Cost[] = [];
  for (let round = 0; round < rounds; round++) costs.push(await body());
  return median(what, costs);
}

/** Prints measurements as a Markdown table. */
export function printTable(title: string, measured: readonly Measured[]): void {
  const ms = (value: number) => value < 10 ? value.toFixed(1) : value.toFixed(0);
  console.log(`\n| ${title} | ms | bytes |\n| --- | ---: | ---: |`);
  for (const { what, ms: middle, range: [low, high], bytes } of measured) {
    const times = low === high ? ms(middle) : `${ms(middle)} (${ms(low)}–${ms(high)})`;
    console.log(`| ${what} | ${times} | ${bytes?.toLocaleString("en") ?? ""} |`);
  }
}
