import { useEffect, useRef, useState } from 'preact/hooks';
import { useAction } from './action.ts';
import { admits } from './client.ts';
import { Fault } from './fault.tsx';

interface SignInProps {
  onToken: (token: string) => void;
  onCancel: () => void;
}

const unknown = 'Nobody has this token: it is mistyped, expired or revoked.';
const needed = 'A token is needed: the server does not trust the machine that you are on.';

/** Asks for a token of the API. */
export function SignIn({ onToken, onCancel }: SignInProps) {
  const { busy, fault, run } = useAction();
  const [token, setToken] = useState('');
  const [wrong, setWrong] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);

  const signIn = (event: Event) => {
    event.preventDefault();
    setWrong(undefined);
    void run(async () => {
      if (await admits(token.trim())) onToken(token.trim());
      else setWrong(token.trim() ? unknown : needed);
    });
  };
  return (
    <section class="card sign-in" aria-labelledby="sign-in-title">
      <h2 id="sign-in-title">Sign in</h2>
      <form onSubmit={signIn}>
        <label>
          API token
          <input
            ref={field}
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={token}
            aria-describedby="token-hint"
            aria-invalid={!!wrong}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p id="token-hint" class="quiet">
          The first one is in <code>admin.token</code> in the server's data folder. It stays in this tab until you close it.
          Where the server trusts its own machine, none is needed there.
        </p>
        <div class="row">
          <button type="submit" class="button main" disabled={busy}>
            Sign in
          </button>
          <button type="button" class="button" onClick={onCancel}>
            Cancel
          </button>
        </div>
      </form>
      <Fault text={wrong ?? fault} />
    </section>
  );
}
