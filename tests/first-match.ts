// Waiting for what a child process says on a pipe.

/** The first match of `pattern` in a stream of text, which is read away after it so that the writer never stalls. */
export async function firstMatch(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`No ${pattern} in: ${text}`);
    text += decoder.decode(value, { stream: true });
    const found = text.match(pattern)?.[0];
    if (found === undefined) continue;
    void (async () => {
      while (!(await reader.read()).done);
    })();
    return found;
  }
}
