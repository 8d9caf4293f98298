import { signOut } from '../../session/session.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { SignInForm } from './SignInForm.tsx';

/** Over the page that the person was on, which keeps everything typed into it. */
export default function SignInAgain({ email }: { email: string }) {
  const { signIn } = useText();
  return (
    <Dialog
      title={signIn.againTitle}
      lead={signIn.againBody}
      stays
      onClose={() => undefined}
      actions={
        <Button kind="quiet" onClick={() => void signOut()}>
          {signIn.notMe}
        </Button>
      }
    >
      <SignInForm email={email} />
    </Dialog>
  );
}
