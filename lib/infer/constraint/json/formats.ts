// The values of the keyword `format` as regular expressions, which match the whole string.

const YEAR = "\\d{4}";
const LEAP_YEAR = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
const DATE = `(?:${YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)` +
  `|02-(?:0[1-9]|1\\d|2[0-8]))|${LEAP_YEAR}-02-29)`;
const TIME = "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
const NAME = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*";
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const GROUP = "[0-9A-Fa-f]{1,4}";

/** IPv6 without IPv4 at its end: all eight groups, or `::` for at least one that is zero. */
const IPV6 = [
  `(?:${GROUP}:){7}${GROUP}`,
  ...Array.from({ length: 8 }, (_, before) => {
    const head = before === 0 ? "" : `${GROUP}(?::${GROUP}){${before - 1}}`;
    const most = 7 - before;
    return `${head}::${most === 0 ? "" : `(?:${GROUP}(?::${GROUP}){0,${most - 1}})?`}`;
  }),
].join("|");

/** ISO 8601, in whole numbers of up to six digits: weeks, or a date part, a time part, or both. */
const DURATION = (() => {
  const amount = (unit: string) => `\\d{1,6}${unit}`;
  const chain = ([unit, ...rest]: readonly string[]): string =>
    rest.length === 0 ? amount(unit!) : `(?:${amount(unit!)}(?:${chain(rest)})?|${chain(rest)})`;
  const [date, time] = [chain(["Y", "M", "D"]), `T${chain(["H", "M", "S"])}`];
  return `P(?:${amount("W")}|${date}(?:${time})?|${time})`;
})();

/** Each one matches only strings that the format allows, and may leave out rare forms, such as leap seconds. */
export const FORMATS: Readonly<Record<string, string>> = {
  "date": DATE,
  "time": TIME,
  "date-time": `${DATE}T${TIME}`,
  "duration": DURATION,
  "email": `[A-Za-z0-9_+-]+(?:\\.[A-Za-z0-9_+-]+)*@(?:${NAME}\\.)+[A-Za-z]{2,24}`,
  "hostname": `${LABEL}(?:\\.${LABEL}){0,3}`,
  "ipv4": `${OCTET}(?:\\.${OCTET}){3}`,
  "ipv6": IPV6,
  "uri": `[A-Za-z][A-Za-z0-9+.-]{0,15}://${NAME}(?:\\.${NAME})*(?::\\d{1,4})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]*)*` +
    "(?:\\?[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?(?:#[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?",
  "uuid": "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
};
