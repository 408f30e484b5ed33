// Signing in: the link's token becomes a cookie, a page asks for it, and a private server shows nothing without it.
import type { Context, MiddlewareHandler } from "hono";
import { TOKEN_PARAMETER } from "../../run/mod.ts";
import { type Access, admit, isSecret, type Shown, shownBy } from "../access.ts";
import { asksForPage, html, signInProblem } from "./answers.ts";
import { ReloadPage, SignInPage } from "../pages/sign-in.tsx";

/** What a private server shows to everybody: that it is there, and code that is public anyway. */
const OPEN = /^\/(?:healthz$|static\/)/;
/** What is no page. */
const DATA = /^\/(?:api\/|static\/|healthz$|openapi\.json$)/;

/** Takes the token out of links, answers `/sign-in`, and keeps a private server closed. */
export function signIn(access: Access | undefined): MiddlewareHandler {
  return async (c, next) => {
    const url = new URL(c.req.url);
    const reads = c.req.method === "GET" || c.req.method === "HEAD";
    const isPage = reads && !DATA.test(url.pathname);
    const given = url.searchParams.get(TOKEN_PARAMETER);
    if (isPage && given !== null) {
      if (access !== undefined && !isSecret(given, access.token)) return ask(c, access, "wrong");
      if (access !== undefined) admit(c, access);
      return c.redirect(pathAfter(url), 303);
    }
    if (isPage && url.pathname === "/sign-in") {
      return access === undefined || shownBy(c, access) === "good" ? c.redirect(pathAfter(url), 303) : ask(c, access);
    }
    if (access === undefined || !access.isPrivate || OPEN.test(url.pathname)) return await next();
    const shown = shownBy(c, access);
    if (shown === "good") return await next();
    if (!isPage || !asksForPage(c)) return signInProblem(c, shown);
    // A strict cookie is not sent when another site's page leads here, but when the page loads itself again.
    const site = c.req.header("sec-fetch-site");
    if (site === "cross-site") return html(c, ReloadPage({ address: url.pathname + url.search }));
    return ask(c, access);
  };
}

/** The page that asks for the token. */
function ask(c: Context, access: Access, shown?: Shown): Response {
  const next = pathAfter(new URL(c.req.url));
  const page = SignInPage({ next, isWrong: shown === "wrong", isPrivate: access.isPrivate });
  return html(c, page, shown === "wrong" ? 403 : access.isPrivate ? 401 : 200);
}

/** Where to go after signing in: the page itself, or the one that `/sign-in?next=` names, always on this server. */
function pathAfter(url: URL): string {
  const wanted = url.pathname === "/sign-in" ? url.searchParams.get("next") ?? "/" : url.pathname + url.search;
  // A second slash would begin the name of another host.
  const target = new URL(wanted.replace(/^[/\\]*/, "/"), url.origin);
  target.searchParams.delete(TOKEN_PARAMETER);
  return target.pathname + target.search;
}
