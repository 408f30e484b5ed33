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

/** A server that shows a run. */
export interface RunServer {
  readonly origin: string;
  /** Headers of requests to it. */
  readonly headers: Readonly<Record<string, string>>;
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
    const { url, token } = address;
    const { protocol, hostname, origin } = new URL(url);
    if (protocol !== "http:" || !isLoopback(hostname)) return undefined;
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    using client = directClient(new URL(url));
    const answer = await fetch(`${origin}/api/runs/${id}`, {
      signal: AbortSignal.timeout(2_000),
      method: "HEAD",
      headers,
      redirect: "error",
      ...(client === undefined ? {} : { client }),
    });
    await answer.body?.cancel();
    return answer.ok ? { origin, headers } : undefined;
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
      const address = `${server.origin}/api/runs/${id}/stream`;
      for await (const event of streamEvents(address, { headers: server.headers, signal })) {
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

/** The events of a server-sent event stream; it ends when the stream does or when its run is no longer running. */
export async function* streamEvents(
  address: string,
  { headers = {}, signal }: { readonly headers?: RunServer["headers"]; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<RunEvent, void, void> {
  using client = directClient(new URL(address));
  const response = await fetch(address, {
    headers: { ...headers, accept: "text/event-stream" },
    redirect: "error",
    ...(client === undefined ? {} : { client }),
    ...(signal === undefined ? {} : { signal }),
  });
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
