// A run's events for a reader in another process: from its server's stream, or from the log when there is no server.
import {
  directClient,
  eventSchema,
  followEvents,
  isLoopback,
  readPageAddress,
  type RunEvent,
  runFolder,
} from "../run/mod.ts";
import { apiClient } from "../serve/mod.ts";

/** A server that shows a run. */
export interface RunServer {
  readonly origin: string;
  /** What it may want for reading. */
  readonly token: string | undefined;
}

/** A client of the server that no proxy comes between. */
function clientOf({ origin, token }: RunServer, client: Deno.HttpClient | undefined) {
  return apiClient(origin, {
    token,
    fetch: (input, init) => fetch(input, { ...init, redirect: "error", ...(client === undefined ? {} : { client }) }),
  }).api.runs[":id"];
}

/**
 * The server that shows a run, by the address that the run's process wrote; undefined if there is none or it does not
 * answer. Only plain loopback addresses count, whatever the file says.
 */
export async function serverOf(runsFolder: string, id: string): Promise<RunServer | undefined> {
  const folder = await runFolder(runsFolder, id);
  if (folder === undefined) return undefined;
  try {
    const address = await readPageAddress(folder);
    if (address === undefined) return undefined;
    const { protocol, hostname, origin } = new URL(address.url);
    if (protocol !== "http:" || !isLoopback(hostname)) return undefined;
    const server = { origin, token: address.token };
    using client = directClient(new URL(origin));
    const signal = AbortSignal.timeout(2_000);
    const answer = await clientOf(server, client).status.$get({ param: { id } }, { init: { signal } });
    await answer.body?.cancel();
    return answer.ok ? server : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The events of a run in order, without gaps or duplicates, until it ends or its process is gone. If the stream breaks,
 * the log continues it.
 */
export async function* runEvents(
  runsFolder: string,
  id: string,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent, void, void> {
  let after = -1;
  const server = await serverOf(runsFolder, id);
  if (server !== undefined) {
    try {
      for await (const event of streamEvents(server, id, signal)) {
        if (event.seq !== after + 1) break;
        after = event.seq;
        yield event;
      }
    } catch {
      // The server went away in the middle of the stream: the log has the rest.
    }
  }
  yield* followEvents(runsFolder, id, { after, ...(signal === undefined ? {} : { signal }) });
}

/** The events of a run from its server's stream; they end when the stream does or when the run is no longer running. */
export async function* streamEvents(
  server: RunServer,
  id: string,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent, void, void> {
  using client = directClient(new URL(server.origin));
  const response = await clientOf(server, client).stream.$get(
    { param: { id }, query: {}, header: {} },
    signal === undefined ? {} : { init: { signal } },
  );
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    return;
  }
  for await (const { event, data } of messages(response.body)) {
    if (event === "message") yield eventSchema.parse(JSON.parse(data));
    else if (event === "status" && JSON.parse(data).status !== "running") return;
  }
}

/** The messages of a `text/event-stream`, by the standard's rules for fields, comments and line ends. */
export async function* messages(body: ReadableStream<Uint8Array>): AsyncGenerator<{ event: string; data: string }> {
  let rest = "", event = "", data: string[] = [];
  for await (const text of body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    const whole = rest + text;
    // A final "\r" may be half of "\r\n": it waits for what follows.
    const lines = whole.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield { event: event || "message", data: data.join("\n") };
        [event, data] = ["", []];
        continue;
      }
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line)!;
      if (field === "data") data.push(value!);
      else if (field === "event") event = value!;
    }
  }
}
