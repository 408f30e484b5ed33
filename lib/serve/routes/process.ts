// What a run's processes print and what they take of the machine, while they work and afterwards.
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import { join } from "node:path";
import { OUTPUT_FILE, readProvenance, readUsage, runFolder } from "../../run/mod.ts";
import { readPlainFile, readPlainPart } from "../files.ts";
import { consoleResponseSchema, usageResponseSchema } from "../schemas.ts";
import { attachment, body, json, problem, read, runParams, unknownRun } from "./answers.ts";

/** Most bytes of one answer; whoever reads asks again. */
const PART_BYTES = 256 * 1024;

const after = z.string().regex(/^\d{1,15}$/, "expected a whole number").transform(Number).default(0).openapi({
  type: "integer",
  minimum: 0,
  default: 0,
  description: "Bytes that are known: `next` of the answer before",
});

/** What the API has of this. */
export const routes = {
  console: read(
    "/api/runs/{id}/console",
    "What the run's processes have printed, in parts",
    json("The next part", consoleResponseSchema),
    { params: runParams, query: z.object({ after }) },
  ),
  output: read(
    "/api/runs/{id}/output",
    "What the run's processes printed, as a download",
    body("The file", "application/octet-stream", "binary"),
    { params: runParams },
  ),
  usage: read(
    "/api/runs/{id}/usage",
    "Cores and memory that the run's processes have taken, and what their machine has",
    json("The samples, oldest first", usageResponseSchema),
    { params: runParams },
  ),
};

/** Adds the routes about a run's processes to the app. */
export function addProcessRoutes(app: OpenAPIHono, runsFolder: string): void {
  for (const path of ["/api/runs/:id/console", "/api/runs/:id/usage"]) app.use(path, compress());

  app.openapi(
    routes.console,
    async (c) => {
      const folder = await runFolder(runsFolder, c.req.param("id"));
      if (folder === undefined) return unknownRun(c);
      const { after } = c.req.valid("query");
      const part = await readPlainPart(join(folder, OUTPUT_FILE), after, PART_BYTES);
      return c.json(textOf(part), 200);
    },
    (result, c) =>
      result.success
        ? undefined
        : problem(c, 400, "position.malformed", "Expected ?after= with a whole number of bytes"),
  );

  app.openapi(routes.output, async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownRun(c);
    const output = await readPlainFile(join(folder, OUTPUT_FILE));
    return output === undefined
      ? problem(c, 404, "file.unknown", "This run kept no output")
      : attachment(c, OUTPUT_FILE, output);
  });

  app.openapi(routes.usage, async (c) => {
    const folder = await runFolder(runsFolder, c.req.param("id"));
    if (folder === undefined) return unknownRun(c);
    const made = (await readProvenance(folder)).at(-1)?.environment;
    const machine = made === undefined
      ? null
      : { cores: made.cores, memory: made.memory, threads: made.device?.threads ?? null };
    return c.json({ samples: await readUsage(folder), machine }, 200);
  });
}

/** A part of the output as text. A character whose last bytes are not there yet waits for the next part. */
function textOf({ bytes, start, size }: Awaited<ReturnType<typeof readPlainPart>>) {
  const lead = bytes.findLastIndex((byte) => (byte & 0xc0) !== 0x80);
  const first = bytes[lead] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  const end = lead + length > bytes.length && start + bytes.length < size ? lead : bytes.length;
  return { text: new TextDecoder().decode(bytes.subarray(0, end)), start, next: start + end, bytes: size };
}
