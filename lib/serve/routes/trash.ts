// What was removed: the page, and its data.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { listRemovals } from "../../run/mod.ts";
import { loadAssets } from "../assets.ts";
import { TrashPage } from "../pages/trash.tsx";
import { removalsSchema } from "../schemas.ts";
import { html, json, read } from "./answers.ts";

/** What the API has of this. */
export const routes = {
  list: read("/api/removals", "What is in the trash, the last removal first", json("The removals", removalsSchema)),
};

/** Adds the trash's page and data to the app. */
export function addTrashRoutes(app: OpenAPIHono, runsFolder: string): void {
  app.get("/trash", async (c) => {
    const removals = await listRemovals(runsFolder);
    return html(c, TrashPage({ assets: await loadAssets(), removals }));
  });
  app.openapi(routes.list, async (c) => c.json({ removals: await listRemovals(runsFolder) }, 200));
}
