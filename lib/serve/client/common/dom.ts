// Building elements. Text always becomes a text node, so markup in a run's strings stays text.

/** What an element contains. */
export type Child = Node | string | number | null | undefined | false | readonly Child[];

/** Attributes of an element; `class` and `data-…` as in HTML; `null` and `undefined` omit an attribute. */
export type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** An element with attributes and children. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of (children as unknown[]).flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** An entry of a definition list. */
export function entry(name: string, ...value: Child[]): HTMLElement {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

/** The element with this id, which the page's frame must have. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element "${id}"`);
  return element;
}

/** Sets an element's text if it differs, so that nothing is repainted or announced for no reason. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets or removes an attribute if it differs. */
export function setAttribute(element: Element, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** A function that runs `draw` once in the next animation frame, however often it is called before that. */
export function oncePerFrame(draw: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

const STATUS_TEXT: Readonly<Record<string, string>> = {
  planned: "Planned",
  pending: "Pending",
  running: "Running",
  stalled: "Stalled",
  done: "Done",
  cached: "Cached",
  failed: "Failed",
  stopped: "Stopped",
  lost: "Lost",
  removed: "Removed",
  damaged: "Damaged",
  unreadable: "Unreadable",
};

/** The words for a status. */
export function statusText(status: string): string {
  return STATUS_TEXT[status] ?? status;
}

/** A badge with a status in words and a dot in its color. */
export function badge(status: string): HTMLElement {
  return h("span", { class: "badge", "data-status": status }, statusText(status));
}

/** Changes the status of a badge. */
export function setBadge(element: Element, status: string): void {
  setAttribute(element, "data-status", status);
  setText(element, statusText(status));
}
