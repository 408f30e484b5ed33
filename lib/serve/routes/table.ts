// The table of runs: its page, windows of its rows, and the names that filters and columns can use.
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { parseTableView, tableIds, tableNames, type TableReader, tableWindow } from "../../run/mod.ts";
import { loadAssets } from "../assets.ts";
import { HomePage } from "../pages/home.tsx";
import { sentWindowSchema, tableIdsSchema, tableNamesSchema } from "../schemas.ts";
import { sentWindows } from "../sent-windows.ts";
import { html, json, read } from "./answers.ts";

/** Rows of a window, and of a page without JavaScript, at most. */
const MOST_ROWS = 500;
const PAGE_ROWS = 100;

const view = {
  filter: z.string().optional().openapi({ description: "Words and terms, such as `seed:2 model.width:>64 tag:good`" }),
  sort: z.string().optional().openapi({ description: "A column's key, with `-` before it for the largest first" }),
  columns: z.string().optional().openapi({
    description:
      "Keys of columns, with commas between them: fields, settings, results, metrics such as `stitch/loss:min`",
  }),
  group: z.string().optional().openapi({ description: "`seeds`, `sweep`, `experiment` or `preset`" }),
  open: z.union([z.string(), z.array(z.string())]).optional().openapi({
    description: "Keys of groups whose runs are among the rows; may be repeated",
  }),
  offset: z.string().optional().openapi({ description: "The first row" }),
};

/** What the API has of this. */
export const routes = {
  window: read("/api/table", "Some rows of the table of runs", json("The rows", sentWindowSchema), {
    query: z.object({
      ...view,
      limit: z.string().optional().openapi({ description: `Rows, at most ${MOST_ROWS}` }),
      since: z.string().optional().openapi({
        description: "The `version` of an answer: of the rows that it had too, only their places in it are sent",
      }),
    }),
  }),
  ids: read("/api/table/ids", "The ids of all runs that satisfy a filter", json("The ids", tableIdsSchema), {
    query: z.object(view),
  }),
  names: read(
    "/api/table/names",
    "What the terms of a filter, and columns, can name",
    json("The names", tableNamesSchema),
  ),
};

/** Adds the table's page and data to the app. */
export function addTableRoutes(app: OpenAPIHono, table: TableReader): void {
  const sent = sentWindows();
  app.get("/", compress(), async (c) => {
    const query = new URL(c.req.url).searchParams;
    const { view, problems } = parseTableView(query);
    const shown = tableWindow(await table.read(), view, { offset: view.offset, limit: PAGE_ROWS });
    return html(
      c,
      HomePage({ assets: await loadAssets(), view, shown: { ...shown, problems: [...problems, ...shown.problems] } }),
    );
  });

  // A view that shows the same costs only headers; one that shows something else, the rows that have changed.
  app.use("/api/table", compress(), etag());
  app.use("/api/table/*", compress(), etag());

  app.openapi(routes.window, async (c) => {
    const query = new URL(c.req.url).searchParams;
    const { view, problems } = parseTableView(query);
    const limit = Number(query.get("limit") ?? PAGE_ROWS);
    const rows = Number.isInteger(limit) && limit >= 0 ? Math.min(limit, MOST_ROWS) : PAGE_ROWS;
    const window = tableWindow(await table.read(), view, { offset: view.offset, limit: rows });
    const shown = { ...window, problems: [...problems, ...window.problems] };
    const answer = sent.send(shown, query.get("since") ?? undefined);
    c.header("etag", `"${answer.version}"`);
    return c.json(answer, 200);
  });

  app.openapi(routes.ids, async (c) => {
    const { view } = parseTableView(new URL(c.req.url).searchParams);
    return c.json({ runs: tableIds(await table.read(), view) }, 200);
  });

  app.openapi(routes.names, async (c) => c.json({ names: tableNames(await table.read()) }, 200));
}
