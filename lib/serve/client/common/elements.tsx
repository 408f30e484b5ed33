// Small elements that pages share.
import type { Child } from "hono/jsx";
import { statusText } from "./dom.ts";

/** A status in words, with a dot in its color. */
export function Badge({ status, title }: { readonly status: string; readonly title?: string | undefined }) {
  return (
    <span class="badge" data-status={status} {...(title === undefined ? {} : { title })}>{statusText(status)}</span>
  );
}

/** An entry of a definition list. */
export function Entry({ name, children }: { readonly name: string; readonly children?: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A text by its short form; the whole of it on hover, and for screen readers. */
export function ShortText({ text, short }: { readonly text: string; readonly short: string }) {
  if (text === short) return <>{text}</>;
  return (
    <span title={text}>
      <span aria-hidden="true">{short}</span>
      <span class="visually-hidden">{text}</span>
    </span>
  );
}
