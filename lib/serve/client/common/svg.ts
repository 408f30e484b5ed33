// Building SVG elements.

const NAMESPACE = "http://www.w3.org/2000/svg";

/** An SVG element with attributes and, if given, a text. */
export function svg(tag: string, attributes: Readonly<Record<string, string | number>>, text?: string): SVGElement {
  const element = document.createElementNS(NAMESPACE, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}
