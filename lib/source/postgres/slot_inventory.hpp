// Questions to a Postgres source about its slots, publications and log, and what is made there at a
// task's first start. Nothing here is called for a resume that would make anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/client/postgres_client.hpp"
#include "lib/source/source.hpp"

namespace dts {

struct SlotState {
    std::string plugin;
    std::string database;
    bool is_logical = false;
    bool is_temporary = false;
    bool is_lost = false;             ///< the server has thrown away what it should have kept
    bool is_synchronized = false;     ///< it came from the primary, and was kept in step with it
    std::uint64_t confirmed_lsn = 0;  ///< commits before it are not sent any more
};

/// Nothing when there is no slot of that name.
std::optional<SlotState> read_slot(PostgresConnection& connection, const std::string& slot);

/// The end of what the server's log holds durably.
std::uint64_t wal_end(PostgresConnection& connection);

bool publication_exists(PostgresConnection& connection, const std::string& publication);

/// Does the slot still hold what commits at or behind this LSN? Throws Error{config} for a slot
/// that cannot be used at all, and a publication that is not there; Error{transient} on a standby
/// that has not been promoted yet.
Holding slot_holds(PostgresConnection& connection, const std::string& slot,
                   const std::string& publication, std::uint64_t lsn);

/// Makes the publication of the selected tables where it is missing. Before the slot: a slot cannot
/// read what was written before its publication was there.
void make_publication(PostgresConnection& connection, const std::string& publication,
                      const TableSelector& selector);

/// Makes the slot, or gives the one that is there; where it begins. `anew`: one that is there is
/// dropped first. Waits for the transactions that write just now, up to a minute. From version 17
/// on the slot may go along to a standby that is promoted (`failover`).
std::uint64_t make_slot(PostgresConnection& connection, const std::string& slot, bool anew);

}  // namespace dts
