// Waiting for what a child process says on a pipe.

/**
 * The first match of `pattern` in a stream of text, which is read away after it so that the writer never stalls.
 *
 * @param said is given all the text, for a failure's message
 */
export async function firstMatch(
  stream: ReadableStream<Uint8Array>,
  pattern: RegExp,
  said: (text: string) => void = () => {},
): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`No ${pattern} in: ${text}`);
    const read = decoder.decode(value, { stream: true });
    said(read);
    text += read;
    const found = text.match(pattern)?.[0];
    if (found === undefined) continue;
    void (async () => {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        said(decoder.decode(value, { stream: true }));
      }
    })();
    return found;
  }
}
