// Documents of three topics, for tests of discovery.
import { join } from "node:path";
import type { DiscoverOptions } from "../../lib/domains/mod.ts";
import { random } from "../../lib/random.ts";

/** The words of each topic. */
export const TOPICS = [
  ["whale", "ship", "sea", "captain", "harpoon", "ocean", "sail", "deck"],
  ["congress", "treaty", "nation", "senate", "law", "treasury", "union", "army"],
  ["function", "const", "return", "interface", "string", "boolean", "import", "export"],
];

/** Documents of a topic each, in turn, that all share some words. */
export function texts(count: number, name = "texts"): string[] {
  const draw = random(1, name);
  return Array.from({ length: count }, (_, at) => {
    const words = Array.from({ length: 24 }, () => draw.pick(draw.float() < 0.8 ? TOPICS[at % 3]! : ["word", "line"]));
    return `${words.join(" ")} ${at}`;
  });
}

/** JSON lines. */
export const lines = (list: readonly unknown[]) => list.map((one) => `${JSON.stringify(one)}\n`).join("");

/** Options for documents in the folder `in`. */
export function options(folder: string, more: Partial<DiscoverOptions> = {}): DiscoverOptions {
  return {
    files: [join(folder, "in")],
    out: join(folder, "out"),
    count: 3,
    seed: 1,
    sample: 1000,
    dimensions: 20,
    balanced: true,
    leaveFar: false,
    textField: "text",
    skipBad: false,
    ...more,
  };
}

/** Writes files into the folder `in`. */
export async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, "in", name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
}
