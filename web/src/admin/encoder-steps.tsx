import { CopyLine } from '../ui/copy.tsx';
import { Secret } from './secret.tsx';

interface EncoderStepsProps {
  server: string;
  /** The same inside TLS, where that is served. */
  secure?: string | undefined;
  streamKey: string;
}

/** How OBS is told to send a stream, with its new key. */
export function EncoderSteps({ server, secure, streamKey }: EncoderStepsProps) {
  return (
    <ol class="steps">
      <li>
        In OBS Studio open <b>Settings → Stream</b> and choose the service <b>Custom…</b>
      </li>
      <li>
        Server
        <CopyLine text={server} label="server address" />
        {secure && (
          <>
            <p class="quiet">Or encrypted, where the server's certificate is one that OBS trusts:</p>
            <CopyLine text={secure} label="encrypted server address" />
          </>
        )}
      </li>
      <li>
        <Secret name="Stream key" text={streamKey} />
      </li>
      <li>
        <b>Start Streaming.</b>
      </li>
    </ol>
  );
}
