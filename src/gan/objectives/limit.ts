/** exp(logit) overflows beyond 88: logits are clamped here, where D is certain to 13 digits. */
export const LOGIT_LIMIT = 30;
