import type { Metrics } from '../../runtime/metrics.ts';

export interface RequestMetrics {
  started(): void;
  ended(outcome: RequestOutcome): void;
}

export interface RequestOutcome {
  readonly operation: string;
  /** 499 when the client left before the answer. */
  readonly status: number;
  readonly seconds: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function requestMetrics(metrics: Metrics): RequestMetrics {
  const requests = metrics.counter('strait_http_requests_total', 'Requests answered, by API method and status code.');
  const seconds = metrics.histogram('strait_http_request_seconds', 'Time from request head to end of answer.', SECONDS);
  const received = metrics.counter('strait_http_received_bytes_total', 'Bytes of request bodies.');
  const sent = metrics.counter('strait_http_sent_bytes_total', 'Bytes of answer bodies.');
  const inFlight = metrics.gauge('strait_http_requests_in_flight', 'Requests being answered now.');
  let current = 0;
  return {
    started() {
      current += 1;
      inFlight.set(current);
    },
    ended(outcome) {
      current -= 1;
      inFlight.set(current);
      const labels = { operation: outcome.operation };
      requests.add(1, { operation: outcome.operation, code: String(outcome.status) });
      seconds.observe(outcome.seconds, labels);
      if (outcome.bytesIn > 0) received.add(outcome.bytesIn, labels);
      if (outcome.bytesOut > 0) sent.add(outcome.bytesOut, labels);
    },
  };
}
