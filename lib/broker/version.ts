/** What HELLO calls this server: how our own client recognises that it may use the `Q.` commands. */
export const SERVER_NAME = "three-classics-broker";

/** The Redis version whose commands are spoken, for clients that decide by it. */
export const COMPATIBLE_VERSION = "7.0.0";
