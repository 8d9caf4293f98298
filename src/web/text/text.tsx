import { createContext, type ReactNode, use, useState } from 'react';
import { en, type Text } from './en.ts';
import { createFormat, type Format } from './format.ts';

export type Language = 'en' | 'fr';
const STORED = 'ava.language';
const LOCALES: Record<Language, string> = { en: 'en-GB', fr: 'fr-FR' };

type Speaking = { language: Language; text: Text; format: Format; choose: (language: Language) => void };

const TextContext = createContext<Speaking | undefined>(undefined);

/** The words of the first paint: English is here already, another language is fetched before. */
export async function loadText(language: Language): Promise<Text> {
  if (language === 'en') return en;
  return (await import('./fr.ts')).fr;
}

/** The language chosen in this browser, else the browser's own where AVA speaks it. */
export function preferredLanguage(): Language {
  const stored = readStored();
  if (stored !== undefined) return stored;
  return navigator.language.toLowerCase().startsWith('fr') ? 'fr' : 'en';
}

export function TextProvider({ first, children }: { first: { language: Language; text: Text }; children: ReactNode }) {
  const [speaking, setSpeaking] = useState(first);
  const choose = (language: Language) => {
    void loadText(language).then((text) => {
      document.documentElement.lang = language;
      localStorage.setItem(STORED, language);
      setSpeaking({ language, text });
    });
  };
  const format = createFormat(LOCALES[speaking.language], speaking.text);
  return <TextContext value={{ ...speaking, format, choose }}>{children}</TextContext>;
}

export function useText(): Text {
  return useSpeaking().text;
}

export function useFormat(): Format {
  return useSpeaking().format;
}

export function useLanguage(): Pick<Speaking, 'language' | 'choose'> {
  return useSpeaking();
}

function useSpeaking(): Speaking {
  const speaking = use(TextContext);
  if (speaking === undefined) throw new Error('TextProvider is missing');
  return speaking;
}

function readStored(): Language | undefined {
  try {
    const stored = localStorage.getItem(STORED);
    return stored === 'en' || stored === 'fr' ? stored : undefined;
  } catch {
    return undefined;
  }
}
