// How much of the differences between trials goes with each setting, and what that cannot say.
import type { Importance } from "../../../run/view/mod.ts";

const WIDTH = 240;

/** The table; nothing if there is too little to go on. */
export function ImportanceTable({ found, trials, metric }: {
  readonly found: readonly Importance[];
  /** How many trials have a value. */
  readonly trials: number;
  readonly metric: string;
}) {
  if (found.length === 0) return null;
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return (
    <div class="card figure">
      <h2>Importance of settings</h2>
      <p class="muted">
        {`How much of the variance of ${metric} over ${trials} trials lies between the values of each setting. The mark is ` +
          "what 95 of 100 settings without an effect would stay below: shorter bars say nothing. Effects that only show " +
          "in combination are not seen, and where settings were not varied independently, one may borrow from another. " +
          "What the seed explains is noise."}
      </p>
      <div class="table-box" role="region" aria-label="Importance of settings" tabindex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">Share of variance</th>
              <th scope="col" class="number">Share</th>
              <th scope="col" class="number">Chance</th>
              <th scope="col" class="number" title="Spearman’s rank correlation with the metric">Rank correlation</th>
            </tr>
          </thead>
          <tbody>
            {found.map(({ setting, share, chance, correlation }) => (
              <tr key={setting}>
                <th scope="row">{setting}</th>
                <td>
                  <svg width={WIDTH} height="12" viewBox={`0 0 ${WIDTH} 12`} aria-hidden="true" class="importance">
                    <rect class={share > chance ? "clear" : "unclear"} width={share * WIDTH} height="12" rx="2" />
                    <path class="chance" d={`M${chance * WIDTH} 0V12`} />
                  </svg>
                </td>
                <td class="number">{percent(share)}</td>
                <td class="number">{percent(chance)}</td>
                <td class="number">{correlation === null ? "–" : correlation.toFixed(2).replace("-", "−")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
