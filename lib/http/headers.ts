// Headers that every response carries, and the content security policy of data.
import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

/** Data is never a document. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** The headers that do not depend on the route. */
export const commonHeaders = secureHeaders({
  xFrameOptions: "DENY",
  // Loopback has no TLS.
  strictTransportSecurity: false,
  // What only browsers of long ago know: a page's hundred scripts would each carry it.
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
});

/** What a response gets unless its route says otherwise: it is data, and not stored. */
export const dataByDefault: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers } = c.res;
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", DATA_POLICY);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
};
