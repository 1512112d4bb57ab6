/** Where measurements come from: two text endpoints in the Prometheus exposition format. */

export interface MetricsScrape {
  /** Gateway metrics ("Prometheus A"), null when the endpoint did not answer. */
  readonly functionMetrics: string | null;
  /** Container metrics ("Prometheus B"), null when the endpoint did not answer. */
  readonly containerMetrics: string | null;
}

export interface MetricsEndpoint {
  scrape(): Promise<MetricsScrape>;
}
