// Headers that every response carries, and the content security policies of pages, reports and data.
import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

/** Our own pages: scripts and styles from this server only, nothing inline, no markup sinks, no frames. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** A report is one self-contained file: inline styles and data images, in an origin of its own, without scripts. */
export const REPORT_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "font-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "sandbox allow-popups allow-popups-to-escape-sandbox",
].join("; ");

/** Scripts and styles, if somebody opens one of them. */
export const ASSET_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** Data is never a document. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** The headers that do not depend on the route. */
export const commonHeaders = secureHeaders({
  xFrameOptions: "DENY",
  // Loopback has no TLS.
  strictTransportSecurity: false,
  permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
});

/** What a response gets unless its route says otherwise: it is data, and not stored. */
export const dataByDefault: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers } = c.res;
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", DATA_POLICY);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
};
