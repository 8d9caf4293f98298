export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="8" fill="#0f5f5c" />
      <g stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
        <path d="M8.5 14v4M13.5 10v12M18.5 7v18M23.5 12.5v7" />
      </g>
    </svg>
  );
}
