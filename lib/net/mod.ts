/**
 * Sockets over `node:net`: connect and listen with deadlines, signals and limits, one reconnect state machine, and framing:
 * a codec turns bytes into messages, `Framed` is a connection that speaks in them.
 *
 * @example
 * ```ts
 * const listener = await listen({ host: "127.0.0.1", port: 0 }, async (peer) => {
 *   for await (const chunk of peer.chunks()) await peer.send(chunk);
 * });
 * const connection = await connect(listener.address);
 * const chat = new Framed(connection, lines());
 * await chat.send("hello");
 * await chat.next(); // "hello"
 * ```
 * @module
 */
export { checkAddress, describeAddress, isLoopback, isUnixAddress } from "./address.ts";
export type { Address, TcpAddress, UnixAddress } from "./address.ts";
export { Connection } from "./connection.ts";
export type { ChunkHandler } from "./connection.ts";
export { connect } from "./connect.ts";
export type { ConnectOptions } from "./connect.ts";
export { listen, Listener } from "./listen.ts";
export type { ListenOptions } from "./listen.ts";
export type { ConnectionHandler } from "./reception.ts";
export { Supervisor } from "./supervisor.ts";
export type { Supervised, SupervisorOptions, SupervisorState } from "./supervisor.ts";
export type { CertificateNames, PeerCertificate, TlsOptions } from "./tls.ts";
export { Framed } from "./framed.ts";
export type { FramedOptions } from "./framed.ts";
export { FrameStream } from "./frame_stream.ts";
export type { StreamedFrame } from "./frame_stream.ts";
export { mapCodec } from "./wire/codec.ts";
export type { Codec, Decoder, Pending } from "./wire/codec.ts";
export { delimited, DelimiterDecoder } from "./wire/delimiter.ts";
export type { DelimiterOptions } from "./wire/delimiter.ts";
export { recogniseForeign } from "./wire/foreign_protocol.ts";
export { FramePieceDecoder } from "./wire/frame_pieces.ts";
export type { FramePiece } from "./wire/frame_pieces.ts";
export { jsons, texts } from "./wire/json.ts";
export { encodeLengthField, LengthFieldDecoder, lengthFields } from "./wire/length_field.ts";
export type { LengthFieldOptions } from "./wire/length_field.ts";
export { DEFAULT_MAX_FRAME_BYTES, encodeFrame, FrameDecoder, frames } from "./wire/length_prefix.ts";
export { lines } from "./wire/line.ts";
export type { LineOptions } from "./wire/line.ts";
export { encodeNetstring, NetstringDecoder, netstrings } from "./wire/netstring.ts";
export { encodeVarint, encodeVarintFrame, VarintFrameDecoder, varintFrames } from "./wire/varint.ts";
