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
      const { restored } = await change<{ restored: string[] }>("/api/restore", { removal: item.dataset.removal });
      const list = item.parentElement!;
      const [words, link] = outcome(restored);
      item.replaceWith(h("li", { class: "notice" }, words, link));
      // Screen readers say it with the words before it; the button that had the focus has gone.
      link.focus();
      if (list.querySelector("[data-removal]") === null) {
        list.before(h("div", { class: "empty card" }, h("h2", {}, "The trash is empty")));
      }
    } catch (error) {
      const fault = byId("fault");
      fault.textContent = (error as Error).message;
      fault.hidden = false;
      button.disabled = false;
    }
  });
  item.append(button);
}

/** What was restored, and where it is. */
function outcome(runs: readonly string[]): [words: string, link: HTMLElement] {
  const [only, ...others] = runs;
  if (only !== undefined && others.length === 0) {
    return ["Restored ", h("a", { href: `/runs/${encodeURIComponent(only)}` }, only)];
  }
  return [`Restored ${runs.length} runs. `, h("a", { href: "/" }, "All runs")];
}
