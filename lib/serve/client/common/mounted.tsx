// A component in a place that scripts own, which is drawn again where it stands.
import { type FC, useState } from "hono/jsx";
import { render } from "hono/jsx/dom";

/**
 * A function that shows a component with properties in `place`, and from the second time on changes only what differs.
 * hono's `render()` would build all elements anew each time, which takes the focus away from who uses the keyboard.
 */
export function mounted<Props extends object>(Component: FC<Props>, place: HTMLElement): (props: Props) => void {
  let change: ((props: Props) => void) | undefined;
  return (props) => {
    if (change !== undefined) return change(props);
    const Root = () => {
      const [now, setNow] = useState(props);
      change = setNow;
      return <Component {...now} />;
    };
    render(<Root />, place);
  };
}
