// Listening for requests.
import { listen, urlOf } from "../http/mod.ts";
import { createFoldStore } from "../run/mod.ts";
import { withTimeout } from "../timeout.ts";
import { type Abilities, abilities } from "./routes/actions.ts";
import { createAccess } from "./access.ts";
import { createApp } from "./app.ts";
import { loadAssets } from "./assets.ts";
import { createFeeds } from "./feeds.ts";

export interface ServeOptions {
  readonly runsFolder: string;
  /** The port; if it is taken, the next free one is used. 0: any. */
  readonly port: number;
  /** @default "127.0.0.1" */
  readonly hostname?: string;
  /** Host names that the server answers to besides the loopback ones. */
  readonly hosts?: readonly string[];
  /** Closes the server when aborted. */
  readonly signal?: AbortSignal;
  /** What the pages may change, for who opens the link. @default what this process has permission for */
  readonly abilities?: Abilities;
  /** Whether reading needs the link, too. @default false */
  readonly isPrivate?: boolean;
  /** What answers further paths at the same address. */
  readonly beside?: Beside;
}

/** Another app at the same address. It decides itself who may ask. */
export interface Beside {
  /** Whether a path is its own. */
  takes(path: string): boolean;
  fetch(request: Request, info: Deno.ServeHandlerInfo): Promise<Response>;
}

/** A server that listens. */
export interface Server {
  /** `http://127.0.0.1:8420/` */
  readonly url: string;
  /** The token of links; undefined if there is nothing that needs one. */
  readonly token: string | undefined;
  readonly port: number;
  /** Resolves when it has stopped. */
  readonly finished: Promise<void>;
  /** Milliseconds since the last request; infinite before the first. An open page asks every few seconds. */
  idleMs(): number;
  /**
   * Lets every open stream send the rest of its run's log, then stops.
   * Readers that do not take it are cut off after a few seconds.
   */
  close(): Promise<void>;
}

/** A remark if another port than the requested one is used; otherwise undefined. */
export function takenPortText(wanted: number, got: number): string | undefined {
  return wanted === 0 || wanted === got ? undefined : `Port ${wanted} is in use; using ${got} instead`;
}

/** A remark if the runs folder does not exist, perhaps because it is misspelled; otherwise undefined. */
export async function missingFolderText(runsFolder: string): Promise<string | undefined> {
  const there = await Deno.stat(runsFolder).then(({ isDirectory }) => isDirectory, () => false);
  return there ? undefined : `There is no folder ${runsFolder} yet; runs will appear here once it exists`;
}

/** Time for readers to take the rest of their streams, and for open requests to finish. */
const FLUSH_MS = 3_000;
/** How much longer the server answers if there were followers: a page sends one more request when its run ends. */
const LINGER_MS = 500;
/** The longest time that `close()` takes. */
export const CLOSE_MS = FLUSH_MS + LINGER_MS;

/** Serves the runs in a folder until it is closed or the signal is aborted. */
export function serve(options: ServeOptions): Server {
  const { runsFolder, port, hostname = "127.0.0.1", hosts = [], signal, isPrivate = false, beside } = options;
  const able = options.abilities ?? abilities(runsFolder);
  const access = isPrivate || able.edit || able.stop ? createAccess(isPrivate) : undefined;
  const folds = createFoldStore(runsFolder, { writable: hosts.length === 0 && able.edit, onRead: slowRemark() });
  const feeds = createFeeds(runsFolder, folds);
  const cut = new AbortController();
  const app = createApp({ runsFolder, hosts, folds, feeds, access, abilities: able, models: beside !== undefined });
  // Begins now, so that the first page need not wait; requests report what goes wrong.
  const assets = loadAssets().catch(() => {});
  let asked = -Infinity;
  const server = listen(port, hostname, cut.signal, (request, info) => {
    asked = performance.now();
    return beside?.takes(new URL(request.url).pathname) ? beside.fetch(request, info) : app.fetch(request, info);
  });
  const finished = server.finished.catch(() => {});
  let closing = false;
  const close = async () => {
    if (!closing) {
      closing = true;
      const late = setTimeout(() => cut.abort(), CLOSE_MS);
      const followed = feeds.followers() > 0;
      await withTimeout(feeds.finish(), FLUSH_MS);
      if (followed) await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
      // The last bytes of the streams may still be on their way: this waits for them.
      await Promise.race([server.shutdown().catch(() => {}), finished]);
      clearTimeout(late);
      // The program that bundles scripts complains when it is left.
      await assets;
    }
    await finished;
  };
  signal?.addEventListener("abort", () => close(), { once: true });
  if (signal?.aborted) close();
  const { port: bound } = server.addr;
  return {
    url: urlOf(hostname, bound),
    token: access?.token,
    port: bound,
    finished,
    idleMs: () => performance.now() - asked,
    close,
  };
}

/** Readings of logs that take longer are told. */
const SLOW_MS = 1_000;

/** Says once how runs with long logs open faster. */
function slowRemark() {
  let said = false;
  return (id: string, ms: number) => {
    if (said || ms < SLOW_MS) return;
    said = true;
    console.log(
      `Reading the log of ${id} took ${(ms / 1000).toFixed(1)} s; after deno task reindex, long runs open at once`,
    );
  };
}
