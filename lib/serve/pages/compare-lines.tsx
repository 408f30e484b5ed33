// What differs between two runs' texts, line by line: console output, uncommitted changes, script, packages.
import { compareAddress, type CompareView, TEXTS } from "../client/compare/view.ts";
import type { ComparedLines } from "../compare/gather.ts";
import { Part } from "./compare-parts.tsx";

/** With more runs, the links to them are folded. */
const MOST_IN_LINE = 8;

/** The texts' difference, with links to the other texts and runs. */
export function LinesPart({ lines, view }: { readonly lines: ComparedLines; readonly view: CompareView }) {
  const { kinds, kind, sameNumbers, others, other, first, diff } = lines;
  const to = (part: Partial<CompareView>) => `${compareAddress({ ...view, ...part })}#lines`;
  const links = others.map(({ id, label }) => (
    <a key={id} href={to({ other: id })} {...(id === other ? { "aria-current": "true" } : {})}>{label}</a>
  ));
  return (
    <Part title={`${TEXTS[kind]}, line by line`} id="lines">
      <nav class="field" aria-label="Texts to compare">
        {kinds.map((one) => (
          <a key={one} href={to({ text: one })} {...(one === kind ? { "aria-current": "true" } : {})}>{TEXTS[one]}</a>
        ))}
        <a href={to({ sameNumbers: !sameNumbers })}>{sameNumbers ? "Compare numbers, too" : "Ignore numbers"}</a>
        {others.length > 1 && others.length <= MOST_IN_LINE && <span class="muted">against</span>}
        {others.length > 1 && others.length <= MOST_IN_LINE && links}
        {others.length > MOST_IN_LINE && (
          <details class="others">
            <summary>{`against ${others.find(({ id }) => id === other)?.label}`}</summary>
            <div class="field">{links}</div>
          </details>
        )}
      </nav>
      <p class="muted">
        <code class="removed">{`− ${first}`}</code> <code class="added">{`+ ${other}`}</code>
        {sameNumbers && " Lines that differ in numbers alone count as equal."}
      </p>
      <Diff diff={diff} title={TEXTS[kind]} />
    </Part>
  );
}

function Diff({ diff, title }: { readonly diff: ComparedLines["diff"]; readonly title: string }) {
  if (diff === undefined) return <p class="muted">At least one of the two runs kept none.</p>;
  if (diff === "too-different") return <p class="muted">The texts have too little in common to compare them.</p>;
  const { parts, removed, added, cut } = diff;
  if (parts.length === 0) return <p class="muted">The texts do not differ.</p>;
  return (
    <>
      <p class="muted">{`${counted(removed)} only in the first, ${counted(added)} only in the other.`}</p>
      <pre class="line-diff" role="region" tabindex={0} aria-label={`Differences: ${title}`}>
        {parts.map((part, i) => {
          if (part.kind === "skipped") return <span key={String(i)} class="skipped">{`⋯ ${counted(part.count)} alike\n`}</span>;
          if (part.kind === "removed") return <del key={String(i)}>{`− ${part.text}\n`}</del>;
          if (part.kind === "added") return <ins key={String(i)}>{`+ ${part.text}\n`}</ins>;
          return `  ${part.text}\n`;
        })}
      </pre>
      {cut > 0 && <p class="muted">{`${counted(cut)} more are left out.`}</p>}
    </>
  );
}

const counted = (count: number) => `${count.toLocaleString("en")} ${count === 1 ? "line" : "lines"}`;
