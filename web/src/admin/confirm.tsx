import { useEffect, useRef, useState } from 'preact/hooks';

interface ConfirmProps {
  /** What the button says: "Revoke". */
  action: string;
  /** What it is about, for those who hear the button alone: "key of the studio". */
  of: string;
  /** What will happen. */
  question: string;
  busy: boolean;
  onConfirm: () => void;
}

/** A button for what cannot be undone: it asks once more, in its own place. */
export function Confirm({ action, of, question, busy, onConfirm }: ConfirmProps) {
  const [asking, setAsking] = useState(false);
  const sure = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asking) sure.current?.focus();
  }, [asking]);
  if (!asking) {
    return (
      <button type="button" class="button grave" aria-label={`${action} ${of}`} disabled={busy} onClick={() => setAsking(true)}>
        {action}
      </button>
    );
  }
  return (
    <span class="confirm" role="group" aria-label={`${action} ${of}?`} onKeyDown={({ key }) => key === 'Escape' && setAsking(false)}>
      <span>{question}</span>
      <button
        ref={sure}
        type="button"
        class="button grave solid"
        disabled={busy}
        onClick={() => {
          setAsking(false);
          onConfirm();
        }}
      >
        {action}
      </button>
      <button type="button" class="button" onClick={() => setAsking(false)}>
        Cancel
      </button>
    </span>
  );
}
