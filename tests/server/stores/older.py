"""SQL that takes a database of a local store back to an older schema."""

WITHOUT_TRACES = (
    "DROP TRIGGER traces_delete; DROP TRIGGER traces_forget; DROP TRIGGER traces_end; DROP TRIGGER traces_expire; "
    "DROP TABLE traces; DROP INDEX audit_by_user; DROP INDEX uploads_ended; DROP TABLE set_aside; "
    "PRAGMA user_version = 5;"
)
WITHOUT_AUDIT = WITHOUT_TRACES + "DROP TABLE audit; PRAGMA user_version = 4;"
WITHOUT_TOTALS = (
    WITHOUT_AUDIT + "DROP TRIGGER totals_add; DROP TRIGGER totals_change; DROP TRIGGER totals_drop; DROP TABLE totals; "
    "DROP INDEX uploads_by_owner; PRAGMA user_version = 3;"
)
AS_AT_FIRST = (
    WITHOUT_TOTALS + "DROP TABLE sums; DROP INDEX uploads_by_repeat; ALTER TABLE uploads DROP COLUMN repeat_key; "
    "PRAGMA user_version = 1;"
)
