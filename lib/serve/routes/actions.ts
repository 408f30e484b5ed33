// What a page may change: a run's name, tags and notes, whether it runs, whether it exists. Only with this server's token.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import {
  addLabel,
  askToStop,
  checkLabel,
  keepPrompt,
  lastRemoval,
  readLabels,
  restore,
  restoreLast,
  runFolder,
  sweepFolder,
  type TableReader,
  trashRuns,
} from "../../run/mod.ts";
import { type Access, shownBy } from "../access.ts";
import {
  json,
  problem,
  read,
  refused,
  runParams,
  signInProblem,
  sweepParams,
  unknownRun,
  unknownSweep,
} from "./answers.ts";
import {
  changedRunsSchema,
  labelRequestSchema,
  labelsSchema,
  promptSchema,
  removeRequestSchema,
  sessionResponseSchema,
  tagsRequestSchema,
  trashResponseSchema,
} from "../schemas.ts";
import { createTokens, TOKEN_HEADER, type Tokens } from "../token.ts";

/** What this server may do. */
export interface Abilities {
  /** Change names, tags and notes, and remove runs: write in the runs folder. */
  readonly edit: boolean;
  /** Stop runs: send signals to processes. */
  readonly stop: boolean;
}

/** Those of a server that only reads. */
export const NO_ABILITIES: Abilities = { edit: false, stop: false };

/** What this process has permission for. */
export function abilities(runsFolder: string): Abilities {
  const granted = (descriptor: Deno.PermissionDescriptor) => Deno.permissions.querySync(descriptor).state === "granted";
  return { edit: granted({ name: "write", path: runsFolder }), stop: granted({ name: "run" }) };
}

/** Largest body in bytes, and of those that name many runs. */
const MAX_BYTES = 32 * 1024;
/** Largest prompt with its answers and their gates in bytes. */
const MAX_PROMPT_BYTES = 2 ** 20;
const MAX_LIST_BYTES = 128 * 1024;

const runSchema = z.strictObject({ run: z.string() });
const token = z.object({
  [TOKEN_HEADER]: z.string().optional().openapi({
    description: "Required: the token from `/api/session`, which is valid for 12 hours",
  }),
});

const session = read(
  "/api/session",
  `For who has signed in, the token that POST requests carry in the header \`${TOKEN_HEADER}\`, and what this server may do`,
  json("The session", sessionResponseSchema),
);

const trash = read(
  "/api/trash",
  "The removal that `/api/undo` would restore",
  json("The removal", trashResponseSchema),
);

/** The description of a POST that changes something. */
function action<Path extends string, Params extends z.ZodObject, Body extends z.ZodType, Result extends z.ZodType>(
  path: Path,
  summary: string,
  params: Params,
  body: Body,
  result: Result,
) {
  return createRoute({
    method: "post",
    path,
    summary,
    request: { params, headers: token, body: { required: true, content: { "application/json": { schema: body } } } },
    responses: { 200: json("Done", result), default: refused },
  });
}

const none = z.object({});
const nothing = z.strictObject({});
/** What the API has of this. */
export const routes = {
  session,
  trash,
  label: action(
    "/api/runs/{id}/labels",
    "Names, tags or annotates the run",
    runParams,
    labelRequestSchema,
    labelsSchema,
  ),
  prompt: action(
    "/api/runs/{id}/prompts",
    "Keeps a prompt and its answers beside the run",
    runParams,
    promptSchema,
    runSchema,
  ),
  stop: action("/api/runs/{id}/stop", "Asks the run to stop", runParams, nothing, runSchema),
  remove: action("/api/runs/{id}/remove", "Moves the run to the trash", runParams, nothing, runSchema),
  stopSweep: action(
    "/api/sweeps/{id}/stop",
    "Asks the sweep to stop",
    sweepParams,
    nothing,
    z.strictObject({ sweep: z.string() }),
  ),
  tags: action("/api/tags", "Adds and removes tags of many runs", none, tagsRequestSchema, changedRunsSchema),
  removeMany: action(
    "/api/remove",
    "Moves many runs to the trash, as one removal",
    none,
    removeRequestSchema,
    changedRunsSchema,
  ),
  restore: action(
    "/api/restore",
    "Restores one removal",
    none,
    z.strictObject({ removal: z.string().max(100) }),
    z.strictObject({ restored: z.array(z.string()) }),
  ),
  undo: action(
    "/api/undo",
    "Restores the last removal",
    none,
    nothing,
    z.strictObject({ restored: z.array(z.string()) }),
  ),
};

/** Adds the routes that change something to the app; all others only read. */
export function addActionRoutes(
  app: OpenAPIHono,
  runsFolder: string,
  able: Abilities,
  access: Access | undefined,
  table: TableReader,
): void {
  const tokens = createTokens();
  app.openapi(routes.session, (c) => {
    const signedIn = shownBy(c, access) === "good";
    if (signedIn) return c.json({ token: tokens.issue(), ...able, signIn: false }, 200);
    return c.json({ token: null, edit: false, stop: false, signIn: able.edit || able.stop }, 200);
  });
  app.openapi(routes.trash, async (c) => c.json({ last: await lastRemoval(runsFolder) ?? null }, 200));

  for (
    const [{ path }, ability, bytes = MAX_BYTES] of [
      [routes.label, "edit"],
      [routes.prompt, "edit", MAX_PROMPT_BYTES],
      [routes.remove, "edit"],
      [routes.undo, "edit"],
      [routes.tags, "edit", MAX_LIST_BYTES],
      [routes.removeMany, "edit", MAX_LIST_BYTES],
      [routes.restore, "edit"],
      [routes.stop, "stop"],
      [routes.stopSweep, "stop"],
    ] as const
  ) {
    app.on("POST", path.replace("{id}", ":id"), allowed(able[ability], access, tokens), limited(bytes));
  }

  const malformed = (result: { readonly success: boolean }, c: Context) => {
    if (!result.success) return problem(c, 400, "body.malformed", "The body is not what this URL takes");
  };

  app.openapi(routes.label, async (c) => {
    const folder = await runFolder(runsFolder, c.req.valid("param").id);
    if (folder === undefined) return unknownRun(c);
    const label = c.req.valid("json");
    checkLabel(label);
    addLabel(folder, label);
    await table.touch([c.req.valid("param").id]);
    return c.json(await readLabels(folder), 200);
  }, malformed);

  app.openapi(routes.prompt, async (c) => {
    const id = c.req.valid("param").id;
    const folder = await runFolder(runsFolder, id);
    if (folder === undefined) return unknownRun(c);
    keepPrompt(folder, c.req.valid("json"));
    return c.json({ run: id }, 200);
  }, malformed);

  app.openapi(routes.stop, async (c) => {
    const id = c.req.valid("param").id;
    const folder = await runFolder(runsFolder, id);
    if (folder === undefined) return unknownRun(c);
    askToStop(folder, id);
    return c.json({ run: id }, 200);
  }, malformed);

  app.openapi(routes.remove, async (c) => {
    const id = c.req.valid("param").id;
    if (await runFolder(runsFolder, id) === undefined) return unknownRun(c);
    await trashRuns(runsFolder, [id]);
    return c.json({ run: id }, 200);
  }, malformed);

  app.openapi(routes.stopSweep, async (c) => {
    const id = c.req.valid("param").id;
    const folder = await sweepFolder(runsFolder, id);
    if (folder === undefined) return unknownSweep(c);
    askToStop(folder, id);
    return c.json({ sweep: id }, 200);
  }, malformed);

  app.openapi(routes.tags, async (c) => {
    const { runs, add, remove } = c.req.valid("json");
    const label = { kind: "tags" as const, add, remove };
    checkLabel(label);
    const folders = await Promise.all(runs.map((id) => runFolder(runsFolder, id)));
    if (folders.includes(undefined)) return unknownRun(c);
    for (const folder of folders) addLabel(folder!, label);
    await table.touch(runs);
    return c.json({ runs }, 200);
  }, malformed);

  app.openapi(routes.removeMany, async (c) => {
    const { runs } = c.req.valid("json");
    for (const id of runs) if (await runFolder(runsFolder, id) === undefined) return unknownRun(c);
    await trashRuns(runsFolder, [...new Set(runs)]);
    return c.json({ runs }, 200);
  }, malformed);

  app.openapi(
    routes.restore,
    async (c) => c.json({ restored: [...await restore(runsFolder, c.req.valid("json").removal)] }, 200),
    malformed,
  );

  app.openapi(routes.undo, async (c) => c.json({ restored: [...await restoreLast(runsFolder)] }, 200), malformed);
}

/**
 * Refuses what this server may not do, whoever has not opened its link, other content types than JSON, and wrong tokens
 * of pages.
 */
function allowed(able: boolean, access: Access | undefined, tokens: Tokens): MiddlewareHandler {
  return async (c, next) => {
    if (!able) {
      return problem(c, 403, "action.unable", "This server was started without the permission to do that");
    }
    const shown = shownBy(c, access);
    if (shown !== "good") return signInProblem(c, shown);
    const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== "application/json") return problem(c, 415, "body.type", "The body must be application/json");
    const check = tokens.check(c.req.header(TOKEN_HEADER));
    if (check !== "good") return problem(c, 403, `token.${check}`, `The request's token is ${check}`);
    await next();
  };
}

const limited = (maxSize: number) =>
  bodyLimit({ maxSize, onError: (c) => problem(c, 413, "body.size", `The body may have at most ${maxSize} bytes`) });
