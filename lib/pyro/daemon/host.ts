import type { MessageAuthenticator } from "../wire/message.ts";
import type { ClassRegistry } from "../wire/class_registry.ts";
import type { Serializers } from "../wire/serializer.ts";
import type { DaemonObject } from "./daemon_object.ts";
import type { Instances } from "./instances.ts";
import type { ObjectTable } from "./object_table.ts";
import type { DaemonSettings } from "./settings.ts";
import type { StreamTable } from "./streams.ts";

/** What the connections of one daemon share. */
export interface Host {
  readonly settings: DaemonSettings;
  readonly daemonObject: DaemonObject;
  readonly objects: ObjectTable;
  readonly instances: Instances;
  readonly streams: StreamTable;
  readonly serializers: Serializers;
  readonly classes: ClassRegistry;
  readonly authenticator: MessageAuthenticator | undefined;
}
