// The content security policies of pages, reports and assets.

/** Our own pages: scripts and styles from this server only, nothing inline, no markup sinks, no frames. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  // The token's form, and the table's filter where there is no JavaScript.
  "form-action 'self'",
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
