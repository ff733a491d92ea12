/** One series as Prometheus's remote write takes it: labels with `__name__`, samples from old to new. */
export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, value. */
  readonly samples: readonly (readonly [time: number, value: number])[];
}

/** Sends series over remote write 1.0 (prometheus prompb/remote.proto); rejects with what the receiver says. */
export async function remoteWrite(url: string, series: readonly WrittenSeries[]): Promise<void> {
  const body = snappy(Buffer.concat(series.map((one) => field(1, encode(one)))));
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-encoding": "snappy", "content-type": "application/x-protobuf" },
    body: new Uint8Array(body),
  });
  if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
}

function encode({ labels, samples }: WrittenSeries): Buffer {
  const sorted = Object.entries(labels)
    .filter(([, value]) => value !== "")
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([
    ...sorted.map(([name, value]) => field(1, Buffer.concat([field(1, name), field(2, value)]))),
    ...samples.map((sample) => field(2, encodeSample(sample))),
  ]);
}

function encodeSample([time, value]: readonly [number, number]): Buffer {
  const double = Buffer.alloc(9);
  double[0] = (1 << 3) | 1;
  double.writeDoubleLE(value, 1);
  return Buffer.concat([double, Buffer.from([2 << 3]), varint(Math.round(time * 1000))]);
}

/** A length-delimited field. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

/** Snappy's block format with nothing compressed: the length, then literals of up to 64 KiB. */
function snappy(content: Buffer): Buffer {
  const parts: Buffer[] = [varint(content.length)];
  for (let at = 0; at < content.length; at += 65_536) {
    const part = content.subarray(at, at + 65_536);
    const header = Buffer.from([61 << 2, 0, 0]);
    header.writeUInt16LE(part.length - 1, 1);
    parts.push(header, part);
  }
  return Buffer.concat(parts);
}
