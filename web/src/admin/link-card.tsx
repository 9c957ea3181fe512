import { useState } from 'preact/hooks';
import { CopyLine } from '../ui/copy.tsx';
import { useAction } from './action.ts';
import { Addresses } from './addresses.tsx';
import { useClient } from './client-context.ts';
import { Fault } from './fault.tsx';
import { Moment } from './moment.tsx';
import type { Link } from './objects.ts';

const lengths: [value: string, text: string][] = [
  ['1h', 'an hour'],
  ['24h', 'a day'],
  ['168h', 'a week'],
  ['720h', '30 days'],
];

/** Makes links that let people watch a stream for a while. */
export function LinkCard({ stream }: { stream: string }) {
  const client = useClient();
  const { busy, fault, run } = useAction();
  const [length, setLength] = useState(lengths[1]![0]);
  const [ip, setIP] = useState('');
  const [link, setLink] = useState<Link>();

  const make = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      const wanted = { type: 'link', expires_in: length, ...(ip.trim() ? { ip: ip.trim() } : {}) };
      setLink(await client.post<Link>(`/streams/${stream}/links`, wanted));
    });
  };
  return (
    <section class="card" aria-labelledby="link-title">
      <h2 id="link-title">Let somebody watch</h2>
      <form class="inline" onSubmit={make}>
        <label>
          For
          <select value={length} onChange={(event) => setLength(event.currentTarget.value)}>
            {lengths.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          Only from
          <input
            placeholder="any address"
            autocomplete="off"
            spellcheck={false}
            value={ip}
            onInput={(event) => setIP(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button main" disabled={busy}>
          Make a signed link
        </button>
      </form>
      <Fault text={fault} />
      <div role="status">
        {link && (
          <>
            <p>
              Whoever has it may watch until <Moment at={link.expires} />.
            </p>
            <CopyLine text={link.addresses.page} label="signed link" />
          </>
        )}
      </div>
      {link && (
        <details class="more-addresses">
          <summary>For players</summary>
          <Addresses of={link.addresses} />
        </details>
      )}
    </section>
  );
}
