/** Double-underscore names that are the language's business and never a caller's. */
const PRIVATE_DUNDERS: ReadonlySet<string> = new Set(
  `init init_subclass class module weakref call new del repr unicode str format nonzero bool coerce cmp eq ne hash ge gt
  le lt dir enter exit copy deepcopy sizeof getattr setattr hasattr getattribute delattr instancecheck subclasscheck
  getinitargs getnewargs getstate setstate reduce reduce_ex getstate_for_dict setstate_from_dict subclasshook proto`
    .split(/\s+/).map((name) => `__${name}__`),
);

/**
 * True for names that are never exposed: those with a leading underscore, but for `__dunder__` names that mean nothing to
 * the language.
 *
 * Spec: Pyro4 4.82 `Pyro4/util.py` `is_private_attribute`
 */
export function isPrivateName(name: string): boolean {
  if (!name.startsWith("_")) return false;
  if (PRIVATE_DUNDERS.has(name)) return true;
  return !(name.length > 4 && name.startsWith("__") && name.endsWith("__"));
}
