/** The release of Celery whose words, formats and behaviour this library follows. */
export const CELERY_VERSION = "5.6.3";
/** As `--version` and the banner show it: release and, where Python has a song, the name of this implementation. */
export const VERSION_BANNER = `${CELERY_VERSION} (typescript)`;
