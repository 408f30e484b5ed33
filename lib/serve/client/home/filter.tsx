// The filter of the table, with completion of names and of their values.
import { useRef, useState } from "hono/jsx";
import type { TableView } from "../../../run/view/mod.ts";
import type { TableNames } from "../../schemas.ts";
import { useEffect } from "../common/effect.ts";
import { completions } from "./completions.ts";

/** How long typing must pause before the table follows. */
const PAUSE_MS = 250;

/** A combobox: arrows choose a completion, Enter or Tab takes it, Escape closes the list. */
export function FilterField({ view, names, go }: {
  readonly view: TableView;
  readonly names: TableNames["names"];
  go(view: TableView, replace?: boolean): void;
}) {
  const [text, setText] = useState(view.filter);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    // Another view, such as the one before in the history; not what is just being typed.
    if (document.activeElement !== input.current) setText(view.filter);
  }, [view.filter]);

  const change = (next: string) => {
    setText(next);
    clearTimeout(timer.current ?? undefined);
    timer.current = setTimeout(() => go({ ...view, filter: next }, true), PAUSE_MS);
  };
  const offered = open ? completions(names, text) : [];
  const take = (i: number) => {
    const next = offered[i]!.filter;
    setActive(-1);
    change(next);
    input.current?.focus();
  };
  const key = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      // The first one closes the list; the next one is the browser's, which clears the field.
      if (open) event.preventDefault();
      return setOpen(false);
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (offered.length > 0) {
        setActive((active + step + offered.length + (active < 0 && step < 0 ? 1 : 0)) % offered.length);
      }
    } else if ((event.key === "Enter" || event.key === "Tab") && active >= 0 && offered[active] !== undefined) {
      event.preventDefault();
      take(active);
    } else if (event.key === "Enter") {
      setOpen(false);
      clearTimeout(timer.current ?? undefined);
      go({ ...view, filter: text });
    }
  };
  return (
    <div class="combobox">
      <input
        type="search"
        ref={input}
        role="combobox"
        aria-label="Filter"
        aria-expanded={String(offered.length > 0)}
        aria-controls="completions"
        aria-autocomplete="list"
        {...(active >= 0 ? { "aria-activedescendant": `completion-${active}` } : {})}
        placeholder="Filter: words, seed:2, tag:good, model.width:>64"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event: InputEvent) => {
          setOpen(true);
          setActive(-1);
          change((event.target as HTMLInputElement).value);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setTimeout(() => setOpen(false), 150)}
        onKeyDown={key}
      />
      <ul id="completions" role="listbox" aria-label="Completions" hidden={offered.length === 0}>
        {offered.map(({ text, detail }, i) => (
          <li
            key={text}
            id={`completion-${i}`}
            role="option"
            aria-selected={String(i === active)}
            onMouseDown={(event: MouseEvent) => {
              event.preventDefault();
              take(i);
            }}
          >
            {text}
            <span class="muted">{detail}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
