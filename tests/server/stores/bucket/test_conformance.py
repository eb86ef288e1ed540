"""The conformance suite on somebody else's bucket, without the cases that it promises less of."""

from types import ModuleType

from tests.server.stores import (
    test_conformance,
    test_conformance_lists,
    test_conformance_moves,
    test_conformance_uploads,
)

TYPES = "a bucket has one storage type"
SPACES = "the namespace of an address does not matter"
NAMES = "a bucket takes any name of 1 to 1024 bytes; test_names.py"
TREES = "SeaweedFS cannot hold a name below a name and folds slashes; test_names.py has moto's server"
CONTENT = TYPES + "; test_objects.py"
LESS = {  # what a bucket promises less, by the case of the suite
    "test_a_blob_of_another_type_is_another_blob": TYPES,
    "test_a_copy_onto_itself_changes_the_content_type_and_no_byte": CONTENT,
    "test_a_copy_stands_on_its_own": TYPES + "; a copy onto itself changes nothing; test_changes.py",
    "test_a_copy_stays_within_its_namespace": SPACES,
    "test_a_list_tells_everything_that_a_stat_tells": TYPES,
    "test_a_repeat_key_finds_its_session_again": TYPES + "; test_uploads.py",
    "test_an_expired_blob_does_not_exist_even_before_the_sweep": TYPES,
    "test_an_expired_target_is_no_obstacle": TYPES,
    "test_an_open_reader_keeps_its_blob": TYPES + "; the bytes of two versions are never mixed; test_reads.py",
    "test_an_upload_counts_its_lifetime_from_its_end": TYPES,
    "test_awkward_keys_are_all_different_keys": TREES,
    "test_awkward_keys_are_moved_as_they_are": TREES,
    "test_columns_tell_the_times_of_the_details": TYPES,
    "test_delete_many_tells_of_each_key_in_order": NAMES,
    "test_lists_and_sums_are_those_of_the_naive_model": SPACES + "; test_lists.py",
    "test_log_is_another_name_of_logs": TYPES,
    "test_namespaces_and_types_are_sealed_from_each_other": SPACES,
    "test_promised_hashes_and_md5_are_kept": "nothing of ours is written into the bucket, so an md5 is not kept",
    "test_rules_and_preconditions_are_checked_again_at_the_end": TYPES + "; test_uploads.py",
    "test_the_catalog_can_withdraw_a_blob_of_any_type": SPACES,
    "test_the_content_type_of_what_changed_or_is_sealed_stays": CONTENT,
    "test_the_key_of_a_folder_itself_is_listed_inside_it": TREES,
    "test_the_sweep_removes_what_expired_and_nothing_else": TYPES,
    "test_the_usage_is_right_after_moves": TYPES,
    "test_unknown_types_and_other_namespaces_are_refused": SPACES,
    "test_what_is_no_key_is_neither_source_nor_target": NAMES,
    "test_what_is_no_key_is_refused_on_every_path": NAMES,
}


def cases(module: ModuleType) -> dict[str, object]:
    return {name: case for name, case in vars(module).items() if name.startswith("test_") and callable(case)}


for _module in (test_conformance, test_conformance_lists, test_conformance_moves, test_conformance_uploads):
    globals().update({name: case for name, case in cases(_module).items() if name not in LESS})
