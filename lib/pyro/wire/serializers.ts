import { ClassRegistry } from "./class_registry.ts";
import { JsonSerializer } from "./json/mod.ts";
import { MarshalSerializer } from "./marshal/mod.ts";
import { MsgpackSerializer } from "./msgpack/mod.ts";
import { SerpentSerializer } from "./serpent/mod.ts";
import { noSuchSerializer, type Serializer, type Serializers } from "./serializer.ts";

export interface SerializersOptions {
  /** Classes that are written and read beside the value model; default: Pyro's own and the exceptions. */
  readonly classes?: ClassRegistry;
  /** Floats read as `PyFloat`, so that what came as 1.0 goes back as 1.0. Default false: as a number, which goes back as 1. */
  readonly keepFloats?: boolean;
}

/** Builds the serializers of one daemon or proxy. */
export function createSerializers(options: SerializersOptions = {}): Serializers {
  const { classes = new ClassRegistry(), keepFloats = false } = options;
  const all: readonly Serializer[] = [
    new SerpentSerializer(classes, { keepFloats }),
    new JsonSerializer(classes, { keepFloats }),
    new MarshalSerializer(classes, { keepFloats }),
    new MsgpackSerializer(classes, { keepFloats }),
  ];
  const ids = new Map(all.map((serializer) => [serializer.id, serializer]));
  const names = new Map<string, Serializer>(all.map((serializer) => [serializer.name, serializer]));
  const found = (serializer: Serializer | undefined, wanted: number | string) => {
    if (serializer === undefined) throw noSuchSerializer(wanted);
    return serializer;
  };
  return { byId: (id) => found(ids.get(id), id), byName: (name) => found(names.get(name), name) };
}
