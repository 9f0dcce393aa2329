#pragma once

namespace exhibit {

/// Bugs planted on purpose, so that a test can show that it would find them. A normal build holds none.
enum class Plant {
  none,
  // One for each invariant of tests/sim/invariants.h.
  unknown_is_ready,
  note_is_sent_again,
  retry_forgets_order,
  wrong_ticket,
  tenant_forgotten,
  claim_without_fact,
  notes_pass_a_dead_ticket,
  looks_at_what_is_under_way,
  looks_too_early,
  refusal_forgotten,
  no_limit,
  late_answer_counts,
  rung_forgotten,
  no_dedup,
  sequence_forgotten,
  floor_ignored,
  settled_again,
  pulls_unlimited,
  first_pull_is_whole,
  unreachable_is_gone,
  clock_gives_up,
  waits_for_years,
  alert_dropped,
  none_is_done,
  counts_twice,
  pull_not_repeated,
  examined_for_the_first,
  told_twice,
  restore_forgets,
  duplicate_counts,
  // Of the promises P10, P15 and P16; tests/prove/plants.py knows the test that finds each.
  store_query_without_tenant,
  evidence_without_tenant,
  link_without_tenant,
  ticket_text_raw,
  page_text_raw,
  markdown_raw,
  terminal_raw,
  json_raw,
  log_raw,
  login_in_log,
  login_in_error,
  inner_address_unchecked,
};

#ifdef EXHIBIT_PLANTS
inline Plant active_plant = Plant::none;  // Chosen by the test; in a build of plants by tests/support/chosen_plant.cc.
inline bool planted(Plant plant) { return active_plant == plant; }
#else
consteval bool planted(Plant) { return false; }
#endif

}  // namespace exhibit
