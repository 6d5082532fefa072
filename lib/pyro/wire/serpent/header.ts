/** The first line of every document that serpent writes. Readers take it for the comment that it is, and need none. */
export const SERPENT_HEADER = "# serpent utf-8 python3.2\n";
