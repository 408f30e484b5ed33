// The path of Chromium, which only the browser tests use.
import { isFile } from "./is-file.ts";

/** Names of Chromium's program. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** Path of a Chromium or Chrome: `$CHROMIUM`, or the first of its usual names on the PATH. */
export function chromiumPath(): string | undefined {
  const chosen = Deno.env.get("CHROMIUM");
  if (chosen) return isFile(chosen) ? chosen : undefined;
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter(Boolean);
  return folders.flatMap((folder) => BROWSERS.map((name) => `${folder}/${name}`)).find(isFile);
}
