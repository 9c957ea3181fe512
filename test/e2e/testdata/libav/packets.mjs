// packets.mjs FILE URL [OPTION=VALUE...]: writes into FILE each packet of a URL
// or file, and before the first of a stream what the stream is, a JSON object a
// line.
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { av, open, packets, run, seconds } from "./libav.mjs";

function describe(stream) {
  const p = stream.codecpar;
  return {
    stream: stream.index,
    track: stream.id, // as FLV has it
    kind: av.avGetMediaTypeString(p.codecType),
    codec: av.avGetCodecName(p.codecId),
    width: p.width,
    height: p.height,
    rate: p.sampleRate,
    channels: p.channels,
    config: p.extradata?.toString("hex") ?? "",
    tags: stream.metadata?.getAll() ?? {},
  };
}

run(async (file, url, ...options) => {
  const list = createWriteStream(file);
  const write = (value) => list.write(JSON.stringify(value) + "\n");
  const input = await open(url, Object.fromEntries(options.map((o) => o.split("="))));
  const seen = new Set();
  for await (const packet of packets(input)) {
    const stream = input.streams[packet.streamIndex];
    if (!seen.has(stream.index)) write(describe(stream));
    seen.add(stream.index);
    write({
      stream: stream.index,
      pts: seconds(packet.pts, stream.timeBase),
      dts: seconds(packet.dts, stream.timeBase),
      size: packet.size,
      key: packet.isKeyframe,
      hash: createHash("md5").update(packet.data ?? "").digest("hex"),
    });
  }
  await input.closeInput();
  list.end();
  await finished(list);
});
