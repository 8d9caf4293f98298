import { classes } from './classes.ts';

type SwitchProps = {
  label: string;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
  hidesLabel?: boolean;
};

export function Switch({ label, checked, disabled = false, onChange, hidesLabel = false }: SwitchProps) {
  return (
    <label
      className={classes(
        'inline-flex items-center gap-2.5',
        disabled ? 'cursor-not-allowed opacity-60' : 'cursor-pointer',
      )}
    >
      <button
        type="button"
        role="switch"
        aria-checked={checked}
        disabled={disabled}
        onClick={() => onChange(!checked)}
        aria-label={label}
        className={classes(
          'relative h-5 w-9 shrink-0 rounded-full transition-colors duration-150',
          checked ? 'bg-accent' : 'bg-line-strong',
        )}
      >
        <span
          className={classes(
            'absolute top-0.5 left-0.5 size-4 rounded-full bg-surface shadow-sm transition-transform duration-150',
            checked && 'translate-x-4',
          )}
        />
      </button>
      {!hidesLabel && <span aria-hidden>{label}</span>}
    </label>
  );
}
