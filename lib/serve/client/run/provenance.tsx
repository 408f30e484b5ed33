// The provenance of a run: its settings and where each came from, code, packages and machine.
import { type Child, useState } from "hono/jsx";
import type { Provenance, RunView } from "../../../run/mod.ts";
import { codeText, leftOutLines, machineText, markedSettings, shellLine, SOURCE_NAMES } from "../../../run/view/mod.ts";
import type { ProvenanceResponse } from "../../schemas.ts";
import { Entry } from "../common/elements.tsx";
import { when } from "../common/format.ts";
import { getJson } from "../common/session.ts";

/** The foot of a run's page: its provenance, and links to its data. */
export function About({ address, run }: { readonly address: string; readonly run: RunView }) {
  const [captured, setCaptured] = useState<ProvenanceResponse["captured"] | undefined>(undefined);
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`).join(" · ");
  const toggled = (event: Event) => {
    if (event.target !== event.currentTarget || !(event.currentTarget as HTMLDetailsElement).open) return;
    getJson<ProvenanceResponse>(`${address}/provenance`).then(({ captured }) => setCaptured(captured), () => {});
  };
  return (
    <>
      <details class="card about" onToggle={toggled}>
        <summary>Provenance</summary>
        <p>
          <code>{shellLine(run.command)}</code>
        </p>
        {captured !== undefined && <Made captured={captured} address={address} />}
        <Settings config={run.config} captured={captured?.at(-1)} />
        <p class="muted">{versions}</p>
      </details>
      <p class="muted links">
        <a href={address}>This run as JSON</a>
        {" · "}
        <a href={`${address}/events`}>its events</a>
        {" · "}
        <a href="/openapi.json">API</a>
      </p>
    </>
  );
}

const ORDER = ["set", "file", "checkpoint", "preset", "default"];

/** The settings of a run, changed ones first; only the configuration if there is no provenance. */
function Settings({ config, captured }: { readonly config: unknown; readonly captured: Provenance | undefined }) {
  if (captured === undefined) return <pre tabindex={0} aria-label="Settings">{JSON.stringify(config, null, 2)}</pre>;
  const settings = markedSettings(config, captured.sources).toSorted((a, b) =>
    ORDER.indexOf(a.source) - ORDER.indexOf(b.source)
  );
  return (
    <div class="table-box settings" role="region" aria-label="Settings" tabindex={0}>
      <table>
        <thead>
          <tr>{["Setting", "Value", "From"].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
        </thead>
        <tbody>
          {settings.map(({ key, value, source }) => (
            <tr key={key} data-source={source}>
              <th scope="row">
                <code>{key}</code>
              </th>
              <td>
                <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
              </td>
              <td>{SOURCE_NAMES[source]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Code, packages and machine of each process that worked on the run. */
function Made(
  { captured, address }: { readonly captured: ProvenanceResponse["captured"]; readonly address: string },
) {
  return (
    <div class="made">
      {captured.map((one, i) => (
        <div key={one.time}>
          {captured.length > 1 && <h3>{`Process ${i + 1} of ${captured.length}, ${when(one.time)}`}</h3>}
          <Facts captured={one} address={address} />
        </div>
      ))}
    </div>
  );
}

function Facts({ captured, address }: { readonly captured: Provenance; readonly address: string }) {
  const { git, lock, scriptFile, environment: { device, variables }, process } = captured;
  const download = (file: string | null, text: string): Child =>
    file !== null && <a href={`${address}/captured/${encodeURIComponent(file)}`}>{text}</a>;
  const set = Object.entries(variables);
  return (
    <dl class="made-facts">
      <Entry name="Code">
        {codeText(captured)} {download(git?.diff.file ?? null, "difference")}
      </Entry>
      {git !== null && git.changed > 0 && (
        <Entry name="Changed">
          <Folded title={`${git.changed} files`} text={changesText(git)} />
        </Entry>
      )}
      {git?.untracked !== undefined && <Untracked untracked={git.untracked} download={download} />}
      <Entry name="Script">
        <code>{process.script}</code> {download(scriptFile, "as it was")}
      </Entry>
      {lock !== null && (
        <Entry name="Packages">
          {`deno.lock, sha256 ${lock.sha256.slice(0, 12)} `}
          {download(lock.file, "as it was")}
        </Entry>
      )}
      <Entry name="Machine">{machineText(captured)}</Entry>
      {device !== null && <Entry name="Device">{`${device.description}; ${device.numerics}`}</Entry>}
      {set.length > 0 && (
        <Entry name="Environment">
          <code>{set.map(([name, value]) => `${name}=${value}`).join(" ")}</code>
        </Entry>
      )}
    </dl>
  );
}

type Git = NonNullable<Provenance["git"]>;

function changesText({ changes, changed }: Git): string {
  return changes.join("\n") + (changed > changes.length ? `\n… and ${changed - changes.length} more` : "");
}

function Untracked(
  { untracked, download }: {
    readonly untracked: NonNullable<Git["untracked"]>;
    readonly download: (file: string | null, text: string) => Child;
  },
) {
  const { file, files } = untracked;
  const left = leftOutLines(untracked);
  const names = [...files, ...(left.length === 0 ? [] : ["", "Left out:", ...left])];
  if (names.length === 0) return null;
  return (
    <Entry name="Untracked">
      {download(file, "as a patch")}
      <Folded title={`${files.length} files kept, ${untracked.leftOut} left out`} text={names.join("\n").trim()} />
    </Entry>
  );
}

function Folded({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <details>
      <summary>{title}</summary>
      <pre tabindex={0} aria-label={title}>{text}</pre>
    </details>
  );
}
