import { CopyLine } from '../ui/copy.tsx';

/** What to type into the two encoders that nearly everybody uses. */
export function SendGuide({ ingest }: { ingest: string }) {
  const command = `ffmpeg -re -i video.mp4 -c:v libx264 -g 60 -c:a aac -f flv ${ingest}/KEY`;
  return (
    <div class="guide">
      <section class="card">
        <h2>OBS Studio</h2>
        <ol>
          <li>
            Open <b>Settings → Stream</b> and choose the service <b>Custom…</b>
          </li>
          <li>
            Server
            <CopyLine text={ingest} label="server address" />
          </li>
          <li>
            Stream key: the one that the terminal showed when the server was first started, or that is in{' '}
            <code>first-key.txt</code> in its data folder.
          </li>
          <li>
            <b>Start Streaming.</b>
          </li>
        </ol>
      </section>
      <section class="card">
        <h2>FFmpeg</h2>
        <ol>
          <li>
            With the same key in the place of <code>KEY</code>:
            <CopyLine text={command} label="command" />
          </li>
          <li>
            H.264 with AAC already? Then <code>-c copy</code> instead of the codecs costs no work.
          </li>
          <li>
            Started with <code>--open</code>, the server takes any name in the place of the key.
          </li>
        </ol>
      </section>
    </div>
  );
}
