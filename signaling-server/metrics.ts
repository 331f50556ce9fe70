type Labels = Readonly<Record<string, string>>;

type Samples = Iterable<readonly [labels: string, value: number]>;

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  samples(): Samples | Promise<Samples>;
}

/** A number that only grows, apart for each set of label values. */
export class Counter {
  readonly #values = new Map<string, number>();

  add(amount = 1, labels: Labels = {}): void {
    const key = formatLabels(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  samples(): Samples {
    return this.#values.size > 0 ? this.#values : [['', 0]];
  }
}

/** What `/metrics` tells. Label values are the server's own words, never a client's: their number stays bounded. */
export class Metrics {
  readonly #metrics: Metric[] = [];

  counter(name: string, help: string): Counter {
    const counter = new Counter();
    this.#metrics.push({ name, type: 'counter', help, samples: () => counter.samples() });
    return counter;
  }

  /** A number that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    this.#metrics.push({ name, type: 'gauge', help, samples: async () => [['', await read()]] });
  }

  /** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
  async format(): Promise<string> {
    const lines: string[] = [];
    for (const { name, type, help, samples } of this.#metrics) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const [labels, value] of await samples()) lines.push(`${name}${labels} ${value}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}
