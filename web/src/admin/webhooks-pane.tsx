import { useState } from 'preact/hooks';
import { useAction } from './action.ts';
import { useClient } from './client-context.ts';
import { Fault } from './fault.tsx';
import type { Webhook } from './objects.ts';
import { useResource } from './resource.ts';
import { Secret } from './secret.tsx';
import { WebhookCard } from './webhook-card.tsx';

/** Where events are delivered to. */
export function WebhooksPane() {
  const client = useClient();
  const { body, fault, reload } = useResource<{ webhooks: Webhook[] }>('/webhooks');
  const action = useAction();
  const [url, setURL] = useState('');
  const [types, setTypes] = useState('');
  const [made, setMade] = useState<Webhook>();

  const create = (event: Event) => {
    event.preventDefault();
    const wanted = types.split(/[\s,]+/).filter(Boolean);
    void action.run(async () => {
      setMade(await client.post<Webhook>('/webhooks', { url: url.trim(), ...(wanted.length ? { types: wanted } : {}) }));
      setURL('');
      setTypes('');
      reload();
    });
  };
  return (
    <>
      <div class="bar">
        <h1>Webhooks</h1>
      </div>
      <Fault text={fault} />
      <section class="card">
        <h2>New webhook</h2>
        <form class="inline" onSubmit={create}>
          <label class="wide">
            Address
            <input
              type="url"
              required
              placeholder="https://ops.example.com/millrace"
              value={url}
              onInput={(event) => setURL(event.currentTarget.value)}
            />
          </label>
          <label>
            Events
            <input
              placeholder="all, or stream.*"
              autocapitalize="none"
              spellcheck={false}
              value={types}
              onInput={(event) => setTypes(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="button main" disabled={action.busy}>
            Create
          </button>
        </form>
        <Fault text={action.fault} />
        <div role="status">{made?.secret && <Secret name={`Secret that signs what goes to ${made.url}`} text={made.secret} />}</div>
      </section>
      {body?.webhooks.map((webhook) => <WebhookCard key={webhook.id} webhook={webhook} onChange={reload} />)}
      {body?.webhooks.length === 0 && <p class="quiet center">Events are delivered nowhere yet.</p>}
    </>
  );
}
