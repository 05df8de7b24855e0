import { type ComponentChildren, h } from 'preact';

interface ButtonProps {
  readonly onPress: () => void;
  readonly children?: ComponentChildren;
  /** Says so and does nothing, but keeps the keyboard's focus, which `disabled` would drop. */
  readonly inactive?: boolean;
  readonly primary?: boolean;
  readonly label?: string;
}

export function Button({
  onPress,
  inactive = false,
  primary = false,
  label,
  children,
}: ButtonProps) {
  return h(
    'button',
    {
      type: 'button',
      class: primary ? 'button primary' : 'button',
      'aria-disabled': inactive,
      'aria-label': label,
      onClick: () => {
        if (!inactive) onPress();
      },
    },
    children,
  );
}
