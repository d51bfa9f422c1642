// The histogram of request times, in the text format of Prometheus.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RequestDurations } from '../../../src/server/request-durations.ts';

const NAME = 'xqueue_http_request_duration_seconds';

describe('request durations', () => {
  it('count a request in every bucket that is wide enough', () => {
    const durations = new RequestDurations();
    const observe = durations.of('GET', '/a/{id}');
    observe(200, 0.5);
    observe(200, 7);
    observe(200, 90_000);
    const counts = linesOf(durations).filter((line) => line.includes('_bucket{'));
    const labels = 'method="GET",path="/a/{id}",status="200"';
    assert.equal(counts.length, 15);
    assert.equal(counts[0], `${NAME}_bucket{le="0.0005",${labels}} 1`);
    assert.equal(counts[3], `${NAME}_bucket{le="0.005",${labels}} 1`);
    assert.equal(counts[4], `${NAME}_bucket{le="0.01",${labels}} 2`);
    assert.equal(counts[13], `${NAME}_bucket{le="60",${labels}} 2`);
    assert.equal(counts[14], `${NAME}_bucket{le="+Inf",${labels}} 3`);
  });

  it('sum up and count what each route answered with each status', () => {
    const durations = new RequestDurations();
    const submit = durations.of('POST', '/a');
    submit(201, 250);
    submit(201, 500);
    submit(400, 1_000);
    durations.of('GET', '/a')(200, 2_000);
    assert.deepEqual(
      linesOf(durations).filter((line) => !line.includes('_bucket{')),
      [
        `# HELP ${NAME} Time from the request to the end of its answer`,
        `# TYPE ${NAME} histogram`,
        `${NAME}_sum{method="POST",path="/a",status="201"} 0.75`,
        `${NAME}_count{method="POST",path="/a",status="201"} 2`,
        `${NAME}_sum{method="POST",path="/a",status="400"} 1`,
        `${NAME}_count{method="POST",path="/a",status="400"} 1`,
        `${NAME}_sum{method="GET",path="/a",status="200"} 2`,
        `${NAME}_count{method="GET",path="/a",status="200"} 1`,
      ],
    );
  });
});

function linesOf(durations: RequestDurations): string[] {
  const text = durations.render();
  assert.ok(text.endsWith('\n'));
  return text.slice(0, -1).split('\n');
}
