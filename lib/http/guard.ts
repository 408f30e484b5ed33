// Which requests are answered: those from this machine, by loopback names (against DNS rebinding), and not from other sites' pages.

/** Port part of a Host header: absent, or `:` and up to five digits. */
const PORT = "(?::\\d{1,5})?";
const LOOPBACK = new RegExp(`^(?:localhost|127(?:\\.(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}|\\[::1\\])${PORT}$`, "i");

/**
 * Whether a Host header names this machine itself or one of `hosts`, with any port.
 *
 * Deliberately strict: `localhost.`, `127.1`, `127.0.0.1.evil.com` and a missing header are refused. Browsers
 * normalize odd spellings of loopback addresses before they send them.
 *
 * @param host the header's value, or undefined when it is missing
 * @param hosts further names, such as `lab.example.org` (any port) or `lab.example.org:8420` (that port)
 */
export function isAllowedHost(host: string | undefined, hosts: readonly string[] = []): boolean {
  if (host === undefined) return false;
  if (LOOPBACK.test(host)) return true;
  const asked = host.toLowerCase();
  return hosts.some((name) => asked === name.toLowerCase() || asked.replace(/:\d{1,5}$/, "") === name.toLowerCase());
}

/** Whether a peer's address, as a socket gives it, is this machine's own. */
export function isLoopbackAddress(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, "");
  return plain === "::1" || /^127(?:\.\d{1,3}){3}$/.test(plain);
}

/**
 * Whether a request comes from one of our own pages, the address bar or a program, not from another site's page.
 * A link from elsewhere to one of our pages is fine; reading the API from elsewhere is not.
 *
 * @param headers the request's headers; `Host` has been checked already
 */
export function isSameOrigin(headers: Headers): boolean {
  const origin = headers.get("origin");
  if (origin !== null && hostOf(origin) !== headers.get("host")?.toLowerCase()) return false;
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return true;
  return headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document";
}

/**
 * Whether a request that changes something comes from one of our own pages or from a program. Form posts from other
 * sites' pages are refused, and so are pages with an opaque origin.
 *
 * @param headers the request's headers; `Host` has been checked already
 */
export function isOwnPost(headers: Headers): boolean {
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  return (origin === null || hostOf(origin) === headers.get("host")?.toLowerCase()) &&
    (site === null || site === "same-origin");
}

function hostOf(origin: string): string | undefined {
  const url = URL.parse(origin);
  return url?.protocol === "http:" || url?.protocol === "https:" ? url.host : undefined;
}
