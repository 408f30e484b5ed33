// TensorBoard's events: messages of event.proto and summary.proto, of which only these fields are used.
// https://github.com/tensorflow/tensorboard/tree/2.21.0/tensorboard/compat/proto
import { delimited, double, float, int64, joined } from "./protobuf.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What each file begins with. @param time in seconds since 1970, as of all events */
export const versionEvent = (time: number): Bytes => event(time, 0, delimited(3, "brain.Event:2"));

/** A point of a curve. It is stored as a 32-bit number, as TensorBoard does. */
export const scalarEvent = (tag: string, step: number, time: number, value: number): Bytes =>
  summary(tag, step, time, [float(2, value)]);

/** A text, which TensorBoard shows as Markdown. */
export function textEvent(tag: string, time: number, text: string): Bytes {
  const metadata = delimited(9, [delimited(1, [delimited(1, "text")])]);
  const shape = delimited(2, [delimited(2, [int64(1, 1)])]);
  const tensor = delimited(8, [int64(1, DT_STRING), shape, delimited(8, text)]);
  return summary(tag, 0, time, [metadata, tensor]);
}

/** Number of the type of strings in types.proto. */
const DT_STRING = 7;

function summary(tag: string, step: number, time: number, value: readonly Bytes[]): Bytes {
  return event(time, step, delimited(5, [delimited(1, [delimited(1, tag), ...value])]));
}

const event = (time: number, step: number, what: Bytes): Bytes => joined([double(1, time), int64(2, step), what]);
