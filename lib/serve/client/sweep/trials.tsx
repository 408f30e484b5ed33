// The table of a sweep's trials: sorted by any column, those that are not selected left out.
import { VALUE_DIGITS } from "../../../run/view/mod.ts";
import type { ShownSweep } from "../../schemas.ts";
import { statusText } from "../common/dom.ts";
import { duration, fixed } from "../common/format.ts";
import type { SweepNames } from "./view.ts";
import { allAlike, type Trial } from "./words.ts";

/** A column that trials can be sorted by. */
interface Column {
  /** Its name in the URL. */
  readonly key: string;
  readonly title: string;
  readonly numeric: boolean;
  readonly of: (trial: Trial) => string | number | null;
}

/** The columns of a sweep's table that have a value to sort by. */
function columnsOf({ keys, trials, metric }: ShownSweep): Column[] {
  const setting = (key: string): Column => {
    const numeric = trials.every(({ settings }) => Number.isFinite(Number(settings[key])));
    const of = ({ settings }: Trial) => {
      const text = settings[key];
      return text === undefined ? null : numeric ? Number(text) : text;
    };
    return { key: `set.${key}`, title: key, numeric, of };
  };
  const seeds = new Set(trials.map(({ seed }) => seed)).size > 1;
  return [
    { key: "trial", title: "Trial", numeric: true, of: ({ trial }) => trial },
    ...keys.map(setting),
    ...(seeds ? [{ key: "seed", title: "seed", numeric: true, of: ({ seed }: Trial) => seed }] : []),
    { key: "status", title: "Status", numeric: false, of: ({ status }) => status },
    { key: "value", title: metric, numeric: true, of: ({ value }) => value },
    { key: "took", title: "Took", numeric: true, of: ({ seconds }) => seconds },
  ];
}

/** What a view of the sweep can name. */
export function namesOf(sweep: ShownSweep): SweepNames {
  const columns = columnsOf(sweep).map(({ key }) => key);
  return { columns, settings: [...sweep.keys, ...(columns.includes("seed") ? ["seed"] : [])], metric: sweep.metric };
}

/** The trials in the order of a column, those without a value last; as they are if there is no such column. */
export function sortedTrials(sweep: ShownSweep, key: string, descending: boolean): readonly Trial[] {
  const column = columnsOf(sweep).find((one) => one.key === key);
  if (column === undefined) return sweep.trials;
  const sign = descending ? -1 : 1;
  return sweep.trials.toSorted((a, b) => {
    const [left, right] = [column.of(a), column.of(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * String(left).localeCompare(String(right), "en");
  });
}

export interface TrialsProps {
  readonly sweep: ShownSweep;
  readonly sort: string;
  readonly descending: boolean;
  /** Numbers of the trials that are shown; undefined: all. */
  readonly selected: ReadonlySet<number> | undefined;
  /** Without it, the table cannot be sorted. */
  readonly onSort?: (key: string, descending: boolean) => void;
  readonly onPoint?: (trial: number | undefined) => void;
}

/** The table. */
export function TrialsTable({ sweep, sort, descending, selected, onSort, onPoint }: TrialsProps) {
  const columns = columnsOf(sweep);
  const trials = sortedTrials(sweep, sort, descending).filter(({ trial }) => selected?.has(trial) ?? true);
  const order = columns.find(({ key }) => key === sort);
  const caption = `Trials by ${sweep.metric}; ${sweep.better} is better` +
    (order === undefined ? "" : `; sorted by ${order.title}`) +
    (selected === undefined ? "" : `; ${trials.length} of ${sweep.trials.length} selected`);
  return (
    <div class="table-box" role="region" aria-label="Table of trials" tabindex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ key, title, numeric }) => (
              <th
                key={key}
                scope="col"
                class={numeric ? "number" : ""}
                aria-sort={key !== sort ? "none" : descending ? "descending" : "ascending"}
              >
                {onSort === undefined
                  ? title
                  : (
                    <button type="button" class="sort" onClick={() => onSort(key, key === sort && !descending)}>
                      {title}
                      <span class="arrow" aria-hidden="true">{key !== sort ? "" : descending ? " ↓" : " ↑"}</span>
                    </button>
                  )}
              </th>
            ))}
            <th scope="col">Cells</th>
            <th scope="col">Run</th>
          </tr>
        </thead>
        <tbody>
          {trials.map((trial) => (
            <TrialRow key={String(trial.trial)} trial={trial} sweep={sweep} columns={columns} onPoint={onPoint} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly trial: Trial;
  readonly sweep: ShownSweep;
  readonly columns: readonly Column[];
  readonly onPoint: TrialsProps["onPoint"];
}

function TrialRow({ trial, sweep, columns, onPoint }: RowProps) {
  const best = sweep.best.includes(trial.trial) && !allAlike(sweep);
  return (
    <tr
      data-trial={trial.trial}
      title={trial.error ?? ""}
      {...(onPoint === undefined ? {} : {
        onPointerEnter: () => onPoint(trial.trial),
        onPointerLeave: () => onPoint(undefined),
      })}
    >
      {columns.map(({ key, numeric }) => {
        const look = numeric ? "number" : "";
        if (key === "trial") return <th key={key} scope="row" class={look}>{trial.trial}</th>;
        if (key === "status") {
          return (
            <td key={key}>
              <span class="badge" data-status={trial.status}>{statusText(trial.status)}</span>
            </td>
          );
        }
        return <td key={key} class={key === "value" && best ? `${look} best` : look}>{cellText(key, trial)}</td>;
      })}
      <td>{cellsText(trial)}</td>
      <td>{trial.run === null ? "–" : <a href={`/runs/${encodeURIComponent(trial.run)}`}>{trial.run}</a>}</td>
    </tr>
  );
}

function cellText(key: string, { settings, seed, value, seconds }: Trial): string {
  if (key === "seed") return String(seed);
  if (key === "value") return value === null ? "–" : fixed(value, VALUE_DIGITS);
  if (key === "took") return seconds === null ? "–" : duration(seconds);
  return settings[key.slice("set.".length)] ?? "–";
}

function cellsText({ progress, cells, error, status }: Trial): string {
  if (progress !== null) {
    return `${progress.ended} of ${progress.total}${progress.current ? `, ${progress.current}` : ""}`;
  }
  if (error !== null && status !== "stopped") return error.split("\n", 1)[0]!.slice(0, 120);
  return cells === null ? "–" : `${cells.total}, ${cells.cached} from cache`;
}
