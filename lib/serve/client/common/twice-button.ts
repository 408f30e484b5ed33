// A button that asks for confirmation before it acts.
import { h } from "./dom.ts";

/** A button that asks for confirmation before it acts, and shows what went wrong. */
export function twiceButton(text: string, question: string, act: () => Promise<void>): HTMLButtonElement {
  const button = h("button", { type: "button", class: "button quiet" }, text);
  let asked: ReturnType<typeof setTimeout> | undefined;
  const calm = () => {
    clearTimeout(asked);
    asked = undefined;
    button.textContent = text;
    button.classList.remove("sure");
  };
  button.addEventListener("click", async () => {
    if (asked === undefined) {
      button.textContent = question;
      button.classList.add("sure");
      asked = setTimeout(calm, 5_000);
      return;
    }
    calm();
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      button.title = button.textContent = (error as Error).message;
    } finally {
      button.disabled = false;
    }
  });
  return button;
}
