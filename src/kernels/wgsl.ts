/** A storage or uniform variable of a shader, all in group 0. */
export interface Binding {
  readonly name: string;
  readonly binding: number;
  readonly kind: 'read' | 'read_write' | 'uniform';
}

/** A linked module, ready to compile. Equal `code` means the same pipeline. */
export interface Shader {
  readonly code: string;
  readonly bindings: readonly Binding[];
}
