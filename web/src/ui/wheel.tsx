/** Millrace's mark: the wheel in its race. It turns where something is under way, unless the viewer wants less motion. */
export function Wheel({ turning = false }: { turning?: boolean }) {
  return (
    <svg class={turning ? 'wheel turning' : 'wheel'} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <g class="rotor">
        <circle cx="16" cy="14" r="7.4" />
        {[0, 45, 90, 135, 180, 225, 270, 315].map((angle) => (
          <path key={angle} d="M16 6.6l3.4-4.4" transform={`rotate(${angle} 16 14)`} />
        ))}
        <path class="spokes" d="M16 6.6v14.8M8.6 14h14.8M10.8 8.8l10.4 10.4M21.2 8.8l-10.4 10.4" />
        <circle class="hub" cx="16" cy="14" r="2.3" />
      </g>
      <path d="M2.5 28.2c3.4-2.8 5.6-2.8 9 0s5.6 2.8 9 0 5.6-2.8 9 0" />
    </svg>
  );
}
