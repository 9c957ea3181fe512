import { useEffect, useState } from 'preact/hooks';
import { CheckIcon, CopyIcon } from './icons.tsx';

/** A line of text to take away, with a button that does it. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState<boolean>();

  useEffect(() => {
    if (copied === undefined) return;
    const timer = setTimeout(() => setCopied(undefined), 2000);
    return () => clearTimeout(timer);
  }, [copied]);

  return (
    <div class="copyline">
      <code>{text}</code>
      <button
        type="button"
        class={copied ? 'copy done' : 'copy'}
        aria-label={`Copy ${label}`}
        title={`Copy ${label}`}
        onClick={async () => setCopied(await copy(text))}
      >
        {copied ? <CheckIcon /> : <CopyIcon />}
        <span role="status">{copied === undefined ? 'Copy' : copied ? 'Copied' : 'Select it by hand'}</span>
      </button>
    </div>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // The clipboard is for https pages only; a server on the local network is mostly opened by plain http.
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.className = 'offscreen';
  area.readOnly = true;
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
