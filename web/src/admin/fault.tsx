/** What went wrong, for eyes and screen readers. */
export function Fault({ text }: { text: string | undefined }) {
  return <div role="alert">{text && <p class="refusal">{text}</p>}</div>;
}
