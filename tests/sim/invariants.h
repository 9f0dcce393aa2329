#pragma once

#include <cstdint>
#include <string_view>

/// What must hold in the simulated world, at every step or at its end. Each has a planted bug that breaks it
/// (plugin/base/plants.h), and `sim_planted` sees it turn red.
namespace exhibit::sim {

enum class Invariant : std::uint8_t {
  one_ticket,           ///< Never two tickets for one incident.
  operation_once,       ///< An operation stands once in its ticket.
  operations_ordered,   ///< In a ticket the operations of its incident stand in their order.
  right_ticket,         ///< What is written into a ticket is about its own incident.
  tenants_apart,        ///< Nothing of one tenant meets the rows or tickets of another.
  committed_first,      ///< What is sent was claimed by a committed row.
  ticket_first,         ///< Nothing is written for an incident whose ticket is not known.
  look_when_unknown,    ///< Only a lost answer is looked for.
  settle_time_kept,     ///< A lost answer is not looked for before the desk's settle time is over.
  refusal_respected,    ///< A desk that refused our login is left alone for its pause.
  few_at_once,          ///< No tenant has more calls under way than it may.
  lawful_step,          ///< A delivery goes only where the outbox's picture has an arrow.
  rung_never_rises,     ///< What was refused once is not offered again, but by a person.
  alert_once,           ///< One alert, one row.
  receive_order,        ///< The receive sequence only grows.
  floor_kept,           ///< An alert below the tenant's floor opens no ticket.
  settled_stays,        ///< A settled capture stays as it is.
  pulls_limited,        ///< No sensor serves more than two pulls at once.
  whole_is_whole,       ///< A capture that is called complete holds all of its log.
  true_cause,           ///< "Overwritten" and the like are said only after the sensor said so.
  patience_kept,        ///< A sensor that cannot be reached is waited for, whatever our clock says.
  wait_bounded,         ///< Nothing waits longer than a day, nor is due in the past for ever.
  alert_kept,           ///< At the end: every alert has its row.
  incident_has_ticket,  ///< At the end: every incident has its ticket.
  alerts_counted,       ///< At the end: an incident counts the alerts that are in it.
  capture_settles,      ///< At the end: every capture is sealed, or lost with its cause.
  capture_examined,     ///< At the end: every sealed capture was looked into for each of its incidents.
  capture_told_once,    ///< At the end: at most one note for a capture in a ticket.
  delivery_ends,        ///< At the end: every delivery ended.
  replay_is_nothing,    ///< A day that is fed again changes nothing.
  count
};

constexpr std::string_view name(Invariant which) {
  constexpr std::string_view names[] = {
      "one ticket",      "operation once",   "operations ordered", "right ticket",        "tenants apart",
      "committed first", "ticket first",     "look when unknown",  "settle time kept",    "refusal respected",
      "few at once",     "lawful step",      "rung never rises",   "alert once",          "receive order",
      "floor kept",      "settled stays",    "pulls limited",      "whole is whole",      "true cause",
      "patience kept",   "wait bounded",     "alert kept",         "incident has ticket", "alerts counted",
      "capture settles", "capture examined", "capture told once",  "delivery ends",       "replay is nothing"};
  static_assert(sizeof names / sizeof names[0] == static_cast<std::size_t>(Invariant::count));
  return names[static_cast<std::size_t>(which)];
}

}  // namespace exhibit::sim
