// Headers that every response carries, and the content security policies of pages and reports.

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

/** Data is never a document. */
export const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** What every response gets unless it says otherwise. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": "DENY",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "content-security-policy": DATA_POLICY,
  "cache-control": "no-store",
};

/** Sets the common headers on `headers` where they are not yet set. */
export function secure(headers: Headers): void {
  for (const [name, value] of Object.entries(COMMON_HEADERS)) if (!headers.has(name)) headers.set(name, value);
}
