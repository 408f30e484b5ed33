// What a command prints in this process: most commands need no process of their own.

/** What `console.log()` is given while `body` runs, a line each. */
export async function printed(body: () => Promise<unknown>): Promise<string> {
  const { log } = console;
  let text = "";
  console.log = (...words: unknown[]) => void (text += `${words.join(" ")}\n`);
  try {
    await body();
  } finally {
    console.log = log;
  }
  return text;
}
