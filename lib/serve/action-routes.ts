// What a page may change: a run's name, tags and notes, its going on, its being there. Only with this server's token.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { UserError } from "../errors.ts";
import {
  addLabel,
  askToStop,
  checkLabel,
  readLabels,
  restoreLast,
  runFolder,
  sweepFolder,
  trashRuns,
} from "../run/mod.ts";
import { problem, unknownRun } from "./answers.ts";
import type { LabelsResponse, SessionResponse } from "./schemas.ts";
import { labelRequestSchema } from "./schemas.ts";
import { createTokens, TOKEN_HEADER } from "./token.ts";

/** What this server may do. */
export interface Abilities {
  /** Change names, tags and notes, and remove runs: write in the runs folder. */
  readonly edit: boolean;
  /** Stop runs: send signals to processes. */
  readonly stop: boolean;
}

/** What this process has the permission to do. */
export function abilities(runsFolder: string): Abilities {
  const granted = (descriptor: Deno.PermissionDescriptor) => Deno.permissions.querySync(descriptor).state === "granted";
  return { edit: granted({ name: "write", path: runsFolder }), stop: granted({ name: "run" }) };
}

/** Largest body in bytes. */
const MOST_BYTES = 32 * 1024;

/** The addresses that take POST requests. */
export const ACTIONS = /^\/api\/(?:runs\/[^/]+\/(?:labels|stop|remove)|sweeps\/[^/]+\/stop|undo)$/;

/** Adds the routes that change something to the app; all others only read. */
export function addActionRoutes(app: Hono, runsFolder: string, able: Abilities): void {
  const tokens = createTokens();

  app.get("/api/session", (c) => c.json({ token: tokens.issue(), ...able } satisfies SessionResponse));

  const action = <Body extends z.ZodType>(
    path: string,
    ability: keyof Abilities,
    schema: Body,
    act: (c: Context, body: z.output<Body>) => Promise<Response>,
  ) =>
    app.post(path, async (c) => {
      if (!able[ability]) {
        return problem(c, 403, "action.unable", "This server was started without the permission to do that");
      }
      const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
      if (type !== "application/json") return problem(c, 415, "body.type", "The body must be application/json");
      const token = tokens.check(c.req.header(TOKEN_HEADER));
      if (token !== "good") return problem(c, 403, `token.${token}`, `The request's token is ${token}`);
      const text = await boundedText(c.req.raw.body);
      if (text === undefined) return problem(c, 413, "body.size", `The body may have ${MOST_BYTES} bytes`);
      const body = schema.safeParse(parseJson(text));
      if (!body.success) return problem(c, 400, "body.malformed", "The body is not what this address takes");
      return await act(c, body.data);
    });

  const onRun = async (c: Context, act: (folder: string, id: string) => Promise<Response>) => {
    const id = c.req.param("id") ?? "";
    const folder = await runFolder(runsFolder, id);
    return folder === undefined ? unknownRun(c) : await act(folder, id);
  };
  const nothing = z.strictObject({});

  action("/api/runs/:id/labels", "edit", labelRequestSchema, (c, label) =>
    onRun(c, async (folder) => {
      checkLabel(label);
      await addLabel(folder, label);
      return c.json(await readLabels(folder) satisfies LabelsResponse);
    }));

  action("/api/runs/:id/stop", "stop", nothing, (c) =>
    onRun(c, (folder, id) => {
      askToStop(folder, id);
      return Promise.resolve(c.json({ run: id }));
    }));

  action("/api/sweeps/:id/stop", "stop", nothing, async (c) => {
    const id = c.req.param("id") ?? "";
    const folder = await sweepFolder(runsFolder, id);
    if (folder === undefined) return problem(c, 404, "sweep.unknown", "There is no such sweep");
    askToStop(folder, id);
    return c.json({ sweep: id });
  });

  action("/api/runs/:id/remove", "edit", nothing, (c) =>
    onRun(c, async (_, id) => {
      await trashRuns(runsFolder, [id]);
      return c.json({ run: id });
    }));

  action("/api/undo", "edit", nothing, async (c) => c.json({ restored: await restoreLast(runsFolder) }));
}

/** A body as text, or undefined when it is too long; no more is read than may be. */
async function boundedText(body: ReadableStream<Uint8Array> | null): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) return undefined;
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError("body.malformed", "The body is not JSON");
  }
}
