"""SQL that takes a database of a local store back to the schemas before this one."""

WITHOUT_PARTS = (
    "DROP TRIGGER upload_parts_end; DROP TRIGGER upload_parts_forget; DROP TABLE upload_parts; PRAGMA user_version = 8;"
)
WITHOUT_TRASH = WITHOUT_PARTS + (
    "DROP TRIGGER traces_bury; DROP TRIGGER traces_return; DROP TABLE gone; "
    "DELETE FROM traces WHERE kind LIKE 'gone.%'; PRAGMA user_version = 7;"
)
WITHOUT_MD5 = WITHOUT_TRASH + "ALTER TABLE keys DROP COLUMN md5; PRAGMA user_version = 6;"
WITHOUT_TRACES = WITHOUT_MD5 + (
    "DROP TRIGGER traces_delete; DROP TRIGGER traces_forget; DROP TRIGGER traces_end; DROP TRIGGER traces_expire; "
    "DROP TABLE traces; DROP INDEX audit_by_user; DROP INDEX uploads_ended; DROP TABLE set_aside; "
    "PRAGMA user_version = 5;"
)
