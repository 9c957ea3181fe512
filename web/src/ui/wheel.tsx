/** The mill wheel: Millrace's mark. It turns where something is under way, unless the viewer asked for less motion. */
export function Wheel({ turning = false }: { turning?: boolean }) {
  const paddles = [];
  for (let i = 0; i < 8; i++) {
    paddles.push(<path key={i} d="M16 1.5v5.6M16 10.5v3" transform={`rotate(${i * 45} 16 16)`} />);
  }
  return (
    <svg class={turning ? 'wheel turning' : 'wheel'} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <circle cx="16" cy="16" r="8.9" />
      <circle class="hub" cx="16" cy="16" r="2" />
      {paddles}
    </svg>
  );
}
