/** A value of a type that msgpack itself does not know; a `Timestamp` of Python is one of type -1. */
export class MsgpackExtension {
  /** -128 to 127. */
  readonly type: number;
  readonly data: Uint8Array;

  constructor(type: number, data: Uint8Array) {
    this.type = type;
    this.data = data;
    Object.freeze(this);
  }
}
