// packets.mjs URL: prints the streams of a URL or file and then each packet,
// a JSON object a line.
import { createHash } from "node:crypto";
import { av, check, c, open, packets, run, seconds } from "./libav.mjs";

run(async (url) => {
  const input = await open(url);
  for (const stream of input.streams) {
    const p = stream.codecpar;
    const kind = av.avGetMediaTypeString(p.codecType);
    console.log(JSON.stringify({
      stream: stream.index,
      kind,
      codec: av.avGetCodecName(p.codecId),
      width: p.width,
      height: p.height,
      rate: p.sampleRate,
      channels: p.channels,
      config: p.extradata?.toString("hex") ?? "",
      tags: stream.metadata?.getAll() ?? {},
    }));
  }
  for await (const packet of packets(input)) {
    const stream = input.streams[packet.streamIndex];
    console.log(JSON.stringify({
      stream: packet.streamIndex,
      pts: seconds(packet.pts, stream.timeBase),
      dts: seconds(packet.dts, stream.timeBase),
      size: packet.size,
      key: packet.isKeyframe,
      hash: createHash("md5").update(packet.data ?? "").digest("hex"),
    }));
  }
  await input.closeInput();
});
