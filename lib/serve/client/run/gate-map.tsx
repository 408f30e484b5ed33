// The mean gates of stitches while they are trained, as a heat map: models of each stitch by domain.
import type { CellView } from "../../../run/mod.ts";
import { latestGates } from "../../../run/view/mod.ts";
import { ShortText } from "../common/elements.tsx";
import { shortTexts } from "../common/short-texts.ts";
import { HEADING_LETTERS, ROW_LETTERS } from "../common/table-view.tsx";
import { methodColors, methodLabel, methodOfModel, orderMethods } from "../../../methods.ts";

/** The strongest shade, in percent: text stays legible on it. */
const STRONGEST = 45;

/** The heat map of the gates that a cell logged last; nothing if it has logged none. */
export function GateMap({ cell }: { readonly cell: CellView }) {
  const found = latestGates(cell);
  if (found === undefined || found.gates.length === 0) return null;
  const { step, gates } = found;
  const domains = [...new Set(gates.map(({ domain }) => domain))];
  const methodOf = (model: string) => methodOfModel(model, model === "seed" ? [] : [`expert:${model}`]);
  const models = orderMethods([...new Set(gates.map(({ model }) => methodOf(model)))]);
  const colors = methodColors(models);
  const headings = shortTexts(domains, HEADING_LETTERS);
  const labels = shortTexts(models.map(methodLabel), ROW_LETTERS);
  const title = `Mean gates at step ${step.toLocaleString("en")}, on validation text`;
  return (
    <div class="table-box gate-map" role="region" aria-label={`Gates of ${cell.title}`} tabindex={0}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">Stitch</th>
            <th scope="col">Model</th>
            {domains.map((domain) => (
              <th key={domain} scope="col" class="number">
                <ShortText text={domain} short={headings.get(domain)!} />
              </th>
            ))}
          </tr>
        </thead>
        {[...Map.groupBy(gates, ({ stitch }) => stitch)].map(([stitch, own]) => (
          <tbody key={stitch}>
            {models.filter((method) => own.some(({ model }) => methodOf(model) === method)).map((method, i, shown) => (
              <tr key={method}>
                {i === 0 && <th scope="rowgroup" rowspan={shown.length}>{stitch}</th>}
                <th scope="row">
                  <ShortText text={methodLabel(method)} short={labels.get(methodLabel(method))!} />
                </th>
                {domains.map((domain) => {
                  const gate = own.find((one) => one.domain === domain && methodOf(one.model) === method)?.gate;
                  return <Shade key={domain} gate={gate} color={colors.get(method)!} />;
                })}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Shade({ gate, color }: { readonly gate: number | undefined; readonly color: string }) {
  if (gate === undefined) return <td class="number">–</td>;
  const share = Math.round(STRONGEST * Math.max(0, Math.min(1, gate)));
  return (
    <td class="number" style={{ backgroundColor: `color-mix(in srgb, ${color} ${share}%, transparent)` }}>
      {gate.toFixed(2)}
    </td>
  );
}
