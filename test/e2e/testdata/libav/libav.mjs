// What the programs here have in common: libav's functions, from the folder
// that LIBAV names, with errors as exceptions.

// Node 20 has none; without it libav's binding silently yields no packets.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
};

const folder = process.env.LIBAV;
if (!folder) {
  console.error("LIBAV must name the folder of node-av's modules");
  process.exit(2);
}
export const av = await import(`${folder}/node-av/dist/lib/index.js`);
export const c = await import(`${folder}/node-av/dist/constants/constants.js`);

// check turns a negative result into an exception that says what was tried.
export function check(result, what) {
  av.FFmpegError.throwIfError(result, what);
  return result;
}

// open opens a URL or file for reading and finds its streams. Of a live
// stream, a second or two are read for that; none of it is lost. What a server
// does not have yet is asked for again, for half a minute.
export async function open(url, options = {}) {
  for (let tries = 300; ; tries--) {
    const input = new av.FormatContext();
    input.allocContext();
    av.Log.setLevel(c.AV_LOG_FATAL); // quiet about what is not there yet
    const result = await input.openInput(url, null, av.Dictionary.fromObject(options));
    if (result === c.AVERROR_HTTP_NOT_FOUND && tries > 0) {
      await new Promise((go) => setTimeout(go, 100));
      continue;
    }
    av.Log.setLevel(c.AV_LOG_WARNING);
    check(result, `open ${url}`);
    check(await input.findStreamInfo(null), `find the streams of ${url}`);
    return input;
  }
}

// packets yields one packet after the other, each valid until the next.
export async function* packets(input) {
  const packet = new av.Packet();
  packet.alloc();
  for (;;) {
    const result = await input.readFrame(packet);
    if (result === c.AVERROR_EOF) break;
    check(result, "read a packet");
    yield packet;
    packet.unref();
  }
  packet.free();
}

// seconds says a time in a stream's unit in seconds, null if there is none.
export function seconds(time, base) {
  return time === c.AV_NOPTS_VALUE ? null : (Number(time) * base.num) / base.den;
}

// run ends the program with the words of what went wrong, if something does.
export async function run(main) {
  try {
    await main(...process.argv.slice(2));
  } catch (err) {
    console.error(err.message);
    process.exitCode = 1;
  }
}
