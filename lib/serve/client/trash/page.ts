// The trash: a button that restores each removal, where the server may do that.
import { byId, h } from "../common/dom.ts";
import { when } from "../common/format.ts";
import { change, getSession } from "../common/session.ts";

byId("crumb").textContent = "Trash";
for (const time of document.querySelectorAll("time")) time.textContent = when(time.dateTime);
getSession().then(({ edit }) => {
  if (edit) { for (const item of document.querySelectorAll<HTMLElement>("[data-removal]")) offer(item); }
}, () => {});

function offer(item: HTMLElement): void {
  const count = item.querySelectorAll("code").length;
  const button = h("button", { type: "button", class: "button quiet" }, count === 1 ? "Restore" : "Restore all");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await change("/api/restore", { removal: item.dataset.removal });
      const list = item.parentElement!;
      item.remove();
      if (list.children.length === 0) location.reload();
    } catch (error) {
      const fault = byId("fault");
      fault.textContent = (error as Error).message;
      fault.hidden = false;
      button.disabled = false;
    }
  });
  item.append(button);
}
