// Rendering within limits: what takes for ever, or would fill the memory, ends with an error; what is usual does not.
import assert from "node:assert/strict";
import { Environment, type JinjaDialect, JinjaLimitError, parseJinja, renderJinja } from "../../lib/jinja/mod.ts";

function render(template: string, variables: Readonly<Record<string, unknown>> = {}, dialect?: JinjaDialect): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries(variables)) environment.set(name, value);
  return renderJinja(parseJinja(template), environment, dialect);
}

/** Lists that hold one list twice, so that the last one is 2^60 items when it is written out. */
const DOUBLED = "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}";
const LONG = "{% set n = namespace(x='abcdefgh') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}";

const TOO_MUCH: Readonly<Record<string, readonly [template: string, message: RegExp]>> = {
  "a long loop": ["{% for i in range(10**9) %}{% endfor %}", /takes more than 4,000,000 steps/],
  "a loop with a large step": ["{% for i in range(10**12, 0, -3) %}{% endfor %}", /steps/],
  "loops within loops": [
    "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
    /takes more than 4,000,000 steps/,
  ],
  "a macro that calls itself": [
    "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    /calls itself or is nested too deeply/,
  ],
  "a macro that calls itself twice": [
    "{% macro f(x) %}{% if x > 0 %}{{ f(x - 1) }}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    /takes more than 4,000,000 steps/,
  ],
  "a text that doubles": [`${LONG}{{ n.x }}`, /makes a text of more than 16,777,216 characters/],
  "a text that is replaced by a longer one": [
    "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x | replace('aaaaaaaa', 'aaaaaaaaaaaaaaaaaaaaaaaa') %}{% endfor %}",
    /characters/,
  ],
  "a text that is printed often": [
    "{% set x = 'abcdefgh' * 1 if false else 'abcdefgh' %}{% for i in range(9999) %}{{ x * 1 if false else long }}{% endfor %}",
    /characters/,
  ],
  "many texts that are kept": [
    "{% set n = namespace(all=[]) %}{% for i in range(99999) %}{% set n.all = n.all + [long | upper] %}{% endfor %}",
    /works on more than 536,870,912 characters|steps/,
  ],
  "a wide indent": ["{{ {'a': [1, [2]]} | tojson(indent=900000000) }}", /too long|characters/],
  "lists that double, printed": [`${DOUBLED}{{ n.x }}`, /steps/],
  "lists that double, as JSON": [`${DOUBLED}{{ n.x | tojson }}`, /steps/],
  "lists that double, as a text": [`${DOUBLED}{{ n.x | string }}`, /steps/],
  "lists that double, joined": [`${DOUBLED}{{ n.x | join }}`, /steps/],
  "lists that double, appended to a text": [`${DOUBLED}{{ '' ~ n.x }}{{ 'a' + n.x }}`, /steps/],
  "a list that doubles": [
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
    /steps/,
  ],
  "a namespace within itself": ["{% set n = namespace(x=1) %}{% set n.x = n %}{{ n.x }}", /nested too deeply/],
};

for (const [what, [template, message]] of Object.entries(TOO_MUCH)) {
  Deno.test(`${what} ends with an error`, () => {
    const long = "x".repeat(100_000);
    assert.throws(
      () => render(template, { long }),
      (error) => error instanceof JinjaLimitError && message.test(error.message) || assert.fail(String(error)),
    );
  });
}

Deno.test("a conversation of thousands of long messages is rendered", () => {
  const template = "{% set n = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}" +
    "{% set n.last = loop.index0 %}{% endif %}{% endfor %}" +
    "{% for m in messages[0:] %}{% if loop.index0 <= n.last and '<think>' not in m.content %}" +
    "<|{{ m.role }}|>{{ m.content | trim + '\\n' }}{% if loop.index0 == messages | length - 1 %}end{% endif %}" +
    "{% endif %}{% endfor %}";
  const messages = Array.from(
    { length: 4000 },
    (_, i) => ({ role: ["user", "model"][i % 2], content: "word ".repeat(500) }),
  );
  const text = render(template, { messages });
  assert.ok(text.startsWith("<|user|>word word") && text.length > 4000 * 2000);
});

Deno.test("`renderJinja()` gives what the library gives", () => {
  const template = "{% for i in range(2, 9, 3) %}{{ i }},{% endfor %}{{ range(3) }}{{ 'a' ~ 1 + 2 }}{{ [1] + [2] }}" +
    "{{ 'b' in 'abc' and 2 not in [1] or none }}{{ undefined_name }}{{ none }}{{ {'a': 1} | tojson }}{{ x[1:] | join('-') }}";
  assert.equal(render(template, { x: [1, 2, 3] }), '2,5,8,[0, 1, 2]a12[1, 2]true{"a": 1}2-3');
  assert.throws(() => render("{{ range(1.5) }}"), /range\(\) takes one to three whole numbers/);
  assert.throws(() => render("{{ range(1, 2, 0) }}"), /step other than 0/);
  assert.equal(render("{{ range }}", { range: "from 1 to 2" }), "from 1 to 2");
});

Deno.test("a dialect decides what is printed, and has filters of its own", () => {
  const dialect: JinjaDialect = {
    print: (value, node) => `<${node.type} ${value.value}>`,
    filter: ({ name, operand, args, text, usual }) =>
      name === "twice" ? text(`${operand.value}${args()[0]!.value}${operand.value}`) : usual(),
  };
  assert.equal(
    render("{{ 'a' | twice(7) }}{{ 'b' | upper }}", {}, dialect),
    "<FilterExpression a7a><FilterExpression B>",
  );
});

Deno.test("`parseJinja()` says what is no template, and leaves line ends as it is told", () => {
  assert.throws(() => parseJinja("{% if %}"));
  assert.throws(() => parseJinja("{{ " + "(".repeat(100_000)), /nested too deeply/);
  const text = (trim: boolean, keepLastLineEnd: boolean) =>
    renderJinja(parseJinja("a\r\n {% if 1 %}\nb\n{% endif %}\n", { trim, keepLastLineEnd }), new Environment());
  assert.equal(text(false, true), "a\n \nb\n\n");
  assert.equal(text(false, false), "a\n \nb\n");
  assert.equal(text(true, true), "a\nb\n");
});
