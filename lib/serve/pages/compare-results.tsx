// The results of a comparison: each value with its difference from the first column's, paired where that is possible.
import { methodLabel } from "../../methods.ts";
import type { ComparedDifference, ComparedResult, ComparedResults } from "../../run/mod.ts";
import { isPercent, type MeasureColumn, shownValue } from "../../run/view/mod.ts";
import { ShortText } from "../client/common/elements.tsx";
import { compact, fixed } from "../client/common/format.ts";
import { shortTexts } from "../client/common/short-texts.ts";
import { ROW_LETTERS } from "../client/common/table-view.tsx";
import { Head, Part, type ShownColumn } from "./compare-parts.tsx";

/** The measure that leads, open, and the tables of measures folded below it. */
export function ResultsPart({ results: { rows, cut }, columns }: {
  readonly results: ComparedResults;
  readonly columns: readonly ShownColumn[];
}) {
  if (rows.length === 0) {
    return (
      <Part title="Results">
        <p class="muted">There are no results yet.</p>
      </Part>
    );
  }
  const [first] = rows;
  const leading = rows.filter(({ measure }) => measure.key === first!.measure.key);
  const tables = Map.groupBy(rows.filter((row) => !leading.includes(row)), ({ measure }) => measure.table);
  return (
    <Part title="Results">
      <p class="muted">
        Below each value is its difference from the first column’s. <em>Paired</em>{" "}
        differences are over the same documents or questions, with their 95 % intervals: what makes one hard for both
        cancels out. <em>Unpaired</em>{" "}
        ones are between scores on other text, or it is not known on which, and have no interval.
        {cut && " Some intervals are not computed, as that takes long: compare fewer at once."}
      </p>
      <ResultTable title={titleOf(first!.measure)} rows={leading} columns={columns} />
      {[...tables].map(([table, own]) => (
        <details key={table} class="folded">
          <summary>{table}</summary>
          <ResultTable title={table} rows={own} columns={columns} />
        </details>
      ))}
    </Part>
  );
}

function titleOf({ table, group }: MeasureColumn): string {
  return group === "" ? table : `${table}, ${group}`;
}

function ResultTable({ title, rows, columns }: {
  readonly title: string;
  readonly rows: readonly ComparedResult[];
  readonly columns: readonly ShownColumn[];
}) {
  const [{ measure }] = rows as [ComparedResult];
  const same = rows.every((row) => row.measure.key === measure.key);
  const names = shortTexts(rows.map((row) => nameOf(row, same)), ROW_LETTERS);
  const caption = [title, ...(measure.better === null ? [] : [`${measure.better} is better`])].join("; ");
  return (
    <div class="table-box" role="region" aria-label={title} tabindex={0}>
      <table>
        <caption>{caption}</caption>
        <Head title={same && rows[0]!.method !== "" ? "Method" : "Result"} columns={columns} numeric />
        <tbody>
          {rows.map((row) => <ResultRow key={keyOf(row)} row={row} name={nameOf(row, same)} names={names} />)}
        </tbody>
      </table>
    </div>
  );
}

const keyOf = ({ method, measure }: ComparedResult) => `${method}/${measure.key}`;

function nameOf({ method, measure }: ComparedResult, alone: boolean): string {
  const parts = [...(method === "" ? [] : [methodLabel(method)]), ...(alone && method !== "" ? [] : [measure.heading])];
  return parts.join(", ");
}

/** The best value is marked if they differ and the measure says what is better. */
function ResultRow({ row, name, names }: {
  readonly row: ComparedResult;
  readonly name: string;
  /** Short forms of the names of rows. */
  readonly names: ReadonlyMap<string, string>;
}) {
  const { measure, values, differences } = row;
  const numbers = values.filter((value) => value !== undefined);
  const best = measure.better === null || new Set(numbers).size < 2
    ? undefined
    : measure.better === "lower"
    ? Math.min(...numbers)
    : Math.max(...numbers);
  return (
    <tr data-measure={keyOf(row)}>
      <th scope="row">
        <ShortText text={name} short={names.get(name)!} />
      </th>
      {values.map((value, i) => (
        <td key={String(i)} class={value !== undefined && value === best ? "number best" : "number"}>
          {value === undefined ? "–" : shown(value, measure)}
          {value !== undefined && value === best && <span class="visually-hidden">(best)</span>}
          {differences[i] !== undefined && <DifferenceView difference={differences[i]} measure={measure} />}
        </td>
      ))}
    </tr>
  );
}

function DifferenceView({ difference, measure }: {
  readonly difference: ComparedDifference;
  readonly measure: MeasureColumn;
}) {
  const value = signed(difference.value, measure);
  if (difference.kind !== "paired") {
    const why = difference.kind === "unpaired" ? "unpaired" : "no interval";
    return <small class="difference muted">{`${value} ${why}`}</small>;
  }
  const { interval, samples } = difference;
  if (interval === null) {
    return <small class="difference" title={countText(samples)}>{`${value} paired, too few for an interval`}</small>;
  }
  const verdict = verdictOf(interval, measure.better);
  const ends = interval.map((end) => signed(end, measure)).join(" to ");
  return (
    <small class={`difference ${verdict}`} title={`Paired, ${countText(samples)}; 95 % interval`}>
      {`${value} (${ends}) paired${verdict === "" ? "" : `, ${verdict}`}`}
    </small>
  );
}

const countText = (samples: number) => `n = ${samples.toLocaleString("en")}`;

/** What an interval says; nothing if it holds 0, or nothing is better. */
function verdictOf([low, high]: readonly [number, number], better: MeasureColumn["better"]): "better" | "worse" | "" {
  if (better === null || (low <= 0 && high >= 0)) return "";
  return (high < 0) === (better === "lower") ? "better" : "worse";
}

function shown(value: number, measure: MeasureColumn): string {
  if (measure.format === "count") return compact(value);
  return fixed(shownValue(value, measure), measure.digits) + (isPercent(measure) ? " %" : "");
}

/** With one digit more than a value, so that small differences are seen. */
function signed(difference: number, measure: MeasureColumn): string {
  if (measure.format === "count") return `${difference > 0 ? "+" : ""}${compact(difference).replace("-", "−")}`;
  const text = fixed(shownValue(difference, measure), measure.digits + 1);
  return difference > 0 ? `+${text}` : text;
}
