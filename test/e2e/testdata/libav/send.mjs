// send.mjs FORMAT TARGET FILE: every packet of every stream of FILE goes to
// TARGET as it is, in real time if that is a URL.
import { av, check, open, packets, run, seconds } from "./libav.mjs";

run(async (format, target, file) => {
  const input = await open(file);
  const output = new av.FormatContext();
  check(output.allocOutputContext2(null, format, target), `make ${format}`);
  for (const from of input.streams) {
    const to = output.newStream(null);
    check(from.codecpar.copy(to.codecpar), "copy a stream's parameters");
    to.codecpar.codecTag = 0; // the format has a tag of its own
    to.timeBase = from.timeBase;
    to.metadata = from.metadata;
  }
  output.url = target;
  check(await output.openOutput(), `open ${target}`);
  check(await output.writeHeader(null), "write the header");

  const live = target.includes("://");
  const start = Date.now();
  let first = null;
  for await (const packet of packets(input)) {
    const from = input.streams[packet.streamIndex];
    const to = output.streams[packet.streamIndex];
    const at = seconds(packet.dts, from.timeBase);
    first ??= at;
    const early = (at - first) * 1000 - (Date.now() - start);
    if (live && early > 0) await new Promise((go) => setTimeout(go, early));
    packet.rescaleTs(from.timeBase, to.timeBase);
    packet.pos = -1n;
    check(await output.interleavedWriteFrame(packet), "write a packet");
  }
  check(await output.writeTrailer(), "write the trailer");
  await output.closeOutput();
  await input.closeInput();
});
