import '../styles/toasts.css';
import { Toaster } from 'sonner';
import { useText } from '../text/text.tsx';

export default function Toasts() {
  const { words } = useText();
  return (
    <Toaster
      position="bottom-right"
      mobileOffset={{ bottom: 76, left: 12, right: 12 }}
      offset={20}
      containerAriaLabel={words.saved}
      toastOptions={{ closeButton: false }}
    />
  );
}
