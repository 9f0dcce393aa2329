#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// What we take from strangers, and for how long we wait. A tenant may lower a limit, only the operator may raise one.
namespace exhibit::limits {

inline constexpr std::size_t sdee_document = 880U << 10;
inline constexpr std::size_t sdee_document_at_most = 4U << 20;  // Reading it takes up to 22 times its text.
inline constexpr int events_per_get = 100;
inline constexpr std::size_t xml_depth = 64;  // An alert has five; whoever sends more means us harm.
inline constexpr std::size_t xml_elements = 200'000;
inline constexpr std::size_t xml_attributes = 64;
inline constexpr std::size_t field_text = 8192;       // Kept of one field; the rest is cut and marked.
inline constexpr std::size_t packet_bytes = 262'144;  // libpcap's own ceiling.
inline constexpr std::size_t ip_logs_per_alert = 64;
inline constexpr std::size_t targets_per_alert = 64;
inline constexpr std::size_t ip_log_bytes = 4U << 20;  // The sensor's files are 1 MB by design.
inline constexpr int layers_per_packet = 32;
inline constexpr int name_jumps = 64;
inline constexpr std::size_t json_bytes = 1U << 20;
inline constexpr std::size_t json_depth = 64;        // dump and copy of the JSON library recurse.
inline constexpr std::size_t json_values = 100'000;  // Two letters of text can take a hundred bytes of a tree.
inline constexpr std::size_t http_header_bytes = 64U << 10;

inline constexpr std::chrono::seconds desk_deadline{30};
inline constexpr std::chrono::seconds ip_log_deadline{60};
inline constexpr std::chrono::seconds ip_log_silence{10};  // Without a single byte.
inline constexpr std::chrono::seconds sensor_grace{15};    // Added to the timeout that we ask the sensor for.

inline constexpr std::size_t outbox_rows = 100'000;
inline constexpr std::size_t incidents_in_memory = 10'000;  // Of a tenant, beside those that wait for something.
inline constexpr std::size_t waiting_in_memory = 1'000;     // Of a tenant, for their desk; the rest is on the shelf.
inline constexpr std::size_t remembered_alerts = 1'000'000;  // Of a tenant, whose rows went before.
inline constexpr std::uint64_t store_bytes = 4ULL << 30;
inline constexpr std::uint64_t evidence_bytes = 20ULL << 30;
inline constexpr std::uint64_t ballast_bytes = 64ULL << 20;

}  // namespace exhibit::limits
