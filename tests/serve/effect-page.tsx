// A page for `effect_test.ts`: counts effects that hold something.
import { useState } from "hono/jsx";
import { render } from "hono/jsx/dom";
import { useEffect } from "../../lib/serve/client/common/effect.ts";

const held = { once: 0, each: 0, brief: 0 };
const runs: number[] = [];
const counted = (name: keyof typeof held) => {
  held[name]++;
  return () => {
    held[name]--;
  };
};

function Brief() {
  useEffect(() => counted("brief"), []);
  return <p>brief</p>;
}

function Page() {
  const [number, setNumber] = useState(0);
  const [brief, setBrief] = useState(false);
  useEffect(() => counted("once"), []);
  useEffect(() => {
    runs.push(number);
    return counted("each");
  }, [number]);
  Object.assign(globalThis, { page: { held, runs, setNumber, setBrief } });
  return <main>{number} {brief && <Brief />}</main>;
}

render(<Page />, document.body);
