"""SQL that takes a database of a local store back to the schema before this one."""

WITHOUT_TRACES = (
    "DROP TRIGGER traces_delete; DROP TRIGGER traces_forget; DROP TRIGGER traces_end; DROP TRIGGER traces_expire; "
    "DROP TABLE traces; DROP INDEX audit_by_user; DROP INDEX uploads_ended; DROP TABLE set_aside; "
    "PRAGMA user_version = 5;"
)
