import { useState } from 'preact/hooks';
import { useAction } from './action.ts';
import { useClient } from './client-context.ts';
import { Confirm } from './confirm.tsx';
import { Fault } from './fault.tsx';
import { Moment } from './moment.tsx';
import type { Key } from './objects.ts';
import { useResource } from './resource.ts';
import { Secret } from './secret.tsx';

/** How often the last uses are looked at, in ms. */
const interval = 10_000;

/** The keys of a stream: made, replaced, revoked. */
export function KeysCard({ stream }: { stream: string }) {
  const client = useClient();
  const { body, fault, reload } = useResource<{ keys: Key[] }>(`/streams/${stream}/keys`, interval);
  const action = useAction();
  const [made, setMade] = useState<Key>();
  const [label, setLabel] = useState('');
  const [once, setOnce] = useState(false);

  const create = (event: Event) => {
    event.preventDefault();
    void action.run(async () => {
      setMade(await client.post<Key>(`/streams/${stream}/keys`, { ...(label.trim() ? { label: label.trim() } : {}), once }));
      setLabel('');
      reload();
    });
  };
  const rotate = (key: Key) =>
    action.run(async () => {
      setMade(await client.post<Key>(`/keys/${key.id}/rotate`, {}));
      reload();
    });
  const show = (key: Key) =>
    action.run(async () => {
      setMade(await client.post<Key>(`/keys/${key.id}/show`));
      reload();
    });
  const revoke = (key: Key) =>
    action.run(async () => {
      await client.remove(`/keys/${key.id}`);
      if (made?.id === key.id) setMade(undefined);
      reload();
    });

  return (
    <section class="card" aria-labelledby="keys-title">
      <h2 id="keys-title">Stream keys</h2>
      <div role="status">
        {made?.key && <Secret name={made.label ? `New stream key, ${made.label}` : 'New stream key'} text={made.key} />}
      </div>
      <Fault text={action.fault ?? fault} />
      <ul class="rows">
        {body?.keys.map((key) => (
          <li key={key.id}>
            <div>
              <strong>{key.label || key.id}</strong>
              <small class="quiet">
                <State of={key} />
              </small>
            </div>
            {key.managed === 'config' ? (
              <span class="quiet">from the config file</span>
            ) : (
              <div class="row">
                {key.unseen && (
                  <button
                    type="button"
                    class="button"
                    disabled={action.busy}
                    aria-label={`Show key ${key.label || key.id}`}
                    title="It was made because the one before grew old"
                    onClick={() => void show(key)}
                  >
                    Show
                  </button>
                )}
                <button
                  type="button"
                  class="button"
                  disabled={action.busy || !!key.spent}
                  aria-label={`Replace key ${key.label || key.id}`}
                  title="Makes a new one; the old one is good for a day still"
                  onClick={() => void rotate(key)}
                >
                  Replace
                </button>
                <Confirm
                  action="Revoke"
                  of={`key ${key.label || key.id}`}
                  question="Who sends with it is sent away."
                  busy={action.busy}
                  onConfirm={() => void revoke(key)}
                />
              </div>
            )}
          </li>
        ))}
      </ul>
      {body?.keys.length === 0 && <p class="quiet">Nobody can send this stream: it has no key.</p>}
      <form class="inline" onSubmit={create}>
        <label>
          Label of a new key
          <input autocomplete="off" placeholder="studio" value={label} onInput={(event) => setLabel(event.currentTarget.value)} />
        </label>
        <label class="check">
          <input type="checkbox" checked={once} onChange={(event) => setOnce(event.currentTarget.checked)} />
          For one broadcast
        </label>
        <button type="submit" class="button main" disabled={action.busy}>
          Create a key
        </button>
      </form>
    </section>
  );
}

/** What a key is for, and when it was used last. */
function State({ of: key }: { of: Key }) {
  const use = key.last_use;
  return (
    <>
      {key.spent ? (
        <>
          spent <Moment at={key.spent} />
        </>
      ) : use ? (
        <>
          used <Moment at={use.at} /> {[use.encoder, use.address].filter(Boolean).join(', ')}
        </>
      ) : (
        'never used'
      )}
      {key.expires && (
        <>
          {' '}
          · until <Moment at={key.expires} />
        </>
      )}
      {key.once && ' · for one broadcast'}
      {key.rehearsal && ' · for rehearsals'}
      {key.sent_plain && ' · was sent without TLS'}
      {key.addresses?.length ? ` · from ${key.addresses.join(', ')}` : ''}
    </>
  );
}
