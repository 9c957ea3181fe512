import { useState } from 'preact/hooks';
import { CopyLine } from '../ui/copy.tsx';
import { type Answer, canvases, ladderPath, machines, outcome, question, rates, type Wish } from './ladder.ts';

/** For whoever sends the stream: how OBS makes several qualities of it. */
export function LadderGuide({ name }: { name: string }) {
  const [wish, setWish] = useState<Wish>({ key: '', machine: 0, canvas: canvases[0]!, rate: rates[0]! });
  const [result, setResult] = useState<{ text?: string; refusal?: string }>();
  const set = (change: Partial<Wish>) => setWish((before) => ({ ...before, ...change }));
  const path = ladderPath(name);

  const ask = async (event: Event) => {
    event.preventDefault();
    try {
      const response = await fetch(path, {
        method: 'POST',
        cache: 'no-store',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(question(name, wish)),
        signal: AbortSignal.timeout(5000),
      });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      setResult(outcome((await response.json()) as Answer));
    } catch {
      setResult({ refusal: 'The server did not answer. Try again.' });
    }
  };

  return (
    <details class="card ladder">
      <summary>Send it in several qualities with OBS</summary>
      <p class="quiet">
        With <b>Enhanced Broadcasting</b> OBS makes all qualities itself, and viewers get the best that their connection
        bears.
      </p>
      <form onSubmit={ask}>
        <label>
          Stream key
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={wish.key}
            onInput={(event) => set({ key: event.currentTarget.value })}
          />
        </label>
        <Select
          label="Encoder"
          options={machines.map((machine, i) => [String(i), machine.name])}
          value={String(wish.machine)}
          onChange={(machine) => set({ machine: Number(machine) })}
        />
        <Select
          label="Picture"
          options={canvases.map((canvas) => [canvas, canvas.replace('x', '×')])}
          value={wish.canvas}
          onChange={(canvas) => set({ canvas })}
        />
        <Select
          label="Frames a second"
          options={rates.map((rate) => [rate, rate])}
          value={wish.rate}
          onChange={(rate) => set({ rate })}
        />
        <button type="submit" class="ask">
          Make the settings
        </button>
      </form>
      <div role="status">
        {result?.refusal && <p class="refusal">{result.refusal}</p>}
        {result?.text && (
          <>
            <p>
              In OBS 32.1 and later: <b>Settings → Stream</b>, service <b>Custom…</b>, tick <b>Multitrack Video</b> and{' '}
              <b>Config Override</b>, and paste this. Server and stream key stay as they are.
            </p>
            <CopyLine text={result.text} label="settings for OBS" />
          </>
        )}
      </div>
      <p class="quiet">
        OBS 30.2 to 32.1 can ask by itself: start it with <code>--config-url</code> and this address.
      </p>
      <CopyLine text={`${location.origin}${path}`} label="address for OBS" />
    </details>
  );
}

interface SelectProps {
  label: string;
  options: [value: string, text: string][];
  value: string;
  onChange: (value: string) => void;
}

function Select({ label, options, value, onChange }: SelectProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
