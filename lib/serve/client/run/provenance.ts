// The provenance of a run: its settings and where each came from, code, packages, machine, and what its process printed.
import type { Provenance, RunView } from "../../../run/mod.ts";
import { codeText, leftOutLines, machineText, markedSettings, shellLine, SOURCE_NAMES } from "../../../run/view/mod.ts";
import type { ProvenanceResponse } from "../../schemas.ts";
import { type Child, entry, h } from "../common/dom.ts";
import { bytes, when } from "../common/format.ts";

/** The foot of a run's page: its provenance, and links to its data. */
export function aboutElements(run: RunView, address: string): HTMLElement[] {
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`).join(" · ");
  const settings = h("div", {}, settingsElement(run.config, undefined));
  const details = h("div");
  const link = (path: string, text: string) => h("a", { href: address + path }, text);
  const api = h("a", { href: "/openapi.json" }, "API");
  const about = h(
    "details",
    { class: "card about" },
    h("summary", {}, "Provenance"),
    h("p", {}, h("code", {}, shellLine(run.command))),
    details,
    settings,
    h("p", { class: "muted" }, versions),
  );
  // Fetched each time it is opened: the process may still print.
  about.addEventListener("toggle", async (event) => {
    if (event.target !== about || !about.open) return;
    const answer: ProvenanceResponse = await fetch(`${address}/provenance`).then((response) => response.json());
    details.replaceChildren(provenanceElement(answer, address));
    settings.replaceChildren(settingsElement(run.config, answer.captured.at(-1)));
  });
  return [
    about,
    h("p", { class: "muted links" }, link("", "This run as JSON"), " · ", link("/events", "its events"), " · ", api),
  ];
}

/** The settings of a run, changed ones first; only the configuration if there is no provenance. */
function settingsElement(config: unknown, captured: Provenance | undefined): HTMLElement {
  if (captured === undefined) return h("pre", { tabindex: 0 }, JSON.stringify(config, null, 2));
  const settings = markedSettings(config, captured.sources);
  const order = ["set", "file", "checkpoint", "preset", "default"];
  const sorted = [...settings].sort((a, b) => order.indexOf(a.source) - order.indexOf(b.source));
  const rows = sorted.map(({ key, value, source }) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const name = h("th", { scope: "row" }, h("code", {}, key));
    return h(
      "tr",
      { "data-source": source },
      name,
      h("td", {}, h("code", {}, text)),
      h("td", {}, SOURCE_NAMES[source]),
    );
  });
  const head = h("tr", {}, ["Setting", "Value", "From"].map((title) => h("th", { scope: "col" }, title)));
  const table = h("table", {}, h("thead", {}, head), h("tbody", {}, rows));
  return h("div", { class: "table-box settings", role: "region", "aria-label": "Settings", tabindex: 0 }, table);
}

/** Code, packages and machine of each process that worked on the run, and what they printed. */
function provenanceElement({ captured, output }: ProvenanceResponse, address: string): HTMLElement {
  const several = captured.length > 1;
  return h(
    "div",
    { class: "made" },
    captured.map((one, i) => [
      several && h("h3", {}, `Process ${i + 1} of ${captured.length}, ${when(one.time)}`),
      factsElement(one, address),
    ]),
    output !== null && h(
      "details",
      {},
      h("summary", {}, "Console output"),
      h(
        "p",
        { class: "muted" },
        `${output.whole ? bytes(output.bytes) : `The end of ${bytes(output.bytes)}`}; `,
        h("a", { href: `${address}/output` }, "download output.log"),
      ),
      h("pre", { tabindex: 0 }, output.text),
    ),
  );
}

function factsElement(captured: Provenance, address: string): HTMLElement {
  const { git, lock, scriptFile, environment: { device, variables }, process } = captured;
  const list = h("dl", { class: "made-facts" });
  const fact = (name: string, ...value: Child[]) => list.append(entry(name, value));
  const collapsed = (title: string, text: string) =>
    h("details", {}, h("summary", {}, title), h("pre", { tabindex: 0 }, text));
  const download = (file: string | null, text: string) =>
    file !== null && h("a", { href: `${address}/captured/${encodeURIComponent(file)}` }, text);
  fact("Code", codeText(captured), " ", download(git?.diff.file ?? null, "difference"));
  if (git !== null && git.changed > 0) {
    const more = git.changed > git.changes.length ? `\n… and ${git.changed - git.changes.length} more` : "";
    fact("Changed", collapsed(`${git.changed} files`, git.changes.join("\n") + more));
  }
  if (git?.untracked !== undefined) {
    const { file, files } = git.untracked;
    const left = leftOutLines(git.untracked);
    const names = [...files, ...(left.length === 0 ? [] : ["", "Left out:", ...left])];
    if (names.length > 0) {
      const title = `${files.length} files kept, ${git.untracked.leftOut} left out`;
      fact("Untracked", download(file, "as a patch"), collapsed(title, names.join("\n").trim()));
    }
  }
  fact("Script", h("code", {}, process.script), " ", download(scriptFile, "as it was"));
  if (lock !== null) {
    fact("Packages", `deno.lock, sha256 ${lock.sha256.slice(0, 12)} `, download(lock.file, "as it was"));
  }
  fact("Machine", machineText(captured));
  if (device !== null) fact("Device", `${device.description}; ${device.numerics}`);
  const set = Object.entries(variables);
  if (set.length > 0) fact("Environment", h("code", {}, set.map(([name, value]) => `${name}=${value}`).join(" ")));
  return list;
}
