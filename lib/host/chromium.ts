// Where Chromium is, if this machine has it: only the browser tests use it.
import { isFile } from "./is-file.ts";

/** Names under which Chromium is installed. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** Path of a Chromium or Chrome: `$CHROMIUM`, or the first of the usual names on the path. */
export function chromiumPath(): string | undefined {
  const chosen = Deno.env.get("CHROMIUM");
  if (chosen) return isFile(chosen) ? chosen : undefined;
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter(Boolean);
  return folders.flatMap((folder) => BROWSERS.map((name) => `${folder}/${name}`)).find(isFile);
}
