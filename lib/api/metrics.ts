// What the API counts and times, in the text format of Prometheus.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Generation } from "../infer/mod.ts";
import type { ModelRegistry } from "./registry.ts";

/** The metrics of one server. */
export interface Metrics {
  /** A request was answered; streams are, once they end. @param route its pattern, such as `/v1/completions` */
  answered(route: string, status: number, seconds: number): void;
  /** The first token of a request came. */
  firstToken(model: string, seconds: number): void;
  /** A text is complete. */
  generated(model: string, generation: Generation): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** From 5 ms to 80 s. */
const BUCKETS = Array.from({ length: 15 }, (_, i) => 0.005 * 2 ** i);

export function createMetrics(models: ModelRegistry): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `stitchbook_${name}`, help, labelNames, registers });
  const timer = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Histogram({ name: `stitchbook_${name}`, help, labelNames, registers, buckets: BUCKETS });
  const requests = counter("requests_total", "Answered requests", ["route", "status"]);
  const durations = timer("request_duration_seconds", "Time until a request is answered in full", ["route"]);
  const firsts = timer("time_to_first_token_seconds", "Time until the first token of a request", ["model"]);
  const prompts = counter("prompt_tokens_total", "Tokens of prompts", ["model"]);
  const cached = counter("cached_tokens_total", "Tokens of prompts that were in the cache", ["model"]);
  const generated = counter("generated_tokens_total", "Generated tokens", ["model"]);
  const texts = counter("texts_total", "Texts that ended, by the reason", ["model", "finish"]);
  for (const state of ["running", "waiting"] as const) {
    new Gauge({
      name: `stitchbook_texts_${state}`,
      help: state === "running" ? "Texts in progress" : "Texts that wait for a place",
      labelNames: ["model"],
      registers,
      collect() {
        this.reset();
        for (const [name, { engine }] of models.loaded()) this.set({ model: name }, engine.load[state]);
      },
    });
  }
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of the process",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  return {
    answered(route, status, seconds) {
      requests.inc({ route, status: String(status) });
      durations.observe({ route }, seconds);
    },
    firstToken: (model, seconds) => firsts.observe({ model }, seconds),
    generated(model, { promptTokens, cachedTokens, generatedTokens, finish }) {
      prompts.inc({ model }, promptTokens);
      cached.inc({ model }, cachedTokens);
      generated.inc({ model }, generatedTokens);
      texts.inc({ model, finish });
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
