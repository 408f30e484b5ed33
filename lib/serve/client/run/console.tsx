// What the run's processes print: it follows, and can be searched.
import { useMemo, useRef, useState } from "hono/jsx";
import type { ConsoleResponse } from "../../schemas.ts";
import { useEffect } from "../common/effect.ts";
import { bytes } from "../common/format.ts";
import { getJson } from "../common/session.ts";
import { findLines } from "./console-text.ts";

/** Time between two requests while the run is under way. */
const ASK_MS = 2_000;
/** Most found lines that are shown. */
const MOST_LINES = 1_000;
/** A reader this close to the end follows what comes. */
const END_PIXELS = 24;

/** What is known of the output. */
interface Output {
  readonly text: string;
  readonly next: number;
}

/** The console, folded; nothing is asked for before it is opened. @param live whether more may come */
export function Console({ address, live }: { readonly address: string; readonly live: boolean }) {
  const [open, setOpen] = useState(false);
  const [wanted, setWanted] = useState("");
  const output = useOutput(address, open, live);
  const found = useMemo(() => wanted === "" ? undefined : findLines(output?.text ?? "", wanted, MOST_LINES), [
    output,
    wanted,
  ]);
  return (
    <details
      class="card about console"
      onToggle={(event: Event) => {
        if (event.target === event.currentTarget) setOpen((event.currentTarget as HTMLDetailsElement).open);
      }}
    >
      <summary>Console output</summary>
      {output !== undefined && output.next === 0 && (
        <p class="muted">{live ? "Nothing has been printed yet." : "This run kept no output."}</p>
      )}
      {output !== undefined && output.next > 0 && (
        <>
          <div class="field">
            <input
              type="search"
              aria-label="Find in the console output"
              placeholder="find lines"
              autocomplete="off"
              onInput={(event: Event) => setWanted((event.currentTarget as HTMLInputElement).value)}
            />
            <span class="muted" role="status">
              {found === undefined ? bytes(output.next) : countText(found.count)}
            </span>
            <a href={`${address}/output`}>download output.log</a>
          </div>
          {found === undefined ? <Following text={output.text} /> : (
            <pre tabindex={0} aria-label="Lines found">
              {found.lines.map(({ number, parts }) => (
                <span key={number}>
                  <span class="line-number">{`${number} `}</span>
                  {parts.map((part, i) => i % 2 === 1 ? <mark key={i}>{part}</mark> : part)}
                  {"\n"}
                </span>
              ))}
            </pre>
          )}
        </>
      )}
    </details>
  );
}

function countText(count: number): string {
  const lines = `${count.toLocaleString("en")} ${count === 1 ? "line" : "lines"}`;
  return count > MOST_LINES ? `${lines}; the first ${MOST_LINES.toLocaleString("en")} are shown` : lines;
}

/** The whole text. It stays at its end as it grows, unless the reader has scrolled back. */
function Following({ text }: { readonly text: string }) {
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (box.current !== null && follows.current === true) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  const scrolled = ({ currentTarget }: Event) => {
    const { scrollTop, clientHeight, scrollHeight } = currentTarget as HTMLElement;
    follows.current = scrollTop + clientHeight >= scrollHeight - END_PIXELS;
  };
  return <pre ref={box} tabindex={0} aria-label="Console output" onScroll={scrolled}>{text}</pre>;
}

/** The output so far, kept up to date while the console is open; undefined until it is known. */
function useOutput(address: string, open: boolean, live: boolean): Output | undefined {
  const [output, setOutput] = useState<Output | undefined>(undefined);
  const known = useRef<Output>({ text: "", next: 0 });
  useEffect(() => {
    if (!open) return;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      for (let whole = document.hidden; !whole && !over;) {
        const before = known.current!;
        const part = await getJson<ConsoleResponse>(`${address}/console?after=${before.next}`).catch(() => undefined);
        if (part === undefined || over) break;
        const text = part.start === before.next ? before.text + part.text : part.text;
        known.current = { text, next: part.next };
        whole = part.next === part.bytes;
        if (part.next !== before.next || whole) setOutput(known.current);
      }
      if (!over && live) timer = setTimeout(ask, ASK_MS);
    };
    ask();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [open, live]);
  return output;
}
