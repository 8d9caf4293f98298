import type { Setting } from '../../../features/vapi-settings/contract.ts';
import { useFormat, useText } from '../../text/text.tsx';
import { TextArea } from '../../ui/Field.tsx';
import { Switch } from '../../ui/Switch.tsx';
import { type DraftValue, editorOf } from './setting-draft.ts';

type EditorProps = {
  setting: Setting;
  name: string;
  draft: DraftValue;
  problem: string | undefined;
  disabled: boolean;
  onChange: (draft: DraftValue) => void;
};

/** The editor that fits a setting's type. */
export function SettingEditor(props: EditorProps) {
  switch (editorOf(props.setting)) {
    case 'switch':
      return <SwitchEditor {...props} />;
    case 'number':
      return <NumberEditor {...props} />;
    default:
      return <TextEditor {...props} />;
  }
}

function TextEditor({ setting, name, draft, problem, disabled, onChange }: EditorProps) {
  const { settings } = useText();
  const value = String(draft);
  const isJson = editorOf(setting) === 'json';
  const hint = setting.max !== null && !isJson ? settings.counter(value.length, setting.max) : undefined;
  return (
    <TextArea
      label={name}
      hidesLabel
      rows={isJson ? Math.min(10, value.split('\n').length + 1) : 3}
      value={value}
      disabled={disabled}
      spellCheck={!isJson}
      className={isJson ? 'font-mono text-xs' : ''}
      onChange={(event) => onChange(event.target.value)}
      {...(problem === undefined ? {} : { error: problem })}
      {...(hint === undefined ? {} : { hint: <span className="tabular-nums">{hint}</span> })}
    />
  );
}

function SwitchEditor({ name, draft, disabled, onChange }: EditorProps) {
  const { settings } = useText();
  return (
    <div className="flex min-h-9 items-center gap-2.5">
      <Switch label={name} hidesLabel checked={draft === true} disabled={disabled} onChange={onChange} />
      <span aria-hidden className="text-muted">
        {draft === true ? settings.transcriptionOn : settings.transcriptionOff}
      </span>
    </div>
  );
}

function NumberEditor({ setting, name, draft, problem, disabled, onChange }: EditorProps) {
  const { settings } = useText();
  const format = useFormat();
  const { min, max } = setting;
  const noteId = `${setting.key}-note`;
  const unit = setting.unit === null ? '' : (settings.units[setting.unit] ?? setting.unit);
  const step = setting.type === 'integer' ? 1 : 0.05;
  const isSpan = setting.unit === 'seconds' && Number(draft) >= 60;
  const note = min !== null && max !== null ? settings.range(format.number(min), format.number(max)) : '';
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-center gap-4">
        {min !== null && max !== null && (
          <Slider
            {...{ min, max, step, disabled }}
            label={name}
            value={Number(draft)}
            onChange={(next) => onChange(String(next))}
          />
        )}
        <div className="flex shrink-0 items-center gap-2">
          <input
            aria-label={settings.valueOf(name)}
            aria-describedby={noteId}
            aria-invalid={problem !== undefined}
            inputMode="decimal"
            value={String(draft)}
            disabled={disabled}
            onChange={(event) => onChange(event.target.value)}
            className="field h-9 w-20 text-right tabular-nums"
          />
          <span aria-hidden className="w-14 text-sm text-muted">
            {unit}
          </span>
        </div>
      </div>
      <p
        id={noteId}
        className={problem === undefined ? 'text-xs text-muted tabular-nums' : 'text-xs font-medium text-bad'}
      >
        {problem ?? `${note}${isSpan ? ` · ${format.span(Number(draft))}` : ''}`}
      </p>
    </div>
  );
}

type SliderProps = {
  label: string;
  min: number;
  max: number;
  step: number;
  value: number;
  disabled: boolean;
  onChange: (value: number) => void;
};

function Slider({ label, min, max, step, value, disabled, onChange }: SliderProps) {
  const share = Math.min(1, Math.max(0, (value - min) / (max - min)));
  return (
    <input
      type="range"
      aria-label={label}
      min={min}
      max={max}
      step={step}
      disabled={disabled}
      value={Number.isFinite(value) ? value : min}
      onChange={(event) => onChange(Math.round(Number(event.target.value) * 100) / 100)}
      className="slider"
      style={{ '--fill': `${share * 100}%` } as React.CSSProperties}
    />
  );
}
