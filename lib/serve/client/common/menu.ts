// Menus that open from a button: `<details>` elements, which Escape closes.

/** Closes the menu that has the focus, and gives its button the focus back. */
export function closeOnEscape(event: KeyboardEvent): void {
  const menu = event.currentTarget as HTMLDetailsElement;
  if (event.key !== "Escape" || !menu.open) return;
  event.stopPropagation();
  menu.open = false;
  menu.querySelector("summary")?.focus();
}
