import { useText } from '../../text/text.tsx';
import { Card } from '../../ui/Card.tsx';
import { Select, TextArea, TextField } from '../../ui/Field.tsx';
import type { AssistantDraft } from './assistant-draft.ts';

type FieldsProps = {
  draft: AssistantDraft;
  showsErrors: boolean;
  onChange: (changes: Partial<AssistantDraft>) => void;
};

const MODES = [
  'assistant-speaks-first',
  'assistant-speaks-first-with-model-generated-message',
  'assistant-waits-for-user',
];
const MODEL_PROVIDERS = [
  'openai',
  'anthropic',
  'google',
  'groq',
  'azure-openai',
  'mistral',
  'deep-seek',
  'xai',
  'vapi',
];
const VOICE_PROVIDERS = [
  '11labs',
  'vapi',
  'cartesia',
  'openai',
  'azure',
  'deepgram',
  'playht',
  'rime-ai',
  'lmnt',
  'minimax',
];
const TRANSCRIBERS = [
  'deepgram',
  'assembly-ai',
  'azure',
  '11labs',
  'gladia',
  'google',
  'openai',
  'speechmatics',
  'talkscriber',
];

export function AssistantFields({ draft, showsErrors, onChange }: FieldsProps) {
  const { assistants, settings, signIn } = useText();
  return (
    <>
      <Card title={assistants.talk}>
        <div className="flex flex-col gap-4">
          <TextField
            label={assistants.name}
            hint={assistants.nameHint}
            maxLength={40}
            value={draft.name}
            error={showsErrors && draft.name.trim() === '' ? signIn.required : undefined}
            onChange={(event) => onChange({ name: event.target.value })}
          />
          <Select
            label={assistants.mode}
            value={draft.first_message_mode}
            onChange={(event) => onChange({ first_message_mode: event.target.value })}
          >
            {MODES.map((mode) => (
              <option key={mode} value={mode}>
                {assistants.modes[mode]}
              </option>
            ))}
          </Select>
          <TextArea
            label={assistants.firstMessage}
            hint={`${settings.counter(draft.first_message.length, 200)} · ${assistants.firstMessageHint}`}
            rows={2}
            maxLength={200}
            value={draft.first_message}
            onChange={(event) => onChange({ first_message: event.target.value })}
          />
          <TextArea
            label={assistants.prompt}
            hint={assistants.promptHint}
            rows={12}
            maxLength={65_536}
            value={draft.prompt}
            onChange={(event) => onChange({ prompt: event.target.value })}
          />
        </div>
      </Card>
      <Card title={assistants.speech}>
        <div className="flex flex-col gap-5">
          <Pair
            legend={assistants.model}
            providers={MODEL_PROVIDERS}
            provider={draft.model_provider}
            name={draft.model}
            nameLabel={assistants.modelName}
            onChange={(provider, name) => onChange({ model_provider: provider, model: name })}
          />
          <Pair
            legend={assistants.voice}
            providers={VOICE_PROVIDERS}
            provider={draft.voice_provider}
            name={draft.voice_id}
            nameLabel={assistants.voiceId}
            onChange={(provider, name) => onChange({ voice_provider: provider, voice_id: name })}
          />
          <Pair
            legend={assistants.transcriber}
            providers={TRANSCRIBERS}
            provider={draft.transcriber_provider}
            name={draft.transcriber_model}
            nameLabel={assistants.modelName}
            onChange={(provider, name) => onChange({ transcriber_provider: provider, transcriber_model: name })}
          />
          <div className="sm:w-1/2 sm:pr-2">
            <TextField
              label={assistants.language}
              maxLength={20}
              value={draft.language}
              onChange={(event) => onChange({ language: event.target.value })}
            />
          </div>
        </div>
      </Card>
    </>
  );
}

type PairProps = {
  legend: string;
  providers: string[];
  provider: string;
  name: string;
  nameLabel: string;
  onChange: (provider: string, name: string) => void;
};

function Pair({ legend, providers, provider, name, nameLabel, onChange }: PairProps) {
  const { assistants, words } = useText();
  const all = provider === '' || providers.includes(provider) ? providers : [provider, ...providers];
  return (
    <fieldset className="min-w-0">
      <legend className="mb-2 font-medium">{legend}</legend>
      <div className="grid gap-4 sm:grid-cols-2">
        <Select label={assistants.provider} value={provider} onChange={(event) => onChange(event.target.value, name)}>
          {provider === '' && <option value="">{words.none}</option>}
          {all.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </Select>
        <TextField
          label={nameLabel}
          maxLength={200}
          spellCheck={false}
          value={name}
          onChange={(event) => onChange(provider, event.target.value)}
        />
      </div>
    </fieldset>
  );
}
