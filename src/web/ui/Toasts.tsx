import '../styles/toasts.css';
import { useEffect } from 'react';
import { Toaster } from 'sonner';
import { useText } from '../text/text.tsx';
import { toastsStand } from './toast.ts';

export default function Toasts() {
  const { words } = useText();
  useEffect(toastsStand, []);
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
