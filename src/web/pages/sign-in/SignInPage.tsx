import { Mark } from '../../shell/Mark.tsx';
import { useText } from '../../text/text.tsx';
import { useDocumentTitle } from '../../ui/document-title.ts';
import { SignInForm } from './SignInForm.tsx';

export function SignInPage() {
  const { signIn } = useText();
  useDocumentTitle(signIn.submit);
  return (
    <main className="flex min-h-dvh items-center justify-center px-4 py-12">
      <div className="w-full max-w-sm">
        <Mark className="mb-6 size-11" />
        <h1 className="text-2xl font-semibold tracking-[-0.02em]">{signIn.title}</h1>
        <p className="mt-1.5 mb-7 text-lg text-muted">{signIn.lead}</p>
        <SignInForm />
      </div>
    </main>
  );
}
