import { useState } from 'preact/hooks';
import { useAction } from './action.ts';
import { useClient } from './client-context.ts';
import { Confirm } from './confirm.tsx';
import { DeadLetters } from './dead-letters.tsx';
import { Fault } from './fault.tsx';
import type { Tried, Webhook } from './objects.ts';

/** One address that gets events: tried out, stopped, deleted; and what it did not take. */
export function WebhookCard({ webhook, onChange }: { webhook: Webhook; onChange: () => void }) {
  const client = useClient();
  const { busy, fault, run } = useAction();
  const [tried, setTried] = useState<Tried>();
  const path = `/webhooks/${webhook.id}`;
  const test = () =>
    run(async () => {
      setTried(undefined);
      setTried(await client.post<Tried>(`${path}/test`));
    });
  const able = () => run(() => client.patch(path, webhook.revision, { disabled: !webhook.disabled })).then(onChange);
  const remove = () => run(() => client.remove(path)).then(onChange);

  return (
    <section class="card" aria-label={`Webhook ${webhook.url}`}>
      <div class="bar">
        <div>
          <strong class="address">{webhook.url}</strong>
          <small class="quiet">
            {[webhook.label, webhook.types?.join(', ') || 'all events', webhook.disabled && 'disabled'].filter(Boolean).join(' · ')}
          </small>
        </div>
        {webhook.managed === 'config' && <span class="quiet">from the config file</span>}
        <div class="row">
          <button type="button" class="button" disabled={busy} aria-label={`Test ${webhook.url}`} onClick={() => void test()}>
            Test
          </button>
          {webhook.managed !== 'config' && (
            <>
              <button
                type="button"
                class="button"
                disabled={busy}
                aria-label={`${webhook.disabled ? 'Enable' : 'Disable'} ${webhook.url}`}
                onClick={() => void able()}
              >
                {webhook.disabled ? 'Enable' : 'Disable'}
              </button>
              <Confirm
                action="Delete"
                of={`webhook ${webhook.url}`}
                question="What waits for it is dropped."
                busy={busy}
                onConfirm={() => void remove()}
              />
            </>
          )}
        </div>
      </div>
      <Fault text={fault} />
      <p role="status">{tried && outcome(tried)}</p>
      <DeadLetters webhook={webhook.id} />
    </section>
  );
}

function outcome({ delivered, status, problem, seconds }: Tried): string {
  if (delivered) return `It took the event in ${seconds} s${status ? ` and answered ${status}` : ''}.`;
  return `It did not take the event: ${problem || `it answered ${status}`}.`;
}
